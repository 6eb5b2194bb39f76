"""Traffic signs that cars obey: what each says, where it stands, whom it faces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .geometry import road_pose
from .model import SPEED_SIGN, STOP_SIGN, YIELD_SIGN, OpenDriveMap, Road, Signal
from .reading.speed_names import speed_of_name
from .signals import signal_facing, signal_place
from .stops import Point, StopLine, lines_across, stop_lines

SignKind = Literal["stop", "yield", "speed_limit"]

_KINDS: dict[str, SignKind] = {
    STOP_SIGN: "stop",
    YIELD_SIGN: "yield",
    SPEED_SIGN: "speed_limit",
}


@dataclass(frozen=True)
class Sign:
    """A stop sign, a yield sign or a speed limit.

    ``limit`` is the number on a speed limit, empty on others. ``position`` (m) is on the road's
    surface, ``facing`` (rad) the heading towards the traffic that reads it, ``heading`` (rad) what
    the file says of its own: the road's and the sign's offset. ``lines`` are across the lanes that
    it holds for: where one stops, or where a limit begins.
    """

    id: str
    name: str
    kind: SignKind
    limit: str
    position: Point
    facing: float
    heading: float
    lines: tuple[StopLine, ...]


def signs(opendrive: OpenDriveMap) -> Iterator[Sign]:
    """Yield the signs of a map; speed limits without a number are left out.

    Speed limits are signals of type 274 and, in CARLA's own towns, objects named Speed_N or
    speed_N.
    """
    stops = stop_lines(opendrive)
    for road, signal in opendrive.signals.values():
        kind = _KINDS.get(signal.type)
        limit = _limit(signal) if kind == "speed_limit" else ""
        if kind is None or limit is None:
            continue
        position, heading = signal_place(road, signal)
        lines = stops.get(signal.id, ())
        if kind == "speed_limit":
            across = (signal.validities, signal.orientation)
            lines = lines_across(road, signal.id, signal.s, *across)
        facing = signal_facing(signal, heading, lines)
        yield Sign(signal.id, signal.name, kind, limit, position, facing, heading, lines)
    for road in opendrive.roads.values():
        yield from _speed_objects(road)


def _speed_objects(road: Road) -> Iterator[Sign]:
    for item in road.objects:
        speed = speed_of_name(item.name)
        if speed is None or speed <= 0.0:  # -5 is no limit, though clients take it for one
            continue
        s = float(np.clip(item.s, 0.0, road.length))
        x, y, z, heading = (float(v) for v in road_pose(road, s, item.t))
        # The right side of a road is read by traffic along it, the left by the other.
        right = item.t < 0.0
        lines = lines_across(road, item.id, s, (), "+" if right else "-")
        facing = (heading + (np.pi if right else 0.0)) % (2.0 * np.pi)
        own = heading + item.heading
        yield Sign(item.id, item.name, "speed_limit", f"{speed:.0f}", (x, y, z), facing, own, lines)


def _limit(signal: Signal) -> str | None:
    """Return the number on a speed limit sign: its value, else what its subtype or name says."""
    if signal.value is not None and signal.value > 0.0:
        return f"{signal.value:.0f}"
    digits = re.search(r"[1-9]\d{1,2}", f"{signal.subtype} {signal.name}")
    return digits[0] if digits else None
