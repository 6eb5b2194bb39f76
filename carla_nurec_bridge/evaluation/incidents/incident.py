"""Something that happened, as the rules find it, and the figures at which each kind begins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record
from ...world.states import Vector
from ..collisions import SAME_CONTACT_S

IncidentKind = Literal[
    "collision",
    "near_miss",
    "wrong_way",
    "overtaking",
    "hard_brake",
    "cut_in",
    "red_light",
    "jaywalking",
    "stopped_vehicle",
]


@dataclass(frozen=True, eq=False)
class Incident:
    """What happened from the stamp of one tick to that of another, both included.

    The first of ``actor_ids`` is who did it. ``place`` (3,) is where in the map it is at its worst;
    units of ``evidence`` are in its names.
    """

    kind: IncidentKind
    start_ns: int
    end_ns: int
    actor_ids: tuple[int, ...]
    place: Vector = field(repr=False)
    evidence: Mapping[str, float]


class Thresholds(Record):
    """Where incidents begin. Limits that no source is named for are this package's own."""

    near_miss_ttc_s: float = Field(
        default=0.95,
        gt=0,
        description="near miss below this time to collision: nuPlan's closed-loop limit",
    )
    near_miss_pet_s: float = Field(
        default=1.0, gt=0, description="near miss below this post-encroachment time: Várhelyi, 1998"
    )
    crossing_rad: float = Field(
        default=math.radians(30.0),
        gt=0,
        description="paths cross above this angle, below it one follows: FHWA's SSAM, HRT-08-051",
    )
    same_contact_s: float = Field(
        default=SAME_CONTACT_S,
        ge=0,
        description="contacts of a pair less apart are one: CARLA's leaderboard",
    )
    hard_brake_mps2: float = Field(
        default=5.0, gt=0, description="deceleration over 0.25 s; nuPlan's limit of comfort is 4.05"
    )
    hard_brake_s: float = Field(default=0.5, ge=0, description="shortest hard brake")
    hard_brake_from_mps: float = Field(
        default=4.0, ge=0, description="slowest start of a hard brake"
    )
    against_cos: float = Field(
        default=-0.5, description="against a lane below this cosine of headings: 120 degrees"
    )
    against_s: float = Field(default=1.0, ge=0, description="shortest drive against a lane")
    moving_mps: float = Field(default=1.5, ge=0, description="drives above this speed")
    standing_mps: float = Field(default=0.15, ge=0, description="stands below this speed")
    stopped_s: float = Field(default=5.0, ge=0, description="shortest stop on a lane")
    queue_m: float = Field(
        default=15.0, ge=0, description="in a queue when one stands this near ahead"
    )
    cut_in_gap_m: float = Field(
        default=15.0, gt=0, description="widest gap, bumper to bumper, of a cut-in"
    )
    cut_in_before_s: float = Field(
        default=2.0, ge=0, description="a cut-in begins this long before"
    )
    on_road_s: float = Field(default=0.5, ge=0, description="shortest stay of a walker on the road")


DEFAULTS = Thresholds()
