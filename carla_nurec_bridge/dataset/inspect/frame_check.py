"""Whether the labels of a frame are those of its pixels, of its moment and of its camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix, invert
from ...labels.class_filter import class_filter
from ...labels.kernels import extents
from ..store import CameraCalibration
from ..store.class_groups import group_mask
from ..truth import ActorTruth, FrameState, FrameTruth, ObjectTruth

Image = NDArray[Any]

_PLACE_M = 1e-3
"""How far two tellings of one box may lie apart: they are rounded nowhere."""


def label_problems(
    truth: FrameTruth,
    state: FrameState,
    calibration: CameraCalibration,
    actors: Mapping[int, ActorTruth],
) -> Iterator[str]:
    """Yield what in a frame's labels is not so by all else that is told of the frame.

    ``actors`` are those of the scenario by track id.
    """
    told = (truth.camera, truth.number, truth.stamp_ns, truth.width, truth.height)
    view = (calibration.camera, state.number, state.stamp_ns, calibration.width, calibration.height)
    names = ("camera", "number", "stamp_ns", "width", "height")
    for name, found, expected in zip(names, told, view, strict=True):
        if found != expected:
            yield f"{name} is {found} instead of {expected}"
    tracks = [one.track_id for one in truth.objects]
    for track, following in pairwise(tracks):
        if following <= track:
            yield f"track {following} follows track {track}"
    places = {one.track_id: one.map_from_box.matrix() for one in state.actors}
    for actor in actors.values():
        if actor.map_from_box is not None:
            places[actor.track_id] = actor.map_from_box.matrix()
    camera_from_map = invert(calibration.pose(state.number))
    for one in truth.objects:
        for problem in _object_problems(one, actors, places, camera_from_map):
            yield f"track {one.track_id}: {problem}"


def _object_problems(
    one: ObjectTruth,
    actors: Mapping[int, ActorTruth],
    places: Mapping[int, Matrix],
    camera_from_map: Matrix,
) -> Iterator[str]:
    if one.track_id in actors:
        who = actors[one.track_id]
        for field in ("actor_id", "recorded_id", "pixel_id", "object_class"):
            if getattr(one, field) != getattr(who, field):
                yield f"{field} is {getattr(one, field)}, in scenario.json {getattr(who, field)}"
    else:
        yield "scenario.json knows no such track"
    map_from_box = one.box_map.frame_from_box()
    if not np.allclose(
        camera_from_map @ map_from_box, one.box_camera.frame_from_box(), 0, _PLACE_M
    ):
        yield "box_camera is not where the camera's pose puts box_map"
    if one.track_id in places and not np.allclose(places[one.track_id], map_from_box, 0, _PLACE_M):
        yield "box_map is not where frames.jsonl or scenario.json has it"
    for name in ("visible_fraction", "truncation"):
        if not 0.0 <= getattr(one, name) <= 1.0:
            yield f"{name} is {getattr(one, name)}, which is no part of a whole"
    if len({one.mask is None, one.box_visible_px is None, one.visible_px == 0}) > 1:
        yield "mask, box_visible_px and visible_px do not agree on whether it has pixels"


def mask_problems(truth: FrameTruth, ids: Image, known: Mapping[int, int]) -> Iterator[str]:
    """Yield what in a frame's masks is not so in its instance image (H, W) of pixel ids.

    ``known`` are the tracks of the scenario that labels must have, by pixel id.
    """
    claimed: dict[int, int] = {}
    for one in truth.objects:
        if one.mask is None:
            claimed.setdefault(one.pixel_id, 0)
            continue
        where = f"track {one.track_id}:"
        try:
            mask = one.mask.pixels()
        except InputError as error:
            yield f"{where} {error}"
            continue
        if mask.shape != ids.shape:
            yield f"{where} a mask of {_size(mask)} in an instance image of {_size(ids)}"
            continue
        pixels = int(np.count_nonzero(mask))
        claimed[one.pixel_id] = claimed.get(one.pixel_id, 0) + pixels
        others = int(np.count_nonzero(ids[mask] != one.pixel_id))
        if others:
            yield f"{where} {others} of {pixels} pixels of its mask lack its id {one.pixel_id}"
        if pixels != one.visible_px:
            yield f"{where} visible_px is {one.visible_px}, its mask has {pixels}"
        bounds = tuple(map(float, cv2.boundingRect(mask.view(np.uint8))))
        if one.box_visible_px is not None and bounds != one.box_visible_px:
            yield f"{where} box_visible_px is {one.box_visible_px}, its mask has {bounds}"
    for pixel, (pixels, *_) in extents(ids.astype(np.int32)).items():
        if pixel in claimed and claimed[pixel] < pixels:
            yield (
                f"{pixels} pixels of the instance image have the id {pixel}, of which the masks "
                f"hold {claimed[pixel]}"
            )
        elif pixel in known and pixel not in claimed:
            yield f"track {known[pixel]} has {pixels} pixels and no entry"


def image_problems(
    images: Mapping[str, Image], size: Sequence[int], classes: Sequence[str] | None = None
) -> Iterator[str]:
    """Yield which images of a frame, by kind, cannot be those of one view of a (width, height).

    ``classes`` are those that masks have, None: all.
    """
    for kind, pixels in images.items():
        if pixels.shape[1::-1] != tuple(size):
            yield f"{kind} is {_size(pixels)} instead of {size[0]}x{size[1]}"
    depth = images.get("depth")
    if depth is not None and not (depth > 0.0).all():
        yield f"depth has {int(np.count_nonzero(~(depth > 0.0)))} pixels that lie nowhere"
    if "semantic_segmentation" in images and "masks" in images:
        kept = None if classes is None else class_filter(classes).tags
        groups = group_mask(images["semantic_segmentation"], kept)
        if not np.array_equal(groups, images["masks"]):
            yield "masks are not the groups of semantic_segmentation"


def _size(pixels: Image) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
