"""Traffic lights: which ones are green together, which way they face, where one stops for them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..core.frames import matrix_from_xyz_rpy, rigid
from ..world.states import TrafficLight
from .geometry import road_pose
from .model import (
    TRAFFIC_LIGHT,
    Junction,
    OpenDriveMap,
    Road,
    Signal,
)
from .stops import StopLine, stop_area, stop_lines

_AREA_M = (1.6, 0.2)
"""Length and height of a stop area: its middle stays within a metre of the line it ends at."""


@dataclass(frozen=True)
class SignalGroup:
    """The traffic lights of a junction: one tuple of signal ids for each phase, in their order."""

    junction_id: str | None
    phases: tuple[tuple[str, ...], ...]


def signal_groups(opendrive: OpenDriveMap) -> tuple[SignalGroup, ...]:
    """Return the phases of every junction that has traffic lights; every light is in one.

    Each controller of the junction is a phase, in the order of their sequence numbers; lights
    that no controller names get one phase for each road that leads to them. Lights away from all
    junctions form a group with their controller, or else with those on their road.
    """
    lights = {k: v for k, v in opendrive.signals.items() if v[1].type == TRAFFIC_LIGHT}
    lines = stop_lines(opendrive)
    controllers_of: dict[str, list[str]] = defaultdict(list)
    for controller in opendrive.controllers.values():
        for signal_id in controller.signals:
            controllers_of[signal_id].append(controller.id)
    members: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for signal_id, (road, _) in lights.items():
        named = controllers_of.get(signal_id, [])
        junction_id = _junction_of(opendrive, road, lines.get(signal_id, ()), named)
        apart = f"controller {named[0]}" if named else f"road {road.id}"
        members[junction_id, "" if junction_id is not None else apart].append(signal_id)
    groups = []
    for (junction_id, _), signal_ids in members.items():
        controllers = sorted(
            (c for c in opendrive.controllers.values() if set(c.signals) & set(signal_ids)),
            key=lambda controller: controller.sequence,
        )
        phases = [tuple(x for x in c.signals if x in signal_ids) for c in controllers]
        rest: dict[str, list[str]] = defaultdict(list)
        for signal_id in signal_ids:
            if signal_id not in controllers_of:
                stops = lines.get(signal_id)
                rest[stops[0].road_id if stops else lights[signal_id][0].id].append(signal_id)
        phases += [tuple(ids) for ids in rest.values()]
        groups.append(SignalGroup(junction_id, tuple(dict.fromkeys(phases))))
    return tuple(groups)


def _junction_of(
    opendrive: OpenDriveMap, road: Road, lines: tuple[StopLine, ...], controllers: list[str]
) -> str | None:
    """Return the junction that a light guards: where its lines are, else by its controllers."""
    if lines:
        return lines[0].junction_id

    def names_one(junction: Junction) -> bool:
        return not set(junction.controllers).isdisjoint(controllers)

    named = (x.id for x in opendrive.junctions.values() if names_one(x))
    return road.junction or next(named, None)


def signal_place(road: Road, signal: Signal) -> tuple[tuple[float, float, float], float]:
    """Return where a signal stands and the heading (rad) of its landmark in CARLA.

    That goes along the road, turned by the heading offset, whatever the orientation.
    """
    s = min(max(signal.s, 0.0), road.length)
    x, y, z, heading = (float(v) for v in road_pose(road, s, signal.t))
    return (x, y, z), heading + signal.h_offset


def signal_facing(signal: Signal, heading: float, stops: tuple[StopLine, ...]) -> float:
    """Return the heading (rad) towards the traffic that reads a signal, from its landmark's.

    Files disagree on what orientation and heading offset mean together, so the stop lines decide
    between the two directions along the road; without any, orientation does.
    """
    facing = heading + np.pi
    if stops:
        travel = sum(np.exp(1j * stop.heading) for stop in stops)
        if np.real(np.exp(-1j * facing) * travel) > 0.0:
            facing += np.pi
    elif signal.orientation == "-":
        facing += np.pi
    return float(facing % (2.0 * np.pi))


def lane_light(opendrive: OpenDriveMap, line: StopLine) -> TrafficLight:
    """Return the light that a stop line is for, dark, with the piece of lane that ends there."""
    length_m, height_m = _AREA_M
    area = stop_area(opendrive, line, length_m, gap_m=0.0)
    pose = matrix_from_xyz_rpy(area.position, (0.0, -area.slope, area.heading))
    centred = pose @ rigid(np.eye(3), (0.0, 0.0, 0.5 * height_m))
    lane = f"{line.road_id}.{line.lane_id}"
    size = (area.length_m, line.width_m, height_m)
    return TrafficLight(line.signal_id, lane, centred, size)
