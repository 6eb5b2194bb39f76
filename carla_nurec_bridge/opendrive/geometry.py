"""Poses on roads and lanes: from (s, t) and lane ids to the map frame."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .model import Lane, LaneSection, Road

Array = NDArray[np.float64]

MAP_REACH_M = 25_000.0
"""From the origin: CARLA's wire and clients hold places in 32 bits, 1.7 mm apart out there."""
_MOST_STATIONS = 100_000


def road_pose(road: Road, s: ArrayLike, t: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Return x, y, z (m) and heading (rad) at (s, t), t to the left of the reference line.

    ``s`` and ``t`` broadcast. Superelevation tilts the t axis about the reference line.
    """
    s, t = np.asarray(s, dtype=np.float64), np.asarray(t, dtype=np.float64)
    x, y, heading = road.plan.pose(s)
    bank = road.superelevation.value(s)
    across = t * np.cos(bank)
    z = road.elevation.value(s) + t * np.sin(bank)
    x, y = x - np.sin(heading) * across, y + np.cos(heading) * across
    return x, y, z, np.broadcast_to(heading, x.shape)


def lane_borders(road: Road, section: LaneSection, s: ArrayLike) -> dict[int, tuple[Array, Array]]:
    """Return (inner t, outer t) in metres at ``s`` of every lane of a section but the centre."""
    s = np.asarray(s, dtype=np.float64)
    centre = road.lane_offset.value(s)
    borders: dict[int, tuple[Array, Array]] = {}
    for sign in (1, -1):
        inner = centre
        for lane in section.side(sign):
            local = s - section.s
            if lane.border is not None:
                outer = centre + lane.border.value(local)
            else:
                outer = inner + sign * np.maximum(lane.width.value(local), 0.0)
            borders[lane.id] = (inner, outer)
            inner = outer
    return borders


def lane_slopes(road: Road, section: LaneSection, lane_id: int, s: ArrayLike) -> Array:
    """Return dt/ds of the middle line of a lane at ``s``, in metres of the road.

    KeyError when the section has no such lane.
    """
    s = np.asarray(s, dtype=np.float64)
    local = s - section.s
    slope = road.lane_offset.slope(s)
    sign = 1 if lane_id > 0 else -1
    inner = slope
    for lane in section.side(sign):
        if lane.border is not None:
            outer = slope + lane.border.slope(local)
        else:
            outer = inner + sign * lane.width.slope(local)
        if lane.id == lane_id:
            return 0.5 * (inner + outer)
        inner = outer
    raise KeyError(f"road {road.id} has no lane {lane_id} at s={section.s:g}")


def lane_pose(
    road: Road, section: LaneSection, lane_id: int, s: ArrayLike
) -> tuple[Array, Array, Array, Array, Array]:
    """Return x, y, z (m), heading and uphill slope angle (rad) of a lane's middle at ``s`` (N,).

    Heading and slope are those of travel: against s on lanes that run against it.
    """
    s = np.asarray(s, dtype=np.float64)
    inner, outer = lane_borders(road, section, s)[lane_id]
    middle = 0.5 * (inner + outer)
    x, y, z, heading = road_pose(road, s, middle)
    along = 1.0 - middle * road.plan.curvature(s)
    # Beyond the middle of a tight curve a lane runs backwards; who drives there still goes on.
    drift = lane_slopes(road, section, lane_id, s)
    heading = heading + np.where(along > 0.0, np.arctan2(drift, along), np.arctan(drift))
    slope = np.arctan(road.elevation.slope(s) / np.maximum(along, 1e-6))
    if not road.forward(lane_id):
        heading, slope = heading + np.pi, -slope
    return x, y, z, heading, slope


def lane_heights(lane: Lane, section: LaneSection, s: ArrayLike) -> tuple[Array, Array]:
    """Return the stated heights (inner, outer) in metres of a lane above its road at ``s``."""
    s = np.asarray(s, dtype=np.float64)
    if not len(lane.heights):
        return np.zeros(s.shape), np.zeros(s.shape)
    row = np.searchsorted(lane.heights[:, 0], s - section.s, side="right") - 1
    row = np.maximum(row, 0)
    return lane.heights[row, 1], lane.heights[row, 2]


def speed_limit(road: Road, lane: Lane, section: LaneSection, s: float) -> float | None:
    """Return the limit in m/s at ``s`` of the road, None when none is set.

    The lane's own record comes first; ``section`` is the one that the lane belongs to.
    """
    for records, at in ((lane.speeds, s - section.s), (road.speeds, s)):
        holding = [record for record in records if record.s <= at + 1e-6]
        if holding:
            return holding[-1].limit_mps
    return None


def stations(
    road: Road, begin: float, end: float, step_m: float = 4.0, tolerance_m: float = 0.01
) -> Array:
    """Return values of s from ``begin`` to ``end`` that keep chords within ``tolerance_m``.

    Every piece of plan view, profile, lane offset and width begins at a station. Straight pieces
    get one every ``step_m``, curved ones as many as the curvature asks for.
    """
    breaks = [begin, end, *road.plan.s, *road.elevation.starts, *road.lane_offset.starts]
    breaks += list(road.superelevation.starts)
    straight = road.elevation.straight and road.lane_offset.straight
    for section in road.sections:
        if section.s_end < begin or section.s > end:
            continue
        for lane in section.lanes.values():
            for curve in (lane.width, lane.border):
                if curve is not None:
                    breaks += list(section.s + curve.starts)
                    straight = straight and curve.straight
            breaks += list(section.s + lane.heights[:, 0])
    knots = np.unique(np.clip(np.array(breaks), begin, end))
    keep = np.concatenate([[True], np.diff(knots) > 1e-4])
    knots = knots[keep]
    if end - knots[-1] <= 1e-4 and len(knots) > 1:
        knots[-1] = end
    result = [knots[:1]]
    for low, high in pairwise(knots):
        inside = np.linspace(low, high, 5)
        bend = np.max(np.abs(road.plan.curvature(inside)))
        limit = step_m if straight else min(step_m, 2.0)
        if bend > 1e-6:
            limit = min(limit, max(np.sqrt(8.0 * tolerance_m / bend), 0.25))
        count = min(max(int(np.ceil((high - low) / limit)), 1), _MOST_STATIONS)
        result.append(np.linspace(low, high, count + 1)[1:])
    return np.concatenate(result)
