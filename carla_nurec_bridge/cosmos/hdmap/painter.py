"""Draw the HD map of a frame: lines and crossings first, then boxes from far to near."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.frames import Matrix
from ...labels.frame import ByteImage, LabelledFrame
from ...labels.projection import (
    FACES,
    NORMALS,
    PinholeView,
)
from ...world.states import Box
from .content import (
    BOX_COLOURS,
    CROSSING_COLOUR,
    LIGHT_COLOURS,
    LINE_COLOURS,
    OTHER_BOX,
    SIGN_COLOUR,
    HdMap,
    Rgb,
)

Array = NDArray[np.float64]

REACH_M = 150.0
FIXTURES_REACH_M = 80.0
VISIBLE_SHARE = 0.05
HELD_FRAMES = 2
_SHIFT = 4
_FARTHEST_PX = 20_000.0
_LINE_SLACK_M = 1.0
_WIDTHS_PX = (1, 12)
# How bright the faces are: front, back, left, right, top, bottom.
_SHADES = (1.0, 0.55, 0.75, 0.75, 0.9, 0.4)


class HdMapPainter:
    """Paints frame after frame of one camera; keeps which boxes were seen lately."""

    def __init__(self, street: HdMap, model: OpenCVPinholeCamera) -> None:
        self._street = street
        self._model = model
        self._middles = street.segments.mean(axis=1) if len(street.segments) else np.zeros((0, 3))
        self._unseen: dict[int, int] = {}

    def draw(self, frame: LabelledFrame) -> ByteImage:
        """Return the picture (H, W, 3) of a frame; frames come in order.

        What buildings hide is left out. A box is drawn while a part of it can be seen, and two
        frames longer, so that it does not flicker behind a pole.
        """
        view = PinholeView(self._model, frame.map_from_camera)
        canvas = np.zeros((view.height, view.width, 3), np.uint8)
        self._draw_crossings(canvas, view)
        self._draw_lines(canvas, view, frame.depth_m)
        solids = [*self._lights_and_signs(view, frame), *self._boxes(view, frame)]
        for pose, size, colour in sorted(solids, key=lambda s: -_distance(view, s[0])):
            _draw_box(canvas, view, pose, size, colour)
        return canvas

    def _draw_lines(
        self, canvas: ByteImage, view: PinholeView, depth_m: NDArray[np.float32]
    ) -> None:
        near = np.linalg.norm(self._middles - view.position, axis=1) < REACH_M
        rows = np.flatnonzero(near)
        ends, kept = view.segments(self._street.segments[rows])
        rows = rows[kept]
        shown = _on_image(ends[..., :2], view)
        shown[shown] = _unhidden(ends[shown], view, depth_m)
        ends, rows = ends[shown], rows[shown]
        width = view.focal_px * self._street.widths[rows] / ends[..., 2].mean(axis=1)
        width = np.clip(np.round(width), *_WIDTHS_PX).astype(np.int64)
        fixed = _fixed(ends[..., :2])
        groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for row, (px, colour) in enumerate(zip(width, self._street.colours[rows], strict=True)):
            kind = (int(px), *colour.tolist())
            groups[kind].append(row)
        for (px, *colour), members in sorted(groups.items()):
            cv2.polylines(canvas, list(fixed[members]), False, colour, px, cv2.LINE_AA, _SHIFT)

    def _draw_crossings(self, canvas: ByteImage, view: PinholeView) -> None:
        for outline in self._street.crossings:
            if np.linalg.norm(outline.mean(axis=0) - view.position) < REACH_M:
                _fill(canvas, view, view.polygon(outline), CROSSING_COLOUR)

    def _lights_and_signs(
        self, view: PinholeView, frame: LabelledFrame
    ) -> list[tuple[Matrix, tuple[float, float, float], Rgb]]:
        near = [
            fixture
            for fixture in self._street.fixtures
            if _distance(view, fixture.map_from_box) <= FIXTURES_REACH_M
        ]
        shares = view.visible_shares(frame.depth_m, [(f.map_from_box, f.size_m) for f in near])
        found = []
        for fixture, share in zip(near, shares, strict=True):
            if share < VISIBLE_SHARE:
                continue
            pose, colour = fixture.map_from_box, SIGN_COLOUR
            if fixture.kind == "light":
                # What a light shows is for those before it; from behind it is dark.
                facing = fixture.facing
                seen = facing is None or (view.position - pose[:3, 3]) @ facing > 0.0
                state = frame.lights.get(fixture.signal_id, "off") if seen else "off"
                colour = LIGHT_COLOURS[state]
            found.append((pose, fixture.size_m, colour))
        return found

    def _boxes(
        self, view: PinholeView, frame: LabelledFrame
    ) -> list[tuple[Matrix, tuple[float, float, float], Rgb]]:
        near = [s for s in frame.actors if _distance(view, s.map_from_box) <= REACH_M]
        boxes = [(state.map_from_box, state.actor.size_m) for state in near]
        found = []
        for state, share in zip(near, view.visible_shares(frame.depth_m, boxes), strict=True):
            actor, pose = state.actor, state.map_from_box
            unseen = 0 if share >= VISIBLE_SHARE else self._unseen.get(actor.id, HELD_FRAMES) + 1
            self._unseen[actor.id] = unseen
            if unseen <= HELD_FRAMES:
                colour = BOX_COLOURS.get(actor.object_class, OTHER_BOX)
                found.append((pose, actor.size_m, colour))
        return found


def legend() -> Mapping[str, Rgb]:
    """Return what each colour of the video stands for."""
    lines = {f"line, {kind}": rgb for kind, rgb in LINE_COLOURS.items()}
    lights = {f"light, {state}": rgb for state, rgb in LIGHT_COLOURS.items()}
    boxes = {f"box, {label}": rgb for label, rgb in BOX_COLOURS.items()}
    return {
        **lines,
        "crossing": CROSSING_COLOUR,
        **lights,
        "sign": SIGN_COLOUR,
        **boxes,
        "box, other": OTHER_BOX,
    }


def _unhidden(ends: Array, view: PinholeView, depth_m: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which segments (N, 2, 3) of pixels and depth are seen at an end or in the middle.

    On a street seen flatly a pixel spans many metres, so the slack grows with the depth squared.
    """
    middle = np.concatenate(
        [ends[..., :2].mean(axis=1), 1.0 / (1.0 / ends[..., 2]).mean(axis=1, keepdims=True)],
        axis=1,
    )
    samples = np.concatenate([ends, middle[:, None]], axis=1)
    at = np.floor(np.clip(samples[..., :2], -1, _FARTHEST_PX)).astype(np.int64)
    inside = np.all((at >= 0) & (at < (view.width, view.height)), axis=-1)
    at[~inside] = 0
    reach = samples[..., 2]
    slack = _LINE_SLACK_M + reach * reach / view.focal_px
    seen = depth_m[at[..., 1], at[..., 0]] >= reach - slack
    unhidden: NDArray[np.bool_] = (inside & seen).any(axis=1) | ~inside.any(axis=1)
    return unhidden


def _distance(view: PinholeView, pose: Matrix) -> float:
    return math.dist(pose[:3, 3], view.position)


def _draw_box(
    canvas: ByteImage,
    view: PinholeView,
    pose: Matrix,
    size: tuple[float, float, float],
    colour: Rgb,
) -> None:
    corners = Box(pose, size).corners()
    outward = NORMALS @ pose[:3, :3].T
    facing = np.einsum("ij,ij->i", view.position - corners[FACES[:, 0]], outward) > 0.0
    pixels = view.pixels_before(corners)
    for number in np.flatnonzero(facing).tolist():
        face = FACES[number]
        outline = view.polygon(corners[face]) if pixels is None else pixels[face]
        _fill(canvas, view, outline, tuple(round(c * _SHADES[number]) for c in colour))


def _fill(canvas: ByteImage, view: PinholeView, outline: Array, colour: tuple[int, ...]) -> None:
    if len(outline) >= 3 and _on_image(outline[None], view)[0]:
        cv2.fillPoly(canvas, [_fixed(outline)], colour, cv2.LINE_AA, _SHIFT)


def _on_image(outlines: Array, view: PinholeView) -> NDArray[np.bool_]:
    """Return which outlines (N, M, 2) may touch the image."""
    low, high = outlines.min(axis=1), outlines.max(axis=1)
    touches: NDArray[np.bool_] = np.all(high >= 0.0, axis=1) & np.all(
        low <= (view.width, view.height), axis=1
    )
    return touches


def _fixed(pixels: Array) -> NDArray[np.int32]:
    """Return pixels in OpenCV's fixed-point form; its pixel centres are whole numbers."""
    limited = np.clip(pixels - 0.5, -_FARTHEST_PX, _FARTHEST_PX)
    return np.round(limited * (1 << _SHIFT)).astype(np.int32)
