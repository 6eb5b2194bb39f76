"""Collisions of a tick: bodies that met are pushed apart, and the episode is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....town.level import Level
from ....town.obstacles import CELL_M
from ....town.tags import static_type
from ..physics import contacts
from ..wire.structs import ActorDescription, Transform
from .actors import EpisodeActor
from .bodies import fixed_bodies, vehicle_boxes
from .episode import Contact, Episode

MOST_CONTACTS = 256


def collide(episode: Episode) -> list[int]:
    """Let what overlaps push each other; return the vehicles whose motion was lost by it.

    Every meeting is added to ``episode.collisions``.
    """
    fleet, actors = episode.fleet, episode.actors
    if not len(fleet):
        return []
    before = fleet.state.copy()
    boxes, fixed, found = vehicle_boxes(episode), fixed_bodies(episode), empty_contacts()
    count = contacts.resolve(
        fleet.state, fleet.parameters, fleet.control, boxes, fixed.boxes, fixed.masses_kg, found
    )
    for row, other, push_x, push_y, _ in found[:count].tolist():
        one = actors.get(fleet.ids[int(row)])
        if other >= 0:
            two = actors.get(fleet.ids[int(other)])
        else:
            two = fixed.actors[int(-1 - other)]
            if two.kind == "walker":
                _shove(two, fixed.boxes[int(-1 - other)])
        episode.collisions.append(Contact(one, two, (push_x, push_y, 0.0)))
    level = episode.level
    count = contacts.hit_obstacles(
        fleet.state, fleet.parameters, fleet.control, boxes, *obstacles(level), found
    )
    for row, obstacle, push_x, push_y, _ in found[:count].tolist():
        one = actors.get(fleet.ids[int(row)])
        if one.children:
            two = _part_of_level(level, int(obstacle))
            episode.collisions.append(Contact(one, two, (push_x, push_y, 0.0)))
    return fleet.keep(before)


def empty_contacts() -> np.ndarray:
    """Return the table that ``contacts`` fills with meetings."""
    return np.zeros((MOST_CONTACTS, 5))


def obstacles(level: Level) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return a level's obstacles as ``contacts`` takes them: the boxes, and the grid over them."""
    o = level.obstacles
    grid = (o.origin_x, o.origin_y, CELL_M, o.columns, o.starts, o.members)
    return (o.boxes, o.solid), grid


def _shove(walker: EpisodeActor, row: np.ndarray) -> None:
    """Put a walker where a vehicle pushed its box."""
    x, y = row[: contacts.BOX_YAW].tolist()
    pose = walker.transform
    walker.transform = replace(pose, location=(x, y, pose.location[2]))


def _part_of_level(level: Level, obstacle: int) -> EpisodeActor:
    """Return an object of the level as the other side of a collision: id 0, as in CARLA."""
    item = level.objects[int(level.obstacles.objects[obstacle])]
    return EpisodeActor(
        0,
        "scenery",
        ActorDescription(0, static_type(item.tag)),
        tags=bytes([item.tag]),
        transform=Transform(item.centre, (0.0, item.yaw_deg, 0.0)),
    )
