"""The JSON of a frame in ODVG, as NVIDIA's smart-city pipeline has it, with its faults mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.frames import BODY_FROM_OPTICAL, carla_from_matrix, rpy_from_rotation
from ..truth import Event, FrameTruth, Mask, ObjectTruth, ScenarioTruth

FILES = {
    "rgb": ("image_filename", "rgb/frame_"),
    "depth": ("depth_file_name", "depth/depth_"),
    "instance_segmentation": (
        "instance_segmentation_file_name",
        "instance_segmentation_raw/seg_",
    ),
    "semantic_segmentation": (
        "semantic_segmentation_file_name",
        "semantic_segmentation_raw/seg_",
    ),
    "edges": ("edge_file_name", "edges/edge_"),
}
"""For each kind of images the field that names the file, and how the file's name begins."""


def odvg_frame(
    truth: FrameTruth,
    scenario: ScenarioTruth,
    events: Iterable[Event],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Return the JSON of a frame; ``names`` has the names of its images by the fields of FILES.

    ``timestamp`` is seconds since frame 0. Objects are those with pixels, ignored ones with the
    reason in ``ignored``.
    """
    ids = {actor.track_id: object_id(actor.track_id, actor.actor_id) for actor in scenario.actors}
    going_on = [one for one in events if one.start_ns <= truth.stamp_ns <= one.end_ns]
    return {
        "frame_id": f"frame_{truth.number:012d}",
        **names,
        "timestamp": (truth.stamp_ns - scenario.t0_ns) / 1e9,
        "stamp_ns": truth.stamp_ns,
        "width": truth.width,
        "height": truth.height,
        "events": [
            {
                "event_id": one.event_id,
                "category": one.kind.value,
                "sub_category": "" if one.negative_of is None else one.negative_of.value,
                "collision_actors": [ids[track] for track in one.track_ids],
                "event_caption": "",
            }
            for one in going_on
        ],
        "detections": {
            "instances": [_instance(one) for one in truth.objects if one.mask is not None]
        },
    }


def _instance(one: ObjectTruth) -> dict[str, Any]:
    assert one.mask is not None
    assert one.box_visible_px is not None
    x, y, width, height = map(int, one.box_visible_px)
    camera, world = one.box_camera, one.box_map
    body_from_box = BODY_FROM_OPTICAL[:3, :3] @ camera.frame_from_box()[:3, :3]
    centre, (pitch, yaw, roll) = carla_from_matrix(world.frame_from_box())
    size = dict(zip(("length", "width", "height"), camera.size_m, strict=True))
    return {
        "object-id": object_id(one.track_id, one.actor_id),
        "track_id": one.track_id,
        "pixel_id": one.pixel_id,
        "category": one.object_class.value,
        "blueprint_id": one.blueprint,
        "bbox_2d": [x, y, x + width - 1, y + height - 1],
        "mask": polygons(one.mask, (x, y, width, height)),
        "mask_rle": one.mask.coco(),
        "visible_fraction": one.visible_fraction,
        "truncation": one.truncation,
        "ignored": None if one.ignored is None else one.ignored.value,
        "road_lane_id": None,
        "lane_position": None,
        "vehicle_color": one.colour_rgb,
        "bbox_3d": {
            "center": dict(zip("xyz", camera.centre_m, strict=True)),
            "dimensions": size,
            "rotation": _degrees(rpy_from_rotation(body_from_box)),
            "quaternion_xyzw": camera.quaternion_xyzw,
            "distance_to_camera": one.distance_m,
        },
        "bbox_3d_world": {
            "center": dict(zip("xyz", centre.tolist(), strict=True)),
            "dimensions": size,
            "rotation": {"roll": float(roll), "pitch": float(pitch), "yaw": float(yaw)},
        },
    }


def object_id(track_id: int, actor_id: int | None) -> int:
    """Return an object's id in ODVG: CARLA's, or minus the track id where there is none."""
    return -track_id if actor_id is None else actor_id


def _degrees(rpy_rad: NDArray[np.float64]) -> dict[str, float]:
    roll, pitch, yaw = np.degrees(rpy_rad).tolist()
    return {"yaw": yaw, "pitch": pitch, "roll": roll}


def polygons(mask: Mask, box: tuple[int, int, int, int]) -> list[list[float]]:
    """Return the outer outlines of a mask as flat lists x, y, x, y, ... of pixels.

    ``box`` (x, y, width, height) has all of it. A part that is a pixel wide has no outline with an
    area, and is given as its rectangle. Holes are kept by the run lengths only.
    """
    outlines, _ = cv2.findContours(
        mask.part(*box).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=box[:2]
    )
    flat = []
    for outline in outlines:
        x, y, width, height = cv2.boundingRect(outline)
        if min(width, height) == 1 or len(outline) < 3:
            flat.append([x, y, x + width, y, x + width, y + height, x, y + height])
        else:
            flat.append(outline.ravel().tolist())
    return [[float(number) for number in one] for one in flat]
