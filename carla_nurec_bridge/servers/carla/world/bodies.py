"""Bodies: the box of an actor, and what stands where others would be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ....town.ground import PhysicsGround
from ....world.blueprint_catalogue import Blueprint
from ..physics import contacts
from ..wire.structs import BoundingBox, Transform
from .actors import EpisodeActor, Kind
from .episode import Episode

BUMPER_M = 0.22
"""What ends lower than this above the ground passes below a car."""
WALKER_MASS_KG = 80.0
PROP_MASS_KG = 1e9


@dataclass(frozen=True, eq=False)
class FixedBodies:
    """Walkers and solid props: boxes (M, 7) as rows of ``contacts``, masses in kg (M,), actors."""

    boxes: np.ndarray
    masses_kg: np.ndarray
    actors: list[EpisodeActor]


def body_box(blueprint: Blueprint | None) -> BoundingBox:
    """Return an actor's box: walkers stand around their centre, all else on the ground."""
    if blueprint is None:
        return BoundingBox()
    length, width, height = blueprint.size_m
    rise = 0.0 if blueprint.kind == "walker" else 0.5 * height
    return BoundingBox((0.0, 0.0, rise), (0.5 * length, 0.5 * width, 0.5 * height))


def standing_box(box: BoundingBox, transform: Transform) -> np.ndarray:
    """Return the row of ``contacts`` of a box at a pose."""
    x, y, z = transform.location
    bottom = z + box.location[2] - box.extent[2]
    return contacts.box_row(x, y, bottom, math.radians(transform.rotation[1]), box.extent)


def lies_flat(kind: Kind, box: BoundingBox, transform: Transform, ground: PhysicsGround) -> bool:
    """Say whether a thing with a box at a pose is a prop that wheels and feet pass over."""
    if kind != "prop" or 2.0 * box.extent[2] >= BUMPER_M:
        return False
    x, y, z = transform.location
    floor = ground.height(x, y, z)
    return bool(z + box.location[2] + box.extent[2] - floor < BUMPER_M)


def fixed_bodies(episode: Episode) -> FixedBodies:
    """Return what vehicles run into that is no vehicle and no part of the level."""
    ground = episode.level.ground
    solid = [a for a in episode.actors if a.kind in ("walker", "prop") and a.collides]
    solid = [
        a for a in solid if a.parent is None and not lies_flat(a.kind, a.box, a.transform, ground)
    ]
    rows = [standing_box(a.box, a.transform) for a in solid]
    masses = [WALKER_MASS_KG if a.kind == "walker" else PROP_MASS_KG for a in solid]
    return FixedBodies(np.array(rows).reshape(-1, contacts.BOX_COLUMNS), np.array(masses), solid)


def vehicle_boxes(episode: Episode) -> np.ndarray:
    """Return the boxes (N, 7) of all vehicles, in the fleet's order."""
    boxes = np.zeros((len(episode.fleet), contacts.BOX_COLUMNS))
    contacts.fill_boxes(episode.fleet.state, episode.fleet.extents, boxes)
    return boxes


def is_blocked(episode: Episode, box: BoundingBox, transform: Transform) -> bool:
    """Say whether a box at a pose would stand within a vehicle, a walker or a solid prop."""
    others = np.concatenate([vehicle_boxes(episode), fixed_bodies(episode).boxes])
    return bool(contacts.first_overlap(standing_box(box, transform), others) >= 0)
