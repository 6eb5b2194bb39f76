"""Make the truth of a frame: for every actor its boxes, its mask, and what hides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...core.frames import invert
from ...core.semantic_tag import Tag
from ...labels.camera_view import CameraView, view_of
from ...labels.frame import LabelledFrame
from ...labels.kernels import extents
from ...labels.projection import Array
from ...world.object_classes import ObjectClass
from ...world.pixel_ids import pixel_id
from ...world.states import ActorState
from ..truth.frame import FrameTruth, ObjectTruth, Rejection
from ..truth.geometry import Box2D, Box3D, vector
from ..truth.mask import Mask
from ..truth.scenario import ActorTruth
from .visibility import Visibility

_TWO_WHEELERS = (ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE)
_RIDER_TAG = Tag.RIDER


@dataclass(frozen=True)
class LabelLimits:
    """Which objects are to be learnt from; the others are flagged.

    They lie nearer than ``far_m``, their visible box has at least ``smallest_px2`` square pixels,
    and ``least_visible`` of what lies within the image is seen.
    """

    far_m: float = 100.0
    smallest_px2: float = 100.0
    least_visible: float = 0.1

    def to_json(self) -> dict[str, Any]:
        """Return the limits as values that JSON can hold."""
        return asdict(self)


def frame_truth(
    frame: LabelledFrame,
    number: int,
    tracks: Mapping[int, ActorTruth],
    limits: LabelLimits,
    visibility: Visibility,
) -> FrameTruth:
    """Return what is true of a frame, its actors by rising track id.

    ``tracks`` are the actors of the scenario by CARLA's id.
    """
    view = view_of(frame)
    seen = {} if frame.rgb_only else extents(frame.ids)
    objects = [
        _object(frame, view, state, tracks[state.actor.id], seen, limits, visibility)
        for state in frame.actors
    ]
    return FrameTruth(
        camera=frame.camera,
        number=number,
        stamp_ns=frame.stamp_ns,
        width=frame.model.width,
        height=frame.model.height,
        objects=tuple(sorted(objects, key=lambda one: one.track_id)),
    )


def _object(
    frame: LabelledFrame,
    view: CameraView,
    state: ActorState,
    who: ActorTruth,
    seen: Mapping[int, tuple[int, int, int, int, int]],
    limits: LabelLimits,
    visibility: Visibility,
) -> ObjectTruth:
    pixels, left, top, right, bottom = seen.get(pixel_id(state.actor.id), (0, 0, 0, 0, 0))
    outline = view.box_outline(state.map_from_box, who.size_m)
    within = view.clipped_rectangle(outline)
    camera_from_box = invert(frame.map_from_camera) @ state.map_from_box
    visible = (left, top, right - left, bottom - top) if pixels else None
    mask = None
    part = frame.ids[top:bottom, left:right] == pixel_id(state.actor.id)
    if visible is not None:
        mask = Mask.of_part(part, left, top, (view.height, view.width))
    rider_px = None
    if who.object_class in _TWO_WHEELERS:
        rider = frame.tags[top:bottom, left:right] == _RIDER_TAG
        rider_px = None if frame.rgb_only else int(np.count_nonzero(part & rider))
    distance_m = float(np.linalg.norm(camera_from_box[:3, 3]))
    learnt: Box2D | None = visible
    if frame.rgb_only:  # nobody knows its pixels: what counts is its box
        learnt = None if within is None else _xywh(within)
    fraction = visibility(frame, view, state, pixels if visible == learnt else 1)
    velocity = state.linear_map_mps
    return ObjectTruth(
        track_id=who.track_id,
        object_class=who.object_class,
        actor_id=who.actor_id,
        recorded_id=who.recorded_id,
        pixel_id=who.pixel_id,
        blueprint=who.blueprint,
        colour_rgb=who.colour_rgb,
        box_amodal_px=None if within is None else _xywh(within),
        box_visible_px=visible,
        mask=mask,
        visible_px=pixels,
        visible_fraction=fraction,
        truncation=_truncation(outline, within),
        box_camera=Box3D.in_camera(camera_from_box, who.size_m),
        box_map=Box3D.in_map(state.map_from_box, who.size_m),
        velocity_map_mps=vector(velocity) if np.isfinite(velocity).all() else None,
        distance_m=distance_m,
        ignored=_rejection(outline, within, learnt, distance_m, fraction, limits),
        rider_px=rider_px,
    )


def _rejection(
    outline: Array,
    within: Array | None,
    learnt: Box2D | None,
    distance_m: float,
    fraction: float,
    limits: LabelLimits,
) -> Rejection | None:
    if not len(outline):
        return Rejection.BEHIND
    if within is None:
        return Rejection.OUTSIDE
    if distance_m > limits.far_m:
        return Rejection.FAR
    if learnt is None or fraction < limits.least_visible:
        return Rejection.HIDDEN
    return Rejection.SMALL if learnt[2] * learnt[3] < limits.smallest_px2 else None


def _truncation(outline: Array, within: Array | None) -> float:
    """Return the part of the projected box's upright rectangle that lies beside the image."""
    if within is None:
        return 1.0
    whole = np.ptp(outline, axis=0)
    return max(1.0 - float(np.prod(within[2:] - within[:2]) / np.prod(whole)), 0.0)


def _xywh(rectangle: Array) -> Box2D:
    left, top, right, bottom = rectangle.tolist()
    return left, top, right - left, bottom - top
