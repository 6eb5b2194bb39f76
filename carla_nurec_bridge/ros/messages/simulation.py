"""Messages of ``simulation_interfaces`` about entities, and the filters that choose among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from geometry_msgs.msg import Accel, Twist
from numpy.typing import NDArray

from ...core.errors import RefusalError
from .convert import (
    header,
    pose_message,
    vector_array,
    vector_message,
)

if TYPE_CHECKING:
    from ...carla_client.actors.entities import Entity, EntityMotion

UNSUPPORTED, OK, NOT_FOUND, INCORRECT_STATE, FAILED = range(5)
"""Results that every service has."""

_ROBOT, _HUMAN, _DYNAMIC, _STATIC = 1, 2, 4, 5
_CATEGORIES = {"ego": _ROBOT, "walker": _HUMAN, "vehicle": _DYNAMIC, "prop": _STATIC}
_EMPTY, _BOX, _HULL, _SPHERE = range(4)
_ANY = 0
_POSIX_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "xdigit": "0-9a-fA-F",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
}


def state_message(msg: Any, motion: EntityMotion, stamp_ns: int) -> Any:
    """Return an entity's state in the map."""
    return msg.EntityState(
        header=header(stamp_ns, "map"),
        pose=pose_message(motion.map_from_entity),
        twist=Twist(
            linear=vector_message(motion.linear_map_mps),
            angular=vector_message(motion.angular_map_radps),
        ),
        acceleration=Accel(linear=vector_message(motion.acceleration_map_mps2)),
    )


def info_message(msg: Any, entity: Entity) -> Any:
    """Return what an entity is; its tags are what it is and its blueprint."""
    category = msg.EntityCategory(category=_CATEGORIES[entity.kind])
    return msg.EntityInfo(category=category, description=entity.type_id, tags=_tags(entity))


def bounds_message(msg: Any, centre_m: NDArray[np.float64], size_m: Sequence[float]) -> Any:
    """Return the box of an entity around ``centre_m`` (3,), in the entity's own axes."""
    half = np.array(size_m) / 2.0
    return box_bounds(msg, centre_m + half, centre_m - half)


def box_bounds(msg: Any, high: NDArray[np.float64], low: NDArray[np.float64]) -> Any:
    """Return the bounds between two corners (3,)."""
    return msg.Bounds(type=_BOX, points=[vector_message(high), vector_message(low)])


def passes(filters: Any, entity: Entity, motion: EntityMotion) -> bool:
    """Say whether an entity passes all filters; RefusalError for one that cannot be applied."""
    categories = {category.category for category in filters.categories}
    return (
        _expression(filters.filter).search(entity.name) is not None
        and (not categories or _CATEGORIES[entity.kind] in categories)
        and has_tags(filters.tags, _tags(entity))
        and _touches(filters.bounds, entity, motion)
    )


def has_tags(wanted: Any, tags: Sequence[str]) -> bool:
    """Say whether any, or all, of the wanted tags are there; no wish is always met."""
    if not wanted.tags:
        return True
    found = [tag in tags for tag in wanted.tags]
    return any(found) if wanted.filter_mode == _ANY else all(found)


def _tags(entity: Entity) -> list[str]:
    return [*dict.fromkeys((entity.kind, entity.object_class.value, entity.type_id))]


def _expression(text: str) -> re.Pattern[str]:
    for name, characters in _POSIX_CLASSES.items():
        text = text.replace(f"[:{name}:]", characters)
    try:
        return re.compile(text)
    except re.error as error:
        raise RefusalError(
            FAILED, f"the filter {text!r} is no regular expression: {error}"
        ) from error


def _touches(bounds: Any, entity: Entity, motion: EntityMotion) -> bool:
    """Say whether an entity's box and a volume in the map have a point in common."""
    if bounds.type == _EMPTY:
        return True
    if bounds.type not in (_BOX, _SPHERE):
        raise RefusalError(UNSUPPORTED, "bounds must be a box or a sphere")
    if len(bounds.points) != 2:
        raise RefusalError(FAILED, f"a box or a sphere has two points, not {len(bounds.points)}")
    map_from_box = motion.map_from_entity @ entity.entity_from_box
    half = np.array(entity.size_m) / 2.0
    first, second = (vector_array(point) for point in bounds.points)
    if bounds.type == _SPHERE:
        centre = map_from_box[:3, :3].T @ (first - map_from_box[:3, 3])
        outside = np.maximum(np.abs(centre) - half, 0.0)
        return bool(np.linalg.norm(outside) <= second[0])
    return _boxes_touch(map_from_box, half, (first + second) / 2.0, np.abs(first - second) / 2.0)


def _boxes_touch(
    map_from_box: NDArray[np.float64],
    half: NDArray[np.float64],
    centre: NDArray[np.float64],
    upright_half: NDArray[np.float64],
) -> bool:
    """Say whether no axis parts a box from an upright one (the separating axis theorem)."""
    axes = map_from_box[:3, :3]
    crossed = np.cross(np.eye(3)[:, None], axes.T[None]).reshape(-1, 3)
    directions = np.concatenate([np.eye(3), axes.T, crossed])
    apart = np.abs(directions @ (map_from_box[:3, 3] - centre))
    reach = np.abs(directions) @ upright_half + np.abs(directions @ axes) @ half
    return bool(np.all(apart <= reach + 1e-9))
