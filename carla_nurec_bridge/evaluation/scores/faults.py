"""Whose fault a collision is, by the rules that nuPlan and NAVSIM share."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ...world.object_classes import VEHICLES, ObjectClass
from ..footprints import overlap_m
from .moment import DriveMoment

CollisionType = Literal[
    "stopped_ego", "stopped_track", "active_rear", "active_front", "active_lateral"
]

STOPPED_MPS = 5e-2
AHEAD_RAD = math.radians(30.0)
BEHIND_RAD = math.radians(150.0)


def is_agent(object_class: ObjectClass) -> bool:
    """Say whether one moves on its own: vehicles and walkers do, what stands about does not."""
    return object_class in VEHICLES or object_class is ObjectClass.PEDESTRIAN


def collision_type(moment: DriveMoment, other: int) -> CollisionType:
    """Return how the ego and one of the others that it touches came together."""
    others = moment.others
    if moment.speed_mps <= STOPPED_MPS:
        return "stopped_ego"
    if not is_agent(others.classes[other]) or others.speeds_mps[other] <= STOPPED_MPS:
        return "stopped_track"
    if moment.bearings_rad[other] > BEHIND_RAD:
        return "active_rear"
    hit = others.footprints.chosen(np.array([other]))
    return "active_front" if overlap_m(moment.front, hit)[0] >= 0.0 else "active_lateral"


def at_fault(kind: CollisionType, between_lanes: bool) -> bool:
    """Say whether the ego could have prevented it: who is between lanes answers for its sides."""
    if kind in ("stopped_track", "active_front"):
        return True
    return kind == "active_lateral" and between_lanes


def in_one_lane(moment: DriveMoment) -> bool:
    """Say whether the ego's corners share a lane, or its rear and front lanes follow each other.

    Without a map nobody knows; then they do.
    """
    cover = moment.cover
    if cover is None:
        return True
    corners = [{spot.lane for spot in spots} for spots in moment.lanes[:4]]
    if set.intersection(*corners):
        return True
    front, rear = corners[0] & corners[1], corners[2] & corners[3]
    return any(cover.connected(one, other) for one in rear for other in front)
