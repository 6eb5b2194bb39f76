"""What the road users of a recording are called, how large they are, and what NuRec calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from ...core.frames import Matrix
from ...recorder_log.layouts import ActorKind
from ...recorder_log.records import EventAdd
from ...recorder_log.trajectories import Track
from ...world.blueprint_catalogue import load_catalogue
from ...world.object_classes import ObjectClass, vehicle_class
from ...world.states import Actor, Appearance, Size
from ..package.label_classes import label_class_of

_DEFAULT_SIZES: dict[str, Size] = {
    "automobile": (4.6, 1.9, 1.6),
    "heavy_truck": (8.0, 2.5, 3.4),
    "bus": (12.0, 2.55, 3.1),
    "trailer": (12.0, 2.55, 4.0),
    "rider": (2.1, 0.8, 1.6),
    "person": (0.4, 0.4, 1.8),
}
"""For blueprints that neither the recording nor the catalogue measures, by label."""


def class_of(event: EventAdd) -> ObjectClass:
    """Return the class of a recorded vehicle or walker."""
    blueprint = load_catalogue().get(event.blueprint)
    if blueprint is not None:
        return blueprint.object_class
    if event.kind == ActorKind.WALKER:
        return ObjectClass.PEDESTRIAN
    wheels = 2 if event.attribute("number_of_wheels") == "2" else 4
    return vehicle_class(event.attribute("base_type") or "", wheels)


def label_of(event: EventAdd) -> str:
    """Return NuRec's label class of a recorded vehicle or walker."""
    return label_class_of(class_of(event))


def appearance_of(event: EventAdd) -> Appearance:
    """Return the blueprint and the paint, where one is recorded, of a vehicle or walker."""
    parts = (event.attribute("color") or "").split(",")
    if len(parts) == 3 and all(part.strip().isdigit() and int(part) < 256 for part in parts):
        red, green, blue = map(int, parts)
        return Appearance(event.blueprint, (red, green, blue))
    return Appearance(event.blueprint, None)


def box_of(track: Track) -> tuple[Size, Matrix]:
    """Return the size in metres of a road user's box and its centre's pose in the actor's frame.

    From the recording's bounding boxes, else from the catalogue, else a usual size. CARLA's
    vehicles have their origin on the ground, its walkers at half their height.
    """
    if track.size_m is not None and track.actor_from_box is not None:
        return track.size_m, track.actor_from_box
    size_m = usual_size(label_of(track.event), track.event.blueprint)
    actor_from_box = np.eye(4)
    if track.event.kind != ActorKind.WALKER:
        actor_from_box[2, 3] = size_m[2] / 2.0
    return size_m, actor_from_box


def actor_of(track: Track) -> Actor:
    """Return what is fixed about a recorded road user."""
    event, (size_m, _) = track.event, box_of(track)
    role_name = event.attribute("role_name") or ""
    return Actor(track.actor_id, role_name, class_of(event), size_m, appearance_of(event))


def usual_size(label: str, blueprint: str = "") -> Size:
    """Return the size in metres of a blueprint of the catalogue, else one usual for the label."""
    known = load_catalogue().get(blueprint)
    if known is not None:
        return known.size_m
    return _DEFAULT_SIZES[label if label in _DEFAULT_SIZES else "automobile"]


def track_ids(events: Iterable[EventAdd]) -> dict[int, str]:
    """Return the track id of each actor: its role_name where no other has it, else actor_ID."""
    actors = {event.actor_id: event.attribute("role_name") or "" for event in events}
    roles = Counter(actors.values())
    return {
        actor_id: role
        if role and roles[role] == 1 and not role.startswith("actor_")
        else f"actor_{actor_id}"
        for actor_id, role in actors.items()
    }
