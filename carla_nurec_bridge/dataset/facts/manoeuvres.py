"""What each road user does, found in its path: turns, stops, lane changes, crossings.

Limits that no source is named for are this package's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ...evaluation.incidents.actor_paths import ActorPath, runs, stretches
from ...evaluation.incidents.incident import DEFAULTS
from ...evaluation.incidents.lanes import LaneAt
from .values import Manoeuvre, ManoeuvreKind, TimeSpan

_TURNS_RADPS = math.radians(4.0)
_LEAST_TURN_RAD = math.radians(45.0)
_ROUND_RAD = math.radians(150.0)
_WIDEST_TURN_M = 35.0
_BRAKES_MPS2 = 2.0
_BRAKES_S = 0.5
_BRAKES_BY_MPS = 2.0
_STANDS_S = 0.5
_STAYS_S = 1.0
_CENTRED_M = 0.4
_CROSSES_M = 2.0


def manoeuvres_of(path: ActorPath) -> Iterator[Manoeuvre]:
    """Yield what a road user does on its own, in no order."""
    if path.is_vehicle:
        yield from _turns(path)
        yield from _brakes(path)
        yield from _stops_and_starts(path)
        yield from _lane_changes(path)
    elif path.is_walker:
        yield from _crossings(path)


def manoeuvre(
    kind: ManoeuvreKind, path: ActorPath, first: int, last: int, **figures: float
) -> Manoeuvre:
    """Return what a road user does from one tick of its path to another."""
    span = TimeSpan(start_ns=int(path.stamps_ns[first]), end_ns=int(path.stamps_ns[last]))
    return Manoeuvre(
        kind=kind, track_id=path.actor.id, span=span, other_track_id=None, figures=figures
    )


def _turns(path: ActorPath) -> Iterator[Manoeuvre]:
    """Find turns of 45 degrees or more: at junctions where the map is known, else tight ones."""
    rates = np.where(path.speeds_mps > 0.5, path.turn_rates_radps, 0.0)
    headings = np.unwrap(path.headings)
    for sign in (1.0, -1.0):
        for first, last in stretches(sign * rates > _TURNS_RADPS, path.stamps_ns):
            begin = max(first - 1, 0)
            turned = float(headings[last] - headings[begin])
            length_m = _length_m(path, begin, last)
            if sign * turned < _LEAST_TURN_RAD or length_m > _WIDEST_TURN_M * abs(turned):
                continue
            lanes = [lane for lane in path.lanes[begin : last + 1] if lane is not None]
            if lanes and not any(lane.in_junction for lane in lanes):
                continue
            kind = ManoeuvreKind.TURNING_LEFT if sign > 0 else ManoeuvreKind.TURNING_RIGHT
            if abs(turned) >= _ROUND_RAD:
                kind = ManoeuvreKind.TURNING_ROUND
            degrees = math.degrees(turned)
            yield manoeuvre(kind, path, begin, last, turned_deg=degrees, length_m=length_m)


def _brakes(path: ActorPath) -> Iterator[Manoeuvre]:
    """Find slowing down by 2 m/s² or more over half a second, by 2 m/s or more."""
    steps_s = np.diff(path.times_s, prepend=2 * path.times_s[0] - path.times_s[1])
    slowing = -np.diff(path.speeds_mps, prepend=path.speeds_mps[0]) / steps_s
    for first, last in stretches(slowing >= _BRAKES_MPS2, path.stamps_ns):
        begin = max(first - 1, 0)
        lost_mps = float(path.speeds_mps[begin] - path.speeds_mps[last])
        if path.seconds(begin, last) >= _BRAKES_S and lost_mps >= _BRAKES_BY_MPS:
            yield manoeuvre(
                ManoeuvreKind.BRAKING,
                path,
                begin,
                last,
                from_mps=float(path.speeds_mps[begin]),
                to_mps=float(path.speeds_mps[last]),
            )


def _stops_and_starts(path: ActorPath) -> Iterator[Manoeuvre]:
    """Find where a vehicle stands, and how it came to stand and drove off."""
    speeds = path.speeds_mps
    for first, last in runs(speeds < DEFAULTS.standing_mps):
        seconds = path.seconds(first, last)
        if seconds < _STANDS_S:
            continue
        yield manoeuvre(ManoeuvreKind.STANDING, path, first, last, seconds=seconds)
        begin = first
        while begin > 0 and speeds[begin - 1] >= speeds[begin]:
            begin -= 1
        if speeds[begin] > DEFAULTS.moving_mps:
            yield manoeuvre(
                ManoeuvreKind.STOPPING, path, begin, first, from_mps=float(speeds[begin])
            )
        end = last
        while end + 1 < len(speeds) and speeds[end + 1] > speeds[end]:
            end += 1
        if speeds[end] > DEFAULTS.moving_mps:
            yield manoeuvre(ManoeuvreKind.STARTING, path, last, end, to_mps=float(speeds[end]))


def _lane_changes(path: ActorPath) -> Iterator[Manoeuvre]:
    """Find changes to a lane of the same direction beside, 1 s in each."""
    lanes = path.lanes
    for index in range(1, len(lanes)):
        before, lane = lanes[index - 1], lanes[index]
        if before is None or lane is None or not _beside(before, lane):
            continue
        since, until = _in_its_lane(lanes, index - 1, -1), _in_its_lane(lanes, index, 1)
        if path.seconds(since, index) < _STAYS_S and since > 0:
            continue
        if path.seconds(index, until) < _STAYS_S and until + 1 < len(lanes):
            continue
        begin = index - 1
        while begin > 0 and _off_centre(lanes[begin], before):
            begin -= 1
        end = index
        while end < until and _off_centre(lanes[end], lane):
            end += 1
        to_left = before.offset_m > 0.0
        kind = ManoeuvreKind.CHANGING_LANE_LEFT if to_left else ManoeuvreKind.CHANGING_LANE_RIGHT
        yield manoeuvre(kind, path, begin, end, crosses_after_s=path.seconds(begin, index))


def _beside(before: LaneAt, lane: LaneAt) -> bool:
    """Say whether two lanes of one section, not of a junction, go the same way."""
    if before.key[:2] != lane.key[:2] or before.key[2] == lane.key[2] or lane.in_junction:
        return False
    return math.cos(before.heading_rad - lane.heading_rad) > 0.5


def _in_its_lane(lanes: Sequence[LaneAt | None], index: int, step: int) -> int:
    """Return the last tick, going by ``step``, before the one in another lane of the section."""
    mine = lanes[index]
    assert mine is not None
    while 0 <= index + step < len(lanes):
        lane = lanes[index + step]
        if lane is not None and lane.key[:2] == mine.key[:2] and lane.key[2] != mine.key[2]:
            break
        index += step
    return index


def _off_centre(lane: LaneAt | None, wanted: LaneAt) -> bool:
    return lane is not None and lane.key == wanted.key and abs(lane.offset_m) >= _CENTRED_M


def _crossings(path: ActorPath) -> Iterator[Manoeuvre]:
    """Find where a walker goes 2 m or more across driving lanes."""
    on_road = [lane is not None for lane in path.lanes]
    for first, last in stretches(on_road, path.stamps_ns):
        lane = path.lanes[first]
        assert lane is not None
        moved = path.positions[last, :2] - path.positions[first, :2]
        across_m = abs(
            float(moved[1] * math.cos(lane.heading_rad) - moved[0] * math.sin(lane.heading_rad))
        )
        if across_m >= _CROSSES_M:
            yield manoeuvre(ManoeuvreKind.CROSSING_ROAD, path, first, last, across_m=across_m)


def _length_m(path: ActorPath, first: int, last: int) -> float:
    steps = np.diff(path.positions[first : last + 1, :2], axis=0)
    return float(np.linalg.norm(steps, axis=1).sum())
