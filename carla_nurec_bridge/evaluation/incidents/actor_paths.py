"""The paths of road users through the map, tick by tick: what the rules look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...core.run_contract.timebase import NS_PER_S, seconds_to_ns
from ...world.object_classes import VEHICLES, ObjectClass
from ...world.states import TELEPORT_MPS, Actor, ActorState, Box
from .lanes import LaneAt, Lanes

Array = NDArray[np.float64]
Flags = Sequence[bool] | NDArray[np.bool_]

_JOINED_WITHIN_NS = seconds_to_ns(0.5)
_SAME_SPOT_M = 1e-3


@dataclass(frozen=True, eq=False)
class ActorPath:
    """An actor over time without a gap: ``stamps_ns`` (N,), ``poses`` (N, 4, 4) of its box.

    Poses are map_from_box; ``lanes`` (N) are the driving lanes it was on. N is at least 2.
    """

    actor: Actor
    stamps_ns: NDArray[np.int64] = field(repr=False)
    poses: Array = field(repr=False)
    lanes: Sequence[LaneAt | None] = field(repr=False)

    @property
    def is_walker(self) -> bool:
        """Whether this is a walker."""
        return self.actor.object_class is ObjectClass.PEDESTRIAN

    @property
    def is_vehicle(self) -> bool:
        """Whether this is a vehicle, two-wheelers among them."""
        return self.actor.object_class in VEHICLES

    @cached_property
    def times_s(self) -> Array:
        """The stamps (N,) in seconds."""
        return np.asarray(self.stamps_ns / NS_PER_S)

    @property
    def positions(self) -> Array:
        """The middles (N, 3) of its box in the map, metres."""
        return np.asarray(self.poses[:, :3, 3])

    @cached_property
    def headings(self) -> Array:
        """The headings (N,) in the map, radians."""
        return np.asarray(np.arctan2(self.poses[:, 1, 0], self.poses[:, 0, 0]))

    @cached_property
    def velocities(self) -> Array:
        """How it came from the tick before (N, 2), horizontally, m/s; the first as the second."""
        steps = np.diff(self.positions[:, :2], axis=0) / np.diff(self.times_s)[:, None]
        return np.concatenate([steps[:1], steps])

    @cached_property
    def speeds_mps(self) -> Array:
        """The horizontal speeds (N,)."""
        return np.asarray(np.linalg.norm(self.velocities, axis=1))

    @cached_property
    def turn_rates_radps(self) -> Array:
        """How fast it turned since the tick before (N,), left positive; the first as the second."""
        turns = (np.diff(self.headings) + np.pi) % (2.0 * np.pi) - np.pi
        rates = turns / np.diff(self.times_s)
        return np.concatenate([rates[:1], rates])

    def index_at(self, stamp_ns: int) -> int | None:
        """Return the index of a tick, None when the actor was not there."""
        index = int(np.searchsorted(self.stamps_ns, stamp_ns))
        there = index < len(self.stamps_ns) and self.stamps_ns[index] == stamp_ns
        return index if there else None

    def seconds(self, first: int, last: int) -> float:
        """Return the time from one tick to another."""
        return int(self.stamps_ns[last] - self.stamps_ns[first]) / NS_PER_S

    def box(self, index: int) -> Box:
        """Return its box at a tick."""
        return Box(self.poses[index], self.actor.size_m)


def paths_of(
    stamps_ns: Sequence[int], actors: Sequence[Sequence[ActorState]], lanes: Lanes
) -> tuple[ActorPath, ...]:
    """Return the paths of everybody in frames that are in order of time.

    Who is missing for a frame, or jumps, begins another path there; single frames are none.
    """
    seen: dict[int, list[tuple[int, ActorState]]] = {}
    for tick, there in enumerate(actors):
        for state in there:
            seen.setdefault(state.actor.id, []).append((tick, state))
    stamps = np.array(stamps_ns, np.int64)
    found = []
    for told in seen.values():
        ticks = np.array([tick for tick, _ in told])
        poses = np.array([state.map_from_box for _, state in told])
        for first, end in _unbroken(ticks, stamps[ticks], poses[:, :3, 3]):
            mine = slice(first, end)
            along = lanes_along(poses[mine, :3, 3], lanes)
            found.append(ActorPath(told[first][1].actor, stamps[ticks[mine]], poses[mine], along))
    return tuple(found)


def _unbroken(
    ticks: NDArray[np.int64], stamps_ns: NDArray[np.int64], positions: Array
) -> Iterator[tuple[int, int]]:
    steps_m = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    jumps = steps_m > TELEPORT_MPS * np.diff(stamps_ns) / NS_PER_S
    breaks = np.flatnonzero((np.diff(ticks) > 1) | jumps) + 1
    bounds = [0, *breaks.tolist(), len(ticks)]
    yield from ((a, b) for a, b in pairwise(bounds) if b - a > 1)


def lanes_along(positions: Array, lanes: Lanes) -> list[LaneAt | None]:
    """Return the driving lanes that positions (N, 3) lie on; who stands still is looked up once."""
    steps_m = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    moved = np.concatenate([[True], steps_m >= _SAME_SPOT_M])
    found = lanes.at(positions[moved])
    return [found[number] for number in (np.cumsum(moved) - 1).tolist()]


def runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of every unbroken run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(flags, bool), [False]])))
    yield from ((int(a), int(b) - 1) for a, b in edges.reshape(-1, 2))


def stretches(
    flags: Flags, stamps_ns: NDArray[np.int64], within_ns: int = _JOINED_WITHIN_NS
) -> list[tuple[int, int]]:
    """Return (first, last) of every run of true values, runs less than 0.5 s apart joined.

    Between two lanes there can be a hair's breadth that belongs to neither.
    """
    joined: list[tuple[int, int]] = []
    for first, last in runs(flags):
        if joined and stamps_ns[first] - stamps_ns[joined[-1][1]] < within_ns:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
