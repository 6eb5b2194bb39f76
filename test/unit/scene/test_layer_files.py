"""What is written beside a rendered image: near is white, and what was met in all its numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.classes import NO_CLASS
from carla_nurec_bridge.nurec.client.layers import CameraLayers
from carla_nurec_bridge.scene.layer_files import write_layers

DISTANCE_M = np.array([[1.0, 200.0, np.inf, 0.1]], np.float32)
OPACITY = np.array([[1.0, 0.6, 0.0, 1.0]], np.float32)


def layers(*classes: int) -> CameraLayers:
    return CameraLayers(DISTANCE_M, OPACITY, np.array([classes], np.uint8))


def test_the_picture_has_what_can_be_seen(tmp_path: Path) -> None:
    write_layers(layers(3, 3, NO_CLASS, 4), tmp_path / "7")
    shown = cv2.imread(str(tmp_path / "7.layers.png"))
    assert shown.shape == (3, 4, 3)
    assert shown[0, :, 0].tolist() == [255, 0, 0, 255]
    assert shown[1, :, 0].tolist() == [255, 153, 0, 255]
    assert (shown[2, 0] == shown[2, 1]).all()
    assert (shown[2, 0] != shown[2, 3]).any()
    with np.load(tmp_path / "7.layers.npz") as found:
        assert np.array_equal(found["distance_m"], DISTANCE_M)
        assert found["classes"].tolist() == [[3, 3, NO_CLASS, 4]]
    write_layers(layers(*[NO_CLASS] * 4), tmp_path / "8")
    assert cv2.imread(str(tmp_path / "8.layers.png")).shape == (2, 4, 3)


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "7.layers.png").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*7\.layers\.png"):
        write_layers(layers(*[NO_CLASS] * 4), tmp_path / "7")
