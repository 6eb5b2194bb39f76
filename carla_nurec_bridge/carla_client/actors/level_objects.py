"""The parts of CARLA's level that have boxes: vehicles that are no actors, props, lights, signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, matrix_from_carla
from ...core.semantic_tag import Tag
from ...world.level_objects import LevelObject
from ...world.object_classes import ObjectClass
from ...world.states import Size
from ..session.transforms import matrix_of

_LABEL = carla.CityObjectLabel
_RIDER = Tag.RIDER
_KINDS = (
    (_LABEL.Car, ObjectClass.CAR, {14}),
    (_LABEL.Truck, ObjectClass.TRUCK, {15}),
    (_LABEL.Bus, ObjectClass.BUS, {16}),
    (_LABEL.Train, ObjectClass.OTHER, {17}),
    (_LABEL.Motorcycle, ObjectClass.MOTORCYCLE, {18, _RIDER}),
    (_LABEL.Bicycle, ObjectClass.BICYCLE, {19, _RIDER}),
    (_LABEL.TrafficSigns, ObjectClass.TRAFFIC_SIGN, {8}),
    (_LABEL.Static, ObjectClass.PROP, {20}),
    (_LABEL.Dynamic, ObjectClass.PROP, {21}),
)
_LIGHT_TAGS = frozenset({7})
_SAME_VEHICLE_M, _SAME_PROP_M = 2.0, 0.5
"""CARLA lists spawned vehicles and props among those of the level."""
_LONGEST_M, _SHORTEST_M = 30.0, 0.02


def level_objects(world: carla.World) -> tuple[list[LevelObject], tuple[str, ...]]:
    """Return the level's objects that are no actors, and a sentence on those without a fair box.

    A box is not fair with a side over 30 m, as whole rows of houses in one mesh have, or with two
    below 2 cm.
    """
    vehicles = _places(world, "vehicle.*")
    props = _places(world, "static.prop.*")
    found, unfair = [], 0
    for label, object_class, tags in _KINDS:
        actors, same_m = vehicles, _SAME_VEHICLE_M
        if object_class in (ObjectClass.PROP, ObjectClass.TRAFFIC_SIGN):
            actors, same_m = props, _SAME_PROP_M
        for pose, size_m in map(placed, world.get_level_bbs(label)):
            if not _is_fair(size_m):
                unfair += 1
            elif not _is_near(pose[:3, 3], actors, same_m):
                found.append(LevelObject("", object_class, pose, size_m, frozenset(tags)))
    found += _heads(world)
    notes = [f"{unfair} parts of the level have boxes that are no object's"] if unfair else []
    return found, tuple(notes)


def placed(box: carla.BoundingBox) -> tuple[Matrix, Size]:
    """Return map_from_box (4, 4) and the size of a box that CARLA tells in its world."""
    place, turn, half = box.location, box.rotation, box.extent
    pose = matrix_from_carla((place.x, place.y, place.z), (turn.pitch, turn.yaw, turn.roll))
    return pose, (2.0 * half.x, 2.0 * half.y, 2.0 * half.z)


def _heads(world: carla.World) -> Iterator[LevelObject]:
    for light in world.get_actors().filter("traffic.traffic_light"):
        signal_id = light.get_opendrive_id()
        for box in light.get_light_boxes():
            yield LevelObject(signal_id, ObjectClass.TRAFFIC_LIGHT, *placed(box), _LIGHT_TAGS)


def _places(world: carla.World, kinds: str) -> NDArray[np.float64]:
    poses = [matrix_of(actor.get_transform()) for actor in world.get_actors().filter(kinds)]
    return np.array([pose[:3, 3] for pose in poses]).reshape(-1, 3)


def _is_near(place: NDArray[np.float64], others: NDArray[np.float64], reach_m: float) -> bool:
    away = others - place
    return bool(len(away)) and bool((np.hypot(away[:, 0], away[:, 1]) < reach_m).any())


def _is_fair(size_m: Sequence[float]) -> bool:
    shortest, middle, longest = sorted(size_m)
    return longest <= _LONGEST_M and middle >= _SHORTEST_M and shortest >= 0.0
