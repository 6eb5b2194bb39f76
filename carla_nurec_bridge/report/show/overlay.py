"""What is drawn over the frames of a camera, in pixels of the recorded image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ...core.cameras.models import CameraModel
from ...dataset.marks.box_edges import FRONT, numbered_edges
from ...dataset.marks.choose import drawn_tracks
from ...dataset.marks.draw import mark_colour
from ...dataset.marks.labels import LabelPlacer
from ...dataset.store import CameraCalibration
from ...dataset.truth import Box2D, FrameTruth, MarkTable, ObjectTruth, Rejection

_STRAIGHT_PX = 0.2
"""How far a line may be from the one that is drawn: lenses bend lines, and most are straight."""

Lines = list[list[float]]
"""Lines through points x, y, x, y, ... in pixels."""


def box_lines(one: ObjectTruth, model: CameraModel) -> tuple[Lines, Lines]:
    """Return the lines of a 3D box in pixels: its front face, and the rest."""
    front: Lines = []
    rest: Lines = []
    for number, line in numbered_edges(one.box_camera, model):
        kept = cv2.approxPolyDP(line.astype(np.float32), _STRAIGHT_PX, False)
        points = np.round(kept.reshape(-1).astype(np.float64), 1).tolist()
        (front if number in FRONT else rest).append(points)
    return front, rest


def frame_overlay(truth: FrameTruth, model: CameraModel) -> list[dict[str, Any]]:
    """Return a row for each object that lies within the image.

    ``t`` is its track, ``a`` the box around all of it, ``b`` that around what is seen, ``m`` the
    mask as COCO's text, ``e`` and ``r`` the lines of its 3D box (front face, rest), ``f`` the
    visible fraction, ``d`` its distance in metres, ``v`` its speed in m/s, ``i`` why it is
    ignored. What it has not is left out.
    """
    return [
        _row(one, model)
        for one in truth.objects
        if one.ignored not in (Rejection.BEHIND, Rejection.OUTSIDE)
    ]


def _row(one: ObjectTruth, model: CameraModel) -> dict[str, Any]:
    front, rest = box_lines(one, model)
    row = {
        "t": one.track_id,
        "a": _rounded(one.box_amodal_px),
        "b": _rounded(one.box_visible_px),
        "m": one.mask.counts if one.mask is not None else None,
        "e": front,
        "r": rest,
        "f": round(one.visible_fraction, 2),
        "d": round(one.distance_m, 1),
        "v": speed_mps(one),
        "i": str(one.ignored) if one.ignored is not None else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def speed_mps(one: ObjectTruth) -> float | None:
    """Return how fast an object is, in m/s; None where the source does not tell it."""
    velocity = one.velocity_map_mps
    return None if velocity is None else round(float(np.linalg.norm(velocity)), 2)


def _rounded(box: Box2D | None) -> list[float] | None:
    return None if box is None else [round(value, 1) for value in box]


def camera_overlay(
    calibration: CameraCalibration, labels: Sequence[FrameTruth], table: MarkTable | None
) -> dict[str, Any]:
    """Return ``frames``: the rows of every frame of a camera; and ``marks``, of every frame too."""
    model = calibration.model()
    return {
        "frames": [frame_overlay(one, model) for one in labels],
        "marks": None if table is None else _marks(calibration, labels, table),
    }


def _marks(
    calibration: CameraCalibration, labels: Sequence[FrameTruth], table: MarkTable
) -> list[list[dict[str, Any]]]:
    """Return each frame's marks where its marked videos have them.

    ``n`` is the number, ``t`` its track, ``c`` its colour, ``p`` left, top, right and bottom of its
    plate, ``l`` the point on the object that a line leads to, if one does.
    """
    placer = LabelPlacer(calibration.width, calibration.height)
    frames = []
    for truth in labels:
        objects = drawn_tracks(table.marks, truth)
        rows = []
        for label in placer.place(objects):
            row = {"n": label.mark, "t": objects[label.mark].track_id, "c": mark_colour(label.mark)}
            row["p"] = [round(value, 1) for value in label.plate]
            if label.led:
                row["l"] = [round(value, 1) for value in label.anchor]
            rows.append(row)
        frames.append(rows)
    return frames
