"""Two road users beside each other: gap, time to collision, post-encroachment time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...core.loading.deferred import deferred
from ...core.run_contract.timebase import NS_PER_S, seconds_to_ns
from ..footprints import Array, Footprints, gap_m, overlap_m, time_to_touch_s
from .actor_paths import ActorPath

spatial = deferred("scipy.spatial")

_STEP_S = 0.1
_GOES_MPS = 0.15
"""Slower ones neither come to a place nor leave it."""


@dataclass(frozen=True, eq=False)
class Encounter:
    """Two paths at the ticks that they share: ``at_one`` and ``at_other`` (N,) are indices."""

    one: ActorPath
    other: ActorPath
    at_one: NDArray[np.int64] = field(repr=False)
    at_other: NDArray[np.int64] = field(repr=False)

    @property
    def pair(self) -> frozenset[int]:
        """The ids of the two."""
        return frozenset((self.one.actor.id, self.other.actor.id))

    @property
    def stamps_ns(self) -> NDArray[np.int64]:
        """The stamps (N,) of the ticks."""
        return np.asarray(self.one.stamps_ns[self.at_one])

    @cached_property
    def footprints(self) -> tuple[Footprints, Footprints]:
        """The footprints of both at the ticks."""
        return footprints_of(self.one, self.at_one), footprints_of(self.other, self.at_other)

    @cached_property
    def level(self) -> NDArray[np.bool_]:
        """At which ticks (N,) neither is above the other."""
        apart = self.one.positions[self.at_one, 2] - self.other.positions[self.at_other, 2]
        reach = 0.5 * (self.one.actor.size_m[2] + self.other.actor.size_m[2])
        return np.asarray(np.abs(apart) < reach)

    @cached_property
    def centre_distances_m(self) -> Array:
        """The horizontal distances (N,) of the boxes' middles."""
        one, other = self.footprints
        return np.asarray(np.linalg.norm(other.centres - one.centres, axis=1))

    @cached_property
    def gaps_m(self) -> Array:
        """The gaps (N,) between the footprints."""
        return gap_m(*self.footprints)

    @property
    def reach_m(self) -> float:
        """The distance of the middles at which the footprints can touch at all."""
        return sum(float(np.hypot(*each.halves_m[0])) for each in self.footprints)

    def closing_mps(self, index: int) -> float:
        """Return the speed of one against the other at a tick."""
        one, other = self.one.velocities[self.at_one], self.other.velocities[self.at_other]
        return float(np.linalg.norm(other[index] - one[index]))

    def faster_first(self, index: int) -> tuple[tuple[int, int], tuple[float, float]]:
        """Return the actors' ids, and their speeds in m/s at a tick, those of the faster first."""
        ids = self.one.actor.id, self.other.actor.id
        one = float(self.one.speeds_mps[self.at_one[index]])
        other = float(self.other.speeds_mps[self.at_other[index]])
        return (ids, (one, other)) if one >= other else (ids[::-1], (other, one))

    def middle(self, index: int) -> Array:
        """Return the point (3,) of the map half way between the two at a tick."""
        one = self.one.positions[self.at_one[index]]
        return np.asarray(0.5 * (one + self.other.positions[self.at_other[index]]))

    def times_to_collision_s(self, horizon_s: float) -> Array:
        """Return the times (N,) until the footprints touch if both keep speed and turn rate.

        Inf where that is later than the horizon, or one is above the other.
        """
        times = np.full(len(self.at_one), np.inf)
        speeds = self.one.speeds_mps[self.at_one] + self.other.speeds_mps[self.at_other]
        near = self.centre_distances_m < self.reach_m + speeds * horizon_s
        left = np.flatnonzero(near & self.level & (speeds > 0.0))
        start_s = 0.0
        while start_s < horizon_s and len(left):
            step_s = min(_STEP_S, horizon_s - start_s)
            now, then = self._after(left, start_s), self._after(left, start_s + step_s)
            moves = [(b.centres - a.centres) / step_s for a, b in zip(now, then, strict=True)]
            touches = time_to_touch_s(*now, moves[1] - moves[0])
            hit = touches <= step_s
            times[left[hit]] = start_s + touches[hit]
            left = left[~hit]
            start_s += step_s
        return times

    def _after(self, at: NDArray[np.int64], seconds: float) -> tuple[Footprints, Footprints]:
        """Return both footprints some time after ticks, at constant speed and turn rate."""
        return (
            _moved(self.one, self.at_one[at], seconds),
            _moved(self.other, self.at_other[at], seconds),
        )


@dataclass(frozen=True)
class Encroachment:
    """One leaves a piece of ground at ``left_ns``, another comes to it at ``entered_ns``.

    ``one_left`` says whether it is the first of the two that left.
    """

    left_ns: int
    entered_ns: int
    one_left: bool
    place: Array = field(repr=False)

    @property
    def pet_s(self) -> float:
        """The post-encroachment time."""
        return (self.entered_ns - self.left_ns) / NS_PER_S


def encounter_of(one: ActorPath, other: ActorPath) -> Encounter | None:
    """Return the encounter of two paths, None when they share fewer than two ticks."""
    shared, at_one, at_other = np.intersect1d(
        one.stamps_ns, other.stamps_ns, assume_unique=True, return_indices=True
    )
    return Encounter(one, other, at_one, at_other) if len(shared) > 1 else None


def encroachment(
    one: ActorPath, other: ActorPath, within_s: float, crossing_rad: float
) -> Encroachment | None:
    """Return the shortest time from one's leaving of any spot to the other's coming there.

    Only spots where their headings differ by more than ``crossing_rad``: on the same path one
    follows the other. None where that takes longer than ``within_s``, or they are there together.
    """
    going = [np.flatnonzero(path.speeds_mps > _GOES_MPS) for path in (one, other)]
    if not all(map(len, going)):
        return None
    shapes = [footprints_of(path, at) for path, at in zip((one, other), going, strict=True)]
    reach_m = sum(float(np.hypot(*shape.halves_m[0])) for shape in shapes)
    trees = [spatial.cKDTree(shape.centres) for shape in shapes]
    near = trees[0].sparse_distance_matrix(trees[1], reach_m, output_type="coo_matrix")
    i, j = near.row.astype(np.int64), near.col.astype(np.int64)
    later_ns = other.stamps_ns[going[1][j]] - one.stamps_ns[going[0][i]]
    turn = shapes[1].headings[j] - shapes[0].headings[i]
    rises = other.positions[going[1][j], 2] - one.positions[going[0][i], 2]
    keep = np.cos(turn) < np.cos(crossing_rad)
    keep &= np.abs(later_ns) <= seconds_to_ns(within_s)
    keep &= np.abs(rises) < 0.5 * (one.actor.size_m[2] + other.actor.size_m[2])
    i, j, later_ns = i[keep], j[keep], later_ns[keep]
    same = overlap_m(shapes[0].chosen(i), shapes[1].chosen(j)) > 0.0
    i, j, later_ns = i[same], j[same], later_ns[same]
    if not len(later_ns):
        return None
    # Of equal ones the earliest counts, whatever order the tree tells them in.
    first_ns = np.minimum(one.stamps_ns[going[0][i]], other.stamps_ns[going[1][j]])
    k = int(np.lexsort((first_ns, np.abs(later_ns)))[0])
    if later_ns[k] == 0:
        return None
    one_left = bool(later_ns[k] > 0)
    entering = (other, going[1][j[k]]) if one_left else (one, going[0][i[k]])
    left_ns = int(first_ns[k])
    place = entering[0].positions[entering[1]]
    return Encroachment(left_ns, left_ns + abs(int(later_ns[k])), one_left, place)


def footprints_of(path: ActorPath, at: NDArray[np.int64]) -> Footprints:
    """Return the footprints of a road user at ticks."""
    length, width, _ = path.actor.size_m
    return Footprints(path.positions[at, :2], path.headings[at], (0.5 * length, 0.5 * width))


def _moved(path: ActorPath, at: NDArray[np.int64], seconds: float) -> Footprints:
    now = footprints_of(path, at)
    half_turn = 0.5 * path.turn_rates_radps[at] * seconds
    # The chord of the arc: shorter than it, and turned by half of what the heading turns.
    chord = path.velocities[at] * (seconds * np.sinc(half_turn / np.pi))[:, None]
    cos, sin = np.cos(half_turn), np.sin(half_turn)
    moved = np.stack(
        [cos * chord[:, 0] - sin * chord[:, 1], sin * chord[:, 0] + cos * chord[:, 1]], axis=1
    )
    return Footprints(now.centres + moved, now.headings + 2.0 * half_turn, now.half_m)
