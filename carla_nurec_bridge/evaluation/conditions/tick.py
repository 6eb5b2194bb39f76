"""One tick of a scenario as its conditions look at it: everybody by name, and how they move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...world.object_classes import ObjectClass
from ...world.states import Box, WorldState
from ..footprints import Array, Footprints, gap_m, time_to_touch_s
from ..lane_cover import LaneCover
from ..scores.moment import DriveMoment, MomentReader

EGO_NAME = "ego"
"""How conditions call the ego, whatever its role_name is."""


@dataclass(frozen=True, eq=False)
class Mover:
    """Somebody at one tick: its box, and its velocity and acceleration (2,) in the map.

    ``name`` is the role_name, ``actor_id`` None for the ego.
    """

    name: str
    actor_id: int | None
    object_class: ObjectClass
    box: Box = field(repr=False)
    velocity: Array = field(repr=False)
    acceleration: Array = field(repr=False)

    @property
    def words(self) -> str:
        """The actor in a sentence."""
        if self.actor_id is None:
            return "the ego"
        kind = f"{self.object_class.value} {self.actor_id}"
        return f"{self.name} ({kind})" if self.name else kind

    @property
    def ids(self) -> tuple[int, ...]:
        """Its id among the other actors; empty for the ego."""
        return () if self.actor_id is None else (self.actor_id,)

    @property
    def centre(self) -> Array:
        """The middle (3,) of its box."""
        return self.box.map_from_box[:3, 3]

    @property
    def heading_rad(self) -> float:
        """Its heading in the map."""
        return float(np.arctan2(self.box.map_from_box[1, 0], self.box.map_from_box[0, 0]))

    @property
    def speed_mps(self) -> float:
        """Its horizontal speed."""
        return float(np.hypot(self.velocity[0], self.velocity[1]))

    @property
    def forward_mps2(self) -> float:
        """Its acceleration along its heading; negative when it brakes."""
        axis = np.array([np.cos(self.heading_rad), np.sin(self.heading_rad)])
        return float(self.acceleration @ axis)

    @cached_property
    def footprint(self) -> Footprints:
        """Its box on the ground."""
        length, width, _ = self.box.size_m
        return Footprints(
            self.centre[None, :2], np.array([self.heading_rad]), (0.5 * length, 0.5 * width)
        )

    def gap_m(self, other: Mover) -> float:
        """Return how far two footprints are apart, zero for those that touch."""
        return float(gap_m(self.footprint, other.footprint)[0])

    def time_to_touch_s(self, other: Mover) -> float:
        """Return when two touch if neither turns nor changes its speed; inf for never."""
        against = (other.velocity - self.velocity)[None]
        return float(time_to_touch_s(self.footprint, other.footprint, against)[0])


@dataclass(frozen=True, eq=False)
class Tick:
    """What conditions look at; ``done`` says by ACTOR.STEP when, in s, a step of a script came."""

    moment: DriveMoment = field(repr=False)
    ego: Mover
    others: tuple[Mover, ...] = field(repr=False)
    done: Mapping[str, float] = field(repr=False)

    @property
    def time_s(self) -> float:
        """TimeCondition since the first tick."""
        return self.moment.time_s

    @property
    def movers(self) -> tuple[Mover, ...]:
        """Everybody, the ego first."""
        return (self.ego, *self.others)

    def mover(self, name: str) -> Mover | None:
        """Return somebody by name, None who is not there."""
        if name == EGO_NAME:
            return self.ego
        return next((mover for mover in self.others if mover.name == name), None)


class TickReader:
    """Makes ticks of world states in order of time."""

    def __init__(self, cover: LaneCover | None = None) -> None:
        self._reader = MomentReader(cover)

    def read(self, state: WorldState, done: Mapping[str, float]) -> Tick:
        """Return the next tick; ProtocolError for an ego whose size nobody told."""
        moment = self._reader.read(state)
        rotation = state.ego.map_from_base[:2, :2]
        acceleration = np.nan_to_num(rotation @ moment.acceleration_base_mps2)
        ego = Mover(
            EGO_NAME, None, ObjectClass.CAR, moment.box, moment.velocity, np.asarray(acceleration)
        )
        velocities = np.nan_to_num(moment.others.velocities)
        others = tuple(
            Mover(
                one.actor.role_name,
                one.actor.id,
                one.actor.object_class,
                one.box,
                velocities[row],
                np.nan_to_num(one.acceleration_map_mps2[:2]),
            )
            for row, one in enumerate(state.actors)
        )
        return Tick(moment, ego, others, done)
