"""One tick of a drive as scores look at it: what they share is computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...core.run_contract.timebase import NS_PER_S
from ...world.object_classes import VEHICLES, ObjectClass
from ...world.states import TELEPORT_MPS, Box, TrafficLight, WorldState
from ..footprints import Array, Footprints, overlap_m
from ..lane_cover import LaneCover, LaneSpot

VULNERABLE = (ObjectClass.PEDESTRIAN, ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE)
"""Road users that nothing protects; nuPlan's class of bicycles holds motorcycles too."""
CARS = (ObjectClass.CAR, ObjectClass.VAN, ObjectClass.TRUCK, ObjectClass.BUS)


@dataclass(frozen=True, eq=False)
class Others:
    """Everybody but the ego at one tick: N actors, their footprints and how they move.

    ``velocities`` (N, 2) are in the map, nan where nobody knows: at the first tick of an actor
    whose source tells poses only.
    """

    ids: tuple[int, ...]
    classes: tuple[ObjectClass, ...]
    footprints: Footprints = field(repr=False)
    heights: Array = field(repr=False)
    tall_m: Array = field(repr=False)
    velocities: Array = field(repr=False)

    @cached_property
    def are_vehicles(self) -> NDArray[np.bool_]:
        """Which (N,) of them are vehicles."""
        return np.array([kind in VEHICLES for kind in self.classes], bool)

    @cached_property
    def speeds_mps(self) -> Array:
        """The horizontal speeds (N,)."""
        return np.hypot(self.velocities[:, 0], self.velocities[:, 1])

    @cached_property
    def reach_m(self) -> Array:
        """How far (N,) they reach from their middles."""
        halves = self.footprints.halves_m
        return np.hypot(halves[:, 0], halves[:, 1])


@dataclass(frozen=True, eq=False)
class DriveMoment:
    """One tick: ``tick`` counts from 0, ``step_s`` is the time since the tick before (0 at first).

    ``footprint`` is the ego's (one rectangle), ``rear_axle`` (3,) the place of base_link.
    ``acceleration_base_mps2`` (2,) is along and to the left, nan at a first tick that nobody tells.
    """

    tick: int
    stamp_ns: int
    time_s: float
    step_s: float
    box: Box = field(repr=False)
    footprint: Footprints = field(repr=False)
    rear_axle: Array = field(repr=False)
    heading_rad: float
    yaw_rate_radps: float
    velocity: Array = field(repr=False)
    acceleration_base_mps2: Array = field(repr=False)
    others: Others = field(repr=False)
    lights: tuple[TrafficLight, ...] = field(repr=False)
    cover: LaneCover | None = field(repr=False)

    @property
    def centre(self) -> Array:
        """The middle (3,) of the ego's box in the map."""
        return self.box.map_from_box[:3, 3]

    @property
    def place_m(self) -> tuple[float, float, float]:
        """The same as a tuple."""
        x, y, z = self.centre.tolist()
        return x, y, z

    @cached_property
    def speed_mps(self) -> float:
        """The horizontal speed of the ego."""
        return float(np.hypot(self.velocity[0], self.velocity[1]))

    @cached_property
    def level(self) -> NDArray[np.bool_]:
        """Who (N,) is on the ego's level, neither above nor below it."""
        reach = 0.5 * (self.others.tall_m + self.box.size_m[2])
        return np.asarray(np.abs(self.others.heights - self.centre[2]) < reach)

    @cached_property
    def apart_m(self) -> Array:
        """How far (N,) the others' middles are from the ego's."""
        away = self.others.footprints.centres - self.footprint.centres
        return np.hypot(away[:, 0], away[:, 1])

    @cached_property
    def touching(self) -> list[int]:
        """Which of the others touch the ego."""
        half = self.footprint.halves_m[0]
        reach = self.others.reach_m + float(np.hypot(half[0], half[1]))
        near = np.flatnonzero(self.level & (self.apart_m <= reach))
        if not len(near):
            return []
        return [int(i) for i in near[overlap_m(*self.paired(near)) >= 0.0]]

    @cached_property
    def bearings_rad(self) -> Array:
        """The angle (N,) from the ego's heading to the others' middles, seen from its rear axle."""
        away = self.others.footprints.centres - self.rear_axle[:2]
        length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
        ahead = away @ np.array([np.cos(self.heading_rad), np.sin(self.heading_rad)])
        return np.asarray(np.arccos(np.clip(ahead / length, -1.0, 1.0)))

    def paired(self, which: NDArray[np.int64]) -> tuple[Footprints, Footprints]:
        """Return the ego's footprint once for each of some others, and theirs."""
        return self.footprint.chosen(np.zeros(len(which), np.int64)), self.others.footprints.chosen(
            which
        )

    @cached_property
    def front(self) -> Footprints:
        """The ego's front bumper, a rectangle without length."""
        half = self.footprint.halves_m[0]
        ahead = self.footprint.axes[:, 0] * half[0]
        return Footprints(
            self.footprint.centres + ahead, self.footprint.headings, (0.0, float(half[1]))
        )

    @cached_property
    def corners(self) -> Array:
        """The ego's corners (4, 3) on the ground, clockwise from the front left."""
        flat = self.footprint.corners[0]
        return np.concatenate([flat, np.full((4, 1), self.rear_axle[2])], axis=1)

    @cached_property
    def lanes(self) -> tuple[tuple[LaneSpot, ...], ...]:
        """The lanes over the ego's corners, then over its middle; all empty without a map."""
        if self.cover is None:
            return ((),) * 5
        middle = np.append(self.footprint.centres[0], self.rear_axle[2])
        return tuple(self.cover.over(np.concatenate([self.corners, middle[None]])))

    @cached_property
    def corners_outside_m(self) -> Array:
        """How far (4,) the corners are off the carriageway; zero without a map."""
        away = np.zeros(4)
        off = [i for i in range(4) if not self.lanes[i]]
        if off and self.cover is not None:
            away[off] = self.cover.outside_m(self.corners[off], "carriageway")
        return away

    @cached_property
    def in_junction(self) -> bool:
        """Whether the ego's middle is in a junction."""
        return any(spot.in_junction for spot in self.lanes[4])


class MomentReader:
    """Makes moments of world states in order of time."""

    def __init__(self, cover: LaneCover | None) -> None:
        self._cover = cover
        self._first_ns: int | None = None
        self._last: DriveMoment | None = None
        self._ticks = 0

    def read(self, state: WorldState) -> DriveMoment:
        """Return the next tick; ProtocolError for an ego whose size nobody told."""
        ego, last = state.ego, self._last
        if self._first_ns is None:
            self._first_ns = state.stamp_ns
        step_s = 0.0 if last is None else (state.stamp_ns - last.stamp_ns) / NS_PER_S
        box = ego.box
        rotation = ego.map_from_base[:3, :3]
        velocity = (rotation @ ego.linear_base_mps)[:2]
        acceleration = ego.acceleration_base_mps2[:2]
        if not np.isfinite(acceleration).all():
            acceleration = np.full(2, np.nan)
            if last is not None:
                change = (velocity - last.velocity) / step_s
                acceleration = rotation[:2, :2].T @ change
        heading = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        moment = DriveMoment(
            self._ticks,
            state.stamp_ns,
            (state.stamp_ns - self._first_ns) / NS_PER_S,
            step_s,
            box,
            Footprints(
                box.map_from_box[None, :2, 3],
                np.array([heading]),
                (0.5 * box.size_m[0], 0.5 * box.size_m[1]),
            ),
            ego.map_from_base[:3, 3],
            heading,
            float(ego.angular_base_radps[2]),
            velocity,
            acceleration,
            _others(state, None if last is None else last.others, step_s),
            state.lights,
            self._cover,
        )
        self._last, self._ticks = moment, self._ticks + 1
        return moment


def _others(state: WorldState, before: Others | None, step_s: float) -> Others:
    actors = state.actors
    if not actors:
        return _NOBODY
    ids = tuple(x.actor.id for x in actors)
    poses = np.concatenate([x.map_from_box for x in actors]).reshape(-1, 4, 4)
    sizes = np.array([x.actor.size_m for x in actors])
    velocities = np.concatenate([x.linear_map_mps for x in actors]).reshape(-1, 3)[:, :2]
    unknown = ~np.isfinite(velocities).all(axis=1)
    if unknown.any():
        velocities = np.where(unknown[:, None], _steps(ids, poses, before, step_s), velocities)
    return Others(
        ids,
        tuple(x.actor.object_class for x in actors),
        Footprints(poses[:, :2, 3], np.arctan2(poses[:, 1, 0], poses[:, 0, 0]), 0.5 * sizes[:, :2]),
        poses[:, 2, 3],
        sizes[:, 2],
        velocities,
    )


def _steps(ids: tuple[int, ...], poses: Array, before: Others | None, step_s: float) -> Array:
    """Return velocities (N, 2) by the places of the tick before; nan for who is new or jumped."""
    steps = np.full((len(ids), 2), np.nan)
    if before is None or step_s <= 0.0:
        return steps
    if ids == before.ids:
        now = then = np.arange(len(ids))
    else:
        rows = {actor: row for row, actor in enumerate(before.ids)}
        pairs = [(row, rows[actor]) for row, actor in enumerate(ids) if actor in rows]
        now, then = np.array(pairs, np.int64).reshape(-1, 2).T
    moved = (poses[now, :2, 3] - before.footprints.centres[then]) / step_s
    steps[now] = np.where(np.hypot(*moved.T)[:, None] <= TELEPORT_MPS, moved, np.nan)
    return steps


_NOBODY = Others(
    (),
    (),
    Footprints(np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2))),
    np.zeros(0),
    np.zeros(0),
    np.zeros((0, 2)),
)
