"""The JSON of the pipeline: frames, instances, objects, labels of classes and events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ....world.object_classes import VEHICLES, ObjectClass
from ....world.semantic_tags import semantic_tags
from ...odvg.frame import object_id, odvg_frame
from ...store import StoredScenario
from ...truth import Event, EventKind, FrameTruth
from ..odvg import described

Entry = dict[str, Any]

_WORDS = {ObjectClass.VAN.value: "car", ObjectClass.PROP.value: "static"}
"""What its table of classes calls ours, where it has other words: those of CARLA's tags."""

_SAME = (
    "category",
    "blueprint_id",
    "mask",
    "road_lane_id",
    "lane_position",
    "vehicle_color",
    "bbox_3d",
)


def frame_stem(number: int) -> str:
    """Return the number of a frame in names, 12 digits."""
    return f"{number:012d}"


def frame_content(truth: FrameTruth, scenario: StoredScenario, events: Sequence[Event]) -> Entry:
    """Return the content of odvg_N.json: what is to be learnt from, in the pipeline's words.

    ``object_class`` beside ``category`` has our word. Edges are named where they lie.
    """
    stem = frame_stem(truth.number)
    kept = truth.model_copy(update={"objects": truth.kept()})
    names = {
        "depth_file_name": f"depth/depth_{stem}.png",
        "depth_metres_file_name": f"depth/depth_{stem}.tiff",
        "instance_segmentation_file_name": f"instance_segmentation/seg_{stem}.png",
        "semantic_segmentation_file_name": f"semantic_segmentation/seg_{stem}.png",
        "edge_file_name": f"edges/edge_{stem}.png",
        "image_filename": f"frame_{stem}.jpg",
    }
    content = odvg_frame(kept, scenario.truth, events, names)
    if not content["events"]:
        del content["events"]
    for one in content["detections"]["instances"]:
        one["object_class"] = one["category"]
        one["category"] = _WORDS.get(one["category"], one["category"].replace("_", " "))
    return content


def object_entry(content: Entry) -> Entry:
    """Return what objects.json has of a frame."""
    return {
        "format": "jpg",
        "frame_id": content["frame_id"],
        "instances": [
            {
                "id": one["object-id"],
                "bounding_box_2d_tight": one["bbox_2d"],
                **{name: one[name] for name in _SAME},
            }
            for one in content["detections"]["instances"]
        ],
    }


def instance_entries(truth: FrameTruth, content: Entry) -> Entry:
    """Return what instances.json has of a frame's objects."""
    words = {one["track_id"]: one["category"] for one in content["detections"]["instances"]}
    entries: Entry = {}
    for one in truth.kept():
        if one.track_id in words:
            name, entry = described(one)
            entries[name] = {**entry, "object_type": words[one.track_id]}
    return entries


def class_labels() -> Entry:
    """Return semantic_labels.json: name and colour of each class, the colours being the images'."""
    names = {"unlabeled": "unlabelled"}
    return {
        str(tag.tag): {
            "name": names.get(tag.name, tag.name.replace("_", " ")),
            "color": list(tag.rgb),
        }
        for tag in semantic_tags()
    }


def collisions(events: Sequence[Event], tracks: Collection[int]) -> list[Event]:
    """Return the collisions of two of these tracks, in order of time."""
    return _of(events, EventKind.COLLISION, tracks)


def negatives(events: Sequence[Event], tracks: Collection[int]) -> list[Event]:
    """Return the hard negatives of two of these tracks, in order of time."""
    return _of(events, EventKind.NORMAL, tracks)


def _of(events: Sequence[Event], kind: EventKind, tracks: Collection[int]) -> list[Event]:
    found = [
        one
        for one in events
        if one.kind is kind and len(one.track_ids) == 2 and set(one.track_ids) <= set(tracks)
    ]
    return sorted(found, key=lambda one: (one.start_ns, one.event_id))


def vehicles(scenario: StoredScenario) -> set[int]:
    """Return the tracks of a scenario's vehicles: its questions are about these only."""
    return {one.track_id for one in scenario.truth.actors if one.object_class in VEHICLES}


def event_entry(event: Event, number: int, scenario: StoredScenario) -> Entry:
    """Return what its events files have of an event, the ``number``-th of its list, from 1.

    Times are seconds of the clip, to the frame.
    """
    ids = {one.track_id: object_id(one.track_id, one.actor_id) for one in scenario.truth.actors}
    t0_ns = scenario.truth.t0_ns
    entry: Entry = {
        "event_id": f"event_{number:06d}",
        "start_time": (event.start_ns - t0_ns) / 1e9,
        "end_time": (event.end_ns - t0_ns) / 1e9,
        "objects": [str(ids[track]) for track in event.track_ids],
        "event_caption": "",
    }
    if event.kind is EventKind.COLLISION:
        return {**entry, "category": "collision", "event_sub_category": ""}
    return {**entry, "category": "normal", "sub_category": ["close by"]}
