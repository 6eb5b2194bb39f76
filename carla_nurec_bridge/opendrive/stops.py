"""Where traffic stops for lights and signs: the line across each lane, and the ground before it.

Drawn lines, published stop areas, trigger volumes and HD maps all come from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from .geometry import lane_borders, lane_pose, road_pose
from .model import (
    DRIVABLE,
    STOP_SIGN,
    TRAFFIC_LIGHT,
    YIELD_SIGN,
    LaneSection,
    OpenDriveMap,
    Road,
    Validity,
)

_STOPPING = frozenset({TRAFFIC_LIGHT, STOP_SIGN, YIELD_SIGN})
_AT_END_M = 1e-6

Point = tuple[float, float, float]


@dataclass(frozen=True)
class StopLine:
    """Where the traffic of one lane stops for a signal: the middle of the lane, in the map frame.

    ``heading`` (rad) is the direction of travel; ``left`` and ``right`` are the ends of the line
    across the lane, seen by the driver; all points are (x, y, z) in metres.
    """

    signal_id: str
    road_id: str
    lane_id: int
    s: float
    position: Point
    heading: float
    left: Point
    right: Point
    junction_id: str | None

    @property
    def width_m(self) -> float:
        """The length of the line across its lane."""
        return float(np.hypot(*np.subtract(self.left, self.right)[:2]))


@dataclass(frozen=True)
class StopArea:
    """A piece of a lane that ends at (or short of) a stop line, seen along the lane.

    ``position`` (m) is its middle on the ground, ``heading`` and uphill ``slope`` (rad) are those
    of travel there.
    """

    line: StopLine
    position: Point
    heading: float
    slope: float
    length_m: float


@dataclass(frozen=True)
class _Place:
    """A place on a lane."""

    road: Road
    section: LaneSection
    lane_id: int
    s: float

    @property
    def forward(self) -> bool:
        return self.road.forward(self.lane_id)


def stop_lines(opendrive: OpenDriveMap) -> dict[str, tuple[StopLine, ...]]:
    """Return the stop lines of every traffic light, stop sign and yield sign, by signal id.

    A signal holds for the lanes of its own road and of the roads that reference it, as far as
    their validity and orientation go. On a road of a junction traffic stops before the junction:
    at the end of the lane that leads into it. Signals that hold for no lane of vehicles are not
    there.
    """
    found: dict[str, dict[tuple[str, int, float], StopLine]] = defaultdict(dict)
    for road in opendrive.roads.values():
        uses = [(x.id, x.s, x.validities, x.orientation) for x in road.signals]
        uses += [(x.signal_id, x.s, x.validities, x.orientation) for x in road.signal_references]
        for signal_id, s, validities, orientation in uses:
            owner = opendrive.signals.get(signal_id)
            if owner is None or owner[1].type not in _STOPPING:
                continue
            s = min(max(s, 0.0), road.length)
            for lane_id in _held_lanes(road, s, validities, orientation):
                place = _before_junction(opendrive, _Place(road, road.section_at(s), lane_id, s))
                if place is not None:
                    line = _line(signal_id, place, road.junction)
                    found[signal_id].setdefault((line.road_id, line.lane_id, line.s), line)
    return {signal_id: tuple(lines.values()) for signal_id, lines in found.items()}


def lines_across(
    road: Road, signal_id: str, s: float, validities: tuple[Validity, ...], orientation: str
) -> tuple[StopLine, ...]:
    """Return the lines across the lanes that a signal at ``s`` (m) of a road holds for, there."""
    s = min(max(s, 0.0), road.length)
    section = road.section_at(s)
    held = _held_lanes(road, s, validities, orientation)
    return tuple(_line(signal_id, _Place(road, section, x, s), road.junction) for x in held)


def stop_area(opendrive: OpenDriveMap, line: StopLine, length_m: float, gap_m: float) -> StopArea:
    """Return the piece of lane, ``length_m`` long, whose front lies ``gap_m`` before a stop line.

    It follows the lane through its sections and over the roads that lead to it, but into no
    junction: where the lane is shorter the area lies in the middle of what there is.
    """
    road = opendrive.roads[line.road_id]
    section = _section(road, line)
    place = _Place(road, section, line.lane_id, line.s)
    wanted = gap_m + 0.5 * length_m
    middle, missing = _back(opendrive, place, wanted)
    if missing > 0.0:
        reach = wanted - missing
        middle, _ = _back(opendrive, place, 0.5 * reach)
        length_m = min(length_m, reach)
    x, y, z, heading, slope = (
        float(v) for v in lane_pose(middle.road, middle.section, middle.lane_id, middle.s)
    )
    return StopArea(line, (x, y, z), heading % (2.0 * np.pi), slope, length_m)


def one_approach(lines: Sequence[StopLine], near: Point) -> tuple[StopLine, ...]:
    """Return the lines of the approach that has most of them, the one nearest to a point first.

    An approach is one direction of one road: what a single box can cover.
    """
    approaches: dict[tuple[str, bool], list[StopLine]] = defaultdict(list)
    for line in lines:
        approaches[line.road_id, line.lane_id > 0].append(line)

    def rank(approach: Sequence[StopLine]) -> tuple[int, float]:
        gaps = [float(np.linalg.norm(np.subtract(x.position, near))) for x in approach]
        return -len(approach), min(gaps)

    return min(map(tuple, approaches.values()), key=rank, default=())


def _held_lanes(
    road: Road, s: float, validities: tuple[Validity, ...], orientation: str
) -> list[int]:
    """Return the lanes of vehicles at ``s`` that a signal holds for.

    Maps in use state an orientation against the very lanes that their validity names, so it only
    chooses between the directions that the validity leaves open.
    """
    lanes = [x.id for x in road.section_at(s).lanes.values() if x.id and x.type in DRIVABLE]
    if validities:
        lanes = [x for x in lanes if any(v.holds(x) for v in validities)]
    if orientation not in ("+", "-"):
        return lanes
    facing = [x for x in lanes if road.forward(x) == (orientation == "+")]
    return facing if facing or not validities else lanes


def _section(road: Road, line: StopLine) -> LaneSection:
    """Return the section that a stop line closes: the one behind it, seen by its traffic."""
    s = line.s - _AT_END_M if road.forward(line.lane_id) else line.s + _AT_END_M
    section = road.section_at(s)
    return section if line.lane_id in section.lanes else road.section_at(line.s)


def _line(signal_id: str, place: _Place, junction_id: str | None) -> StopLine:
    road, section, lane_id, s = place.road, place.section, place.lane_id, place.s
    x, y, z, heading, _ = (float(v) for v in lane_pose(road, section, lane_id, s))
    left, right = (_point(road, s, float(t)) for t in lane_borders(road, section, s)[lane_id])
    if road.left_hand:
        left, right = right, left
    link = road.successor if place.forward else road.predecessor
    if junction_id is None and link is not None and link.kind == "junction":
        junction_id = link.id
    return StopLine(
        signal_id,
        road.id,
        lane_id,
        s,
        (x, y, z),
        heading % (2.0 * np.pi),
        left=left,
        right=right,
        junction_id=junction_id,
    )


def _point(road: Road, s: float, t: float) -> Point:
    x, y, z, _ = road_pose(road, s, t)
    return float(x), float(y), float(z)


def _before_junction(opendrive: OpenDriveMap, place: _Place) -> _Place | None:
    """Return the place itself, or for one in a junction the end of the lane that leads into it."""
    passed = {place.road.id}
    while place.road.junction is not None:
        before = _road_before(opendrive, place)
        if before is None or before.road.id in passed:
            return None
        passed.add(before.road.id)
        place = before
    return place


def _road_before(opendrive: OpenDriveMap, place: _Place) -> _Place | None:
    """Return the end of the lane that leads onto a lane's road; None where nothing leads in."""
    at: _Place | None = place
    while at is not None and at.section is not at.road.sections[0 if at.forward else -1]:
        at = _section_before(at)
    return None if at is None else _across(opendrive, at)


def _section_before(place: _Place) -> _Place | None:
    """Return the end of the lane in the section before; None where the lane begins."""
    road, section, forward = place.road, place.section, place.forward
    number = next(i for i, x in enumerate(road.sections) if x is section)
    number += -1 if forward else 1
    lane = section.lanes[place.lane_id]
    lane_id = lane.predecessor if forward else lane.successor
    if not 0 <= number < len(road.sections) or lane_id not in road.sections[number].lanes:
        return None
    assert lane_id is not None
    return _Place(road, road.sections[number], lane_id, section.s if forward else section.s_end)


def _across(opendrive: OpenDriveMap, place: _Place) -> _Place | None:
    """Return the end of the lane of another road that leads into a road's first lane."""
    road = place.road
    link = road.predecessor if place.forward else road.successor
    if link is None or link.kind != "road":
        return None
    lane = place.section.lanes[place.lane_id]
    lane_id = lane.predecessor if place.forward else lane.successor
    if lane_id is None:
        lane_id = _connected(opendrive, road, place.lane_id, link.id)
    other = opendrive.roads[link.id]
    at_start = link.contact == "start"
    section = other.sections[0 if at_start else -1]
    if lane_id is None or lane_id not in section.lanes or other.forward(lane_id) == at_start:
        return None
    return _Place(other, section, lane_id, 0.0 if at_start else other.length)


def _connected(opendrive: OpenDriveMap, road: Road, lane_id: int, incoming: str) -> int | None:
    """Return the lane that a junction's table links to a lane of one of its roads."""
    if road.junction not in opendrive.junctions:
        return None
    connections = opendrive.junctions[road.junction].connections
    links = chain.from_iterable(
        x.links for x in connections if (x.connecting, x.incoming) == (road.id, incoming)
    )
    return next((start for start, end in links if end == lane_id), None)


def _back(opendrive: OpenDriveMap, place: _Place, distance_m: float) -> tuple[_Place, float]:
    """Walk against the traffic; return where that ends and how much of the distance was left."""
    passed = {place.road.id}
    while True:
        road, section = place.road, place.section
        first = section.s if place.forward else min(section.s_end, road.length)
        room = abs(place.s - first)
        if distance_m <= room:
            s = place.s - distance_m if place.forward else place.s + distance_m
            return _Place(road, section, place.lane_id, s), 0.0
        distance_m -= room
        place = _Place(road, section, place.lane_id, first)
        before = _section_before(place)
        if before is None:
            before = _across(opendrive, place)
            if before is None or before.road.junction is not None or before.road.id in passed:
                return place, distance_m
            passed.add(before.road.id)
        place = before
