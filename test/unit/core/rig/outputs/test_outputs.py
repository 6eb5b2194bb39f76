"""CARLA's encodings of pictures against their definition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from carla_nurec_bridge.core.rig.outputs import CAMERA_OUTPUTS


def _decoded(output: str, bgra: NDArray[np.uint8]) -> NDArray[Any]:
    height, width, _ = bgra.shape
    image = SimpleNamespace(raw_data=bgra.tobytes(), height=height, width=width)
    return CAMERA_OUTPUTS[output].decode(image)


def test_depth_is_24_bits_of_a_kilometre() -> None:
    bgra = np.zeros((1, 3, 4), np.uint8)
    bgra[0, 1] = (1, 2, 3, 255)  # blue, green, red
    bgra[0, 2] = 255
    expected = [0.0, (3 + 256 * 2 + 65536 * 1) / (2**24 - 1) * 1000, 1000.0]
    np.testing.assert_allclose(_decoded("depth", bgra)[0], expected, rtol=1e-6)


def test_instances_are_the_ids_of_what_moves() -> None:
    bgra = np.zeros((1, 5, 4), np.uint8)
    bgra[0, 3] = (0, 7, 21, 255)  # a ball
    bgra[0, 4] = (0, 7, 20, 255)  # a bench
    bgra[0, 0] = (1, 44, 14, 255)  # a car, id 300
    bgra[0, 1] = (0, 9, 12, 255)  # a pedestrian
    bgra[0, 2] = (0, 9, 3, 255)  # a building
    np.testing.assert_array_equal(_decoded("instance", bgra), [[300, 9, 0, 7, 0]])


def test_colours_come_out_red_green_blue() -> None:
    bgra = np.array([[[1, 2, 3, 255]]], np.uint8)
    for output in ("rgb", "normals"):
        np.testing.assert_array_equal(_decoded(output, bgra), [[[3, 2, 1]]])
    np.testing.assert_array_equal(_decoded("semantic", bgra), [[3]])


def test_flow_is_in_pixels() -> None:
    raw = np.zeros((2, 4, 2), np.float32)
    raw[1, 3] = (0.5, -0.25)
    image = SimpleNamespace(raw_data=raw.tobytes(), width=4, height=2)
    assert CAMERA_OUTPUTS["flow"].decode(image)[1, 3].tolist() == [2.0, -0.5]


def test_events_are_13_bytes_and_told_against_the_stamp() -> None:
    raw = bytes([7, 0, 9, 1]) + (1_990_000_000).to_bytes(8, "little") + b"\x01"
    sent = SimpleNamespace(raw_data=raw, timestamp=2.0)
    [event] = CAMERA_OUTPUTS["events"].decode(sent)
    assert (event["x"], event["y"], event["pol"]) == (7, 265, 1)
    assert event["t"] == pytest.approx(-0.01)
