"""CARLA's picture encodings against their definition."""

from __future__ import annotations

import numpy as np

from carla_nurec_bridge.carla_client.actors.motion import rotation_rate
from carla_nurec_bridge.carla_client.sensors.cameras import DECODERS, decode_depth, decode_instance
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy


def test_depth_is_24_bits_of_a_kilometre() -> None:
    bgra = np.zeros((1, 3, 4), np.uint8)
    bgra[0, 1] = (1, 2, 3, 255)  # blue, green, red
    bgra[0, 2] = 255
    expected = [0.0, (3 + 256 * 2 + 65536 * 1) / (2**24 - 1) * 1000, 1000.0]
    np.testing.assert_allclose(decode_depth(bgra)[0], expected, rtol=1e-6)


def test_instances_are_the_ids_of_what_moves() -> None:
    bgra = np.zeros((1, 5, 4), np.uint8)
    bgra[0, 3] = (0, 7, 21, 255)  # a ball
    bgra[0, 4] = (0, 7, 20, 255)  # a bench
    bgra[0, 0] = (1, 44, 14, 255)  # a car, id 300
    bgra[0, 1] = (0, 9, 12, 255)  # a pedestrian
    bgra[0, 2] = (0, 9, 3, 255)  # a building
    np.testing.assert_array_equal(decode_instance(bgra), [[300, 9, 0, 7, 0]])


def test_colours_come_out_red_green_blue() -> None:
    bgra = np.array([[[1, 2, 3, 255]]], np.uint8)
    for output in ("rgb", "normals"):
        np.testing.assert_array_equal(DECODERS[output](bgra), [[[3, 2, 1]]])
    np.testing.assert_array_equal(DECODERS["semantic"](bgra), [[3]])


def test_the_rate_between_two_poses() -> None:
    before = matrix_from_xyz_rpy((0, 0, 0), (0.1, -0.2, 3.0))
    turned = before @ matrix_from_xyz_rpy((0, 0, 0), (0, 0, 0.05))
    np.testing.assert_allclose(rotation_rate(before, turned, 0.1), [0, 0, 0.5], atol=1e-9)
    np.testing.assert_array_equal(rotation_rate(before, before, 0.1), [0, 0, 0])
