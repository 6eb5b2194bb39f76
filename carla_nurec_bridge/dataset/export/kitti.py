"""KITTI's object detection: ``training/{image_2,label_2,calib}/NNNNNN`` and ``ImageSets``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...core.frames import OPTICAL_FROM_BODY, Matrix
from ...world.object_classes import ObjectClass
from ..truth import Box2D, ObjectTruth
from .images import write_png
from .labelled_image import LabelledImage

TYPES = {
    ObjectClass.CAR: "Car",
    ObjectClass.VAN: "Van",
    ObjectClass.TRUCK: "Truck",
    ObjectClass.BICYCLE: "Cyclist",
    ObjectClass.PEDESTRIAN: "Pedestrian",
    ObjectClass.BUS: "Misc",
    ObjectClass.MOTORCYCLE: "Misc",
    ObjectClass.PROP: "Misc",
    ObjectClass.TRAFFIC_LIGHT: "Misc",
    ObjectClass.TRAFFIC_SIGN: "Misc",
    ObjectClass.OTHER: "Misc",
}
_LEAST_SEEN = (0.8, 0.4)
"""Fractions seen from which on an object counts as fully visible (0), as partly occluded (1)."""
_STRAIGHT_DOWN = 1e-6
_NOTHING = "-1 -1 -1 -1000 -1000 -1000 -10"


def write_kitti(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write images as PNG, labels, calibrations and the lists of each part of the split.

    Files are counted from 000000 over all cameras; ``export.json`` tells which image each is.
    """
    folder = out / "training"
    for name in ("label_2", "calib"):
        (folder / name).mkdir(parents=True)
    parts: dict[str, list[str]] = {}
    for labelled in labelled_images:
        k, level_from_camera = labelled.pinhole("KITTI"), _levelled(labelled.map_from_camera)
        name = f"{labelled.number - 1:06d}"
        parts.setdefault(labelled.part, []).append(name)
        write_png(folder / "image_2" / f"{name}.png", labelled.pixels("rgb"))
        calibration = _calibration(k, level_from_camera)
        (folder / "calib" / f"{name}.txt").write_text(calibration, encoding="ascii")
        seen = [one for one in labelled.truth.objects if one.mask is not None]
        lines = "".join(_line(one, level_from_camera) for one in seen)
        (folder / "label_2" / f"{name}.txt").write_text(lines, encoding="ascii")
    (out / "ImageSets").mkdir()
    for part, names in parts.items():
        (out / "ImageSets" / f"{part}.txt").write_text("\n".join([*names, ""]), encoding="ascii")


def _levelled(map_from_camera: Matrix) -> Matrix:
    """Return the turn (3, 3) from a camera's axes to those whose y points straight down.

    KITTI's boxes turn about y only. Labels are written in a camera that stands where ours does and
    looks as far to the side, not up or down; ``R0_rect`` is this turn, and ``P2`` undoes it.
    """
    axes = map_from_camera[:3, :3]
    ahead = axes[:, 2] * (1.0, 1.0, 0.0)
    if np.linalg.norm(ahead) < _STRAIGHT_DOWN:
        ahead = -axes[:, 1] * (1.0, 1.0, 0.0)
    forward, down = ahead / np.linalg.norm(ahead), np.array([0.0, 0.0, -1.0])
    return np.stack([np.cross(down, forward), down, forward]) @ axes


def _line(one: ObjectTruth, level_from_camera: Matrix) -> str:
    """Return the 15 columns of an object; an ignored one is a region that nobody is to score.

    The place is the middle of the box moved down by half its height, from where KITTI's readers
    come back to the middle.
    """
    assert one.box_visible_px is not None
    if one.ignored is not None:
        return f"DontCare -1 -1 -10 {_edges(one.box_visible_px)} {_NOTHING}\n"
    length, width, height = one.box_camera.size_m
    pose = level_from_camera @ one.box_camera.frame_from_box()[:3]
    x, y, z = pose[:, 3].tolist()
    turn = float(np.arctan2(-pose[2, 0], pose[0, 0]))
    alpha = np.remainder(turn - np.arctan2(x, z) + np.pi, 2.0 * np.pi) - np.pi
    occluded = sum(one.visible_fraction < least for least in _LEAST_SEEN)
    return (
        f"{TYPES[one.object_class]} {one.truncation:.2f} {occluded} {alpha:.4f} "
        f"{_edges(one.box_visible_px)} {height:.4f} {width:.4f} {length:.4f} "
        f"{x:.4f} {y + height / 2:.4f} {z:.4f} {turn:.4f}\n"
    )


def _edges(box_px: Box2D) -> str:
    """Return the left, top, right and bottom pixel, those of the edges being within."""
    x, y, width, height = box_px
    return f"{x:.2f} {y:.2f} {x + width - 1:.2f} {y + height - 1:.2f}"


def _calibration(k: Matrix, level_from_camera: Matrix) -> str:
    """Return a calibration whose cameras are all this one, and whose lidar sits in it.

    The lidar's axes are x forward, y left, z up.
    """
    projection = _numbers(np.hstack([k @ level_from_camera.T, np.zeros((3, 1))]))
    rows = [f"P{camera}: {projection}" for camera in range(4)]
    rows.append(f"R0_rect: {_numbers(level_from_camera)}")
    rows.append(f"Tr_velo_to_cam: {_numbers(OPTICAL_FROM_BODY[:3])}")
    rows.append(f"Tr_imu_to_velo: {_numbers(np.eye(4)[:3])}")
    return "\n".join([*rows, ""])


def _numbers(matrix: Matrix) -> str:
    return " ".join(f"{number:.12e}" for number in matrix.ravel() + 0.0)
