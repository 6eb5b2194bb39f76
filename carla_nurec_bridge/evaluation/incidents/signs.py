"""Who goes where it may not: vehicles over a line at red, walkers on the road."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ...core.frames import invert
from ...core.run_contract.timebase import NS_PER_S
from ...world.states import TrafficLight
from .actor_paths import ActorPath, stretches
from .incident import Incident, Thresholds
from .lanes import Lanes
from .traffic import ShownLights

_ALONG_COS = 0.5
_SAME_LEVEL_M = 2.5


def red_lights(path: ActorPath, shown: ShownLights) -> Iterator[Incident]:
    """Find where a vehicle's front crosses a stop line while its light is red.

    The light is red at the last tick before the line and at the first one beyond it, with which
    the incident begins; it ends when the rear is over the line, or the path.
    """
    ahead = 0.5 * path.actor.size_m[0] * path.poses[:, :3, 0]
    fronts, rears = path.positions + ahead, path.positions - ahead
    for lights in shown.values():
        light = next(iter(lights.values()))
        area_from_map = invert(light.map_from_area)
        front = fronts @ area_from_map[:3, :3].T + area_from_map[:3, 3]
        line_m = 0.5 * light.size_m[0]
        crosses = (front[:-1, 0] <= line_m) & (front[1:, 0] > line_m)
        crosses &= np.abs(front[1:, 1]) <= 0.5 * light.size_m[1]
        crosses &= path.poses[1:, :3, 0] @ light.map_from_area[:3, 0] > _ALONG_COS
        crosses &= np.abs((fronts[1:] - light.stop)[:, 2]) < _SAME_LEVEL_M
        for last_before in np.flatnonzero(crosses).tolist():
            index = last_before + 1
            stamps = [int(path.stamps_ns[i]) for i in (last_before, index)]
            if any(s not in lights or lights[s].shows != "red" for s in stamps):
                continue
            rear_m = rears[index:] @ area_from_map[0, :3] + area_from_map[0, 3]
            over = np.flatnonzero(rear_m > line_m)
            end = index + int(over[0]) if len(over) else len(path.stamps_ns) - 1
            yield Incident(
                "red_light",
                stamps[1],
                int(path.stamps_ns[end]),
                (path.actor.id,),
                light.stop,
                {
                    "speed_mps": float(path.speeds_mps[index]),
                    "red_for_s": _red_for_ns(lights, stamps[1]) / NS_PER_S,
                },
            )


def _red_for_ns(lights: Mapping[int, TrafficLight], stamp_ns: int) -> int:
    """Return how long a light has been red, as far as it was seen."""
    since_ns = stamp_ns
    for earlier_ns in sorted((s for s in lights if s <= stamp_ns), reverse=True):
        if lights[earlier_ns].shows != "red":
            break
        since_ns = earlier_ns
    return stamp_ns - since_ns


def jaywalking(path: ActorPath, lanes: Lanes, limits: Thresholds) -> Iterator[Incident]:
    """Find where a walker is on a driving lane away from any crossing."""
    on_road = [
        lane is not None and not lanes.on_crosswalk(position)
        for lane, position in zip(path.lanes, path.positions, strict=True)
    ]
    for first, last in stretches(on_road, path.stamps_ns):
        seconds = path.seconds(first, last)
        if seconds >= limits.on_road_s:
            start_ns, end_ns = int(path.stamps_ns[first]), int(path.stamps_ns[last])
            evidence = {"seconds": seconds, "speed_mps": float(path.speeds_mps[first])}
            yield Incident(
                "jaywalking", start_ns, end_ns, (path.actor.id,), path.positions[first], evidence
            )
