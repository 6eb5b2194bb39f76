"""Traffic lights and stop signs: where traffic stops for them and which ones are green together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .geometry import lane_borders, lane_pose, road_pose
from .model import DRIVABLE, LaneSection, OpenDriveMap, Road, Signal, Validity

TRAFFIC_LIGHT = "1000001"
STOP_SIGN = "206"
YIELD_SIGN = "205"
SPEED_SIGN = "274"
_STOPPING = frozenset({TRAFFIC_LIGHT, STOP_SIGN, YIELD_SIGN})


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
    position: tuple[float, float, float]
    heading: float
    left: tuple[float, float, float]
    right: tuple[float, float, float]
    junction_id: str | None


@dataclass(frozen=True)
class SignalGroup:
    """The traffic lights of a junction: one tuple of signal ids for each phase, in their order."""

    junction_id: str | None
    phases: tuple[tuple[str, ...], ...]


def stop_lines(opendrive: OpenDriveMap) -> dict[str, tuple[StopLine, ...]]:
    """Return the stop lines of every traffic light, stop sign and yield sign, by signal id.

    A signal holds for the lanes of its own road and of the roads that reference it, as far as
    their validity goes. On a connecting road traffic stops before the junction: at the end of the
    lane that leads into it.
    """
    found: dict[str, dict[tuple[str, int, float], StopLine]] = defaultdict(dict)
    for road in opendrive.roads.values():
        uses = [(x.id, x.s, x.validities, x.orientation) for x in road.signals]
        uses += [(x.signal_id, x.s, x.validities, x.orientation) for x in road.signal_references]
        for signal_id, s, validities, orientation in uses:
            owner = opendrive.signals.get(signal_id)
            if owner is None or owner[1].type not in _STOPPING:
                continue
            for lane_id in _held_lanes(road, s, validities, orientation):
                line = _stop_line(opendrive, signal_id, road, lane_id, s)
                if line is not None:
                    found[signal_id].setdefault((line.road_id, line.lane_id, line.s), line)
    return {signal_id: tuple(lines.values()) for signal_id, lines in found.items()}


def _held_lanes(
    road: Road, s: float, validities: tuple[Validity, ...], orientation: str
) -> list[int]:
    lanes = [x for x in road.section_at(s).lanes.values() if x.id and x.type in DRIVABLE]
    if validities:
        return [x.id for x in lanes if any(v.holds(x.id) for v in validities)]
    wanted = {"+": (True,), "-": (False,)}.get(orientation, (True, False))
    return [x.id for x in lanes if road.forward(x.id) in wanted]


def _stop_line(
    opendrive: OpenDriveMap, signal_id: str, road: Road, lane_id: int, s: float
) -> StopLine | None:
    junction_id = road.junction
    section = road.section_at(s)
    if junction_id is not None:
        entry = lane_before(opendrive, road, lane_id)
        if entry is None:
            return None
        road, section, lane_id, s = entry
    else:
        link = road.successor if road.forward(lane_id) else road.predecessor
        junction_id = link.id if link is not None and link.kind == "junction" else None
    if lane_id not in section.lanes:
        return None
    s = min(max(s, 0.0), road.length)
    x, y, z, heading, _ = (float(v) for v in lane_pose(road, section, lane_id, s))
    inner, outer = lane_borders(road, section, s)[lane_id]
    left, right = (_point(road, s, float(t)) for t in (inner, outer))
    if road.left_hand:
        left, right = right, left
    return StopLine(
        signal_id, road.id, lane_id, s, (x, y, z), heading % (2.0 * np.pi),
        left=left, right=right, junction_id=junction_id,
    )  # fmt: skip


def _point(road: Road, s: float, t: float) -> tuple[float, float, float]:
    x, y, z, _ = road_pose(road, s, t)
    return float(x), float(y), float(z)


def lane_before(
    opendrive: OpenDriveMap, road: Road, lane_id: int
) -> tuple[Road, LaneSection, int, float] | None:
    """Return the lane that leads onto a lane of a road at the road's own entry.

    The result is (road, section, lane id, s of its end there); None where nothing leads in.
    """
    forward = road.forward(lane_id)
    section = road.sections[0 if forward else -1]
    link = road.predecessor if forward else road.successor
    lane = section.lanes.get(lane_id)
    if lane is None or link is None or link.kind != "road":
        return None
    before = lane.predecessor if forward else lane.successor
    other = opendrive.roads[link.id]
    at_start = link.contact == "start"
    other_section = other.sections[0 if at_start else -1]
    if before is None or before not in other_section.lanes:
        return None
    return other, other_section, before, 0.0 if at_start else other.length


def signal_groups(opendrive: OpenDriveMap) -> tuple[SignalGroup, ...]:
    """Return the phases of every junction that has traffic lights.

    Each controller of the junction is a phase, in the order of their sequence numbers; lights
    that no controller names get one phase for each road that leads to them.
    """
    lines = {
        signal_id: stops
        for signal_id, stops in stop_lines(opendrive).items()
        if opendrive.signals[signal_id][1].type == TRAFFIC_LIGHT
    }
    by_junction: dict[str | None, list[str]] = defaultdict(list)
    for signal_id, stops in lines.items():
        by_junction[stops[0].junction_id].append(signal_id)
    groups = []
    for junction_id, signal_ids in by_junction.items():
        controllers = sorted(
            (c for c in opendrive.controllers.values() if set(c.signals) & set(signal_ids)),
            key=lambda controller: controller.sequence,
        )
        phases = [tuple(x for x in c.signals if x in signal_ids) for c in controllers]
        controlled = {signal_id for phase in phases for signal_id in phase}
        rest: dict[str, list[str]] = defaultdict(list)
        for signal_id in signal_ids:
            if signal_id not in controlled:
                rest[lines[signal_id][0].road_id].append(signal_id)
        phases += [tuple(ids) for ids in rest.values()]
        groups.append(SignalGroup(junction_id, tuple(dict.fromkeys(phases))))
    return tuple(groups)


def signal_facing(
    road: Road, signal: Signal, stops: tuple[StopLine, ...]
) -> tuple[tuple[float, float, float], float]:
    """Return where a signal stands and the heading (rad) towards the traffic that reads it.

    Files disagree on what orientation and heading offset mean together, so the stop lines decide
    between the two directions along the road; without any, orientation does.
    """
    s = min(max(signal.s, 0.0), road.length)
    x, y, z, heading = (float(v) for v in road_pose(road, s, signal.t))
    facing = heading + signal.h_offset + np.pi
    if stops:
        travel = sum(np.exp(1j * stop.heading) for stop in stops)
        if np.real(np.exp(-1j * facing) * travel) > 0.0:
            facing += np.pi
    elif signal.orientation == "-":
        facing += np.pi
    return (x, y, z), float(facing % (2.0 * np.pi))
