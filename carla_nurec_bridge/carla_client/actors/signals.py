"""Traffic lights: where one has to stop for each, and what they show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, matrix_from_xyz_rpy, rigid
from ...opendrive.geometry import road_pose
from ...opendrive.model import (
    TRAFFIC_LIGHT,
    OpenDriveMap,
    Road,
    Signal,
)
from ...opendrive.stops import StopLine, stop_area, stop_lines
from ..session.session import matrix_of

_AREA_M = (1.6, 0.2)
"""Length and height of a stop area: its middle stays within a metre of the line it ends at."""
_SAME_POST_M = 3.0
_NAMES = {"Red": "red", "Yellow": "yellow", "Green": "green"}


@dataclass(frozen=True)
class LightStop:
    """The piece of a lane where a traffic light makes one stop; it ends at the drawn stop line.

    ``map_from_area`` has x along the driving direction; ``signal_id`` is OpenDRIVE's.
    """

    light: carla.TrafficLight
    signal_id: str
    lane: str
    map_from_area: Matrix
    size_m: tuple[float, float, float]

    @property
    def stop(self) -> NDArray[np.float64]:
        """The middle of the stop line (3,) in the map."""
        point: NDArray[np.float64] = self.map_from_area @ (0.5 * self.size_m[0], 0.0, 0.0, 1.0)
        return point[:3]

    def state(self) -> str:
        """Return red, yellow, green or off, as of the latest snapshot."""
        return _NAMES.get(str(self.light.state), "off")


@dataclass(frozen=True)
class Lights:
    """The traffic lights of a world: their stop areas, and what has none, in words."""

    areas: tuple[LightStop, ...] = ()
    without_place: tuple[str, ...] = ()


def lights_of(world: carla.World, opendrive: OpenDriveMap) -> Lights:
    """Return the stop areas of all traffic lights of the world, by signal and lane.

    Where a light makes one stop is the map's to say (``opendrive.stops``), so it holds for every
    server that has the map. A light is the signal of its OpenDRIVE id; one whose id the map does
    not know is the signal without a light that stands within 3 m of it.
    """
    lines = stop_lines(opendrive)
    lights, strangers = _matched(world.get_actors().filter("traffic.traffic_light"), opendrive)
    areas: list[LightStop] = []
    without = []
    for signal_id in sorted(k for k, (_, x) in opendrive.signals.items() if _is_light(x)):
        light = lights.get(signal_id)
        if light is None:
            without.append(f"traffic light {signal_id} of the map has no actor in CARLA")
        elif signal_id not in lines:
            without.append(f"traffic light {signal_id} holds for no lane of vehicles")
        else:
            areas += [_area(opendrive, light, line) for line in lines[signal_id]]
    without += [
        f"actor {light.id}, a traffic light with the OpenDRIVE id {light.get_opendrive_id()!r}, is "
        "no light of the map, or one that another actor is"
        for light in strangers
    ]
    return Lights(tuple(sorted(areas, key=lambda x: (x.signal_id, x.lane))), tuple(without))


def _is_light(signal: Signal) -> bool:
    return signal.type == TRAFFIC_LIGHT


def _matched(
    actors: Iterable[carla.TrafficLight], opendrive: OpenDriveMap
) -> tuple[dict[str, carla.TrafficLight], list[carla.TrafficLight]]:
    """Return the actor of each signal, and the actors that are left over."""
    free = {k: _post(*v) for k, v in opendrive.signals.items() if _is_light(v[1])}
    found: dict[str, carla.TrafficLight] = {}
    rest = []
    for actor in sorted(actors, key=lambda x: x.id):
        if actor.get_opendrive_id() in free:
            found[actor.get_opendrive_id()] = actor
            del free[actor.get_opendrive_id()]
        else:
            rest.append(actor)
    pairs = sorted(
        (float(np.linalg.norm(matrix_of(actor.get_transform())[:3, 3] - post)), n, signal_id)
        for n, actor in enumerate(rest)
        for signal_id, post in free.items()
    )
    taken: set[int] = set()
    for gap_m, n, signal_id in pairs:
        if gap_m < _SAME_POST_M and n not in taken and signal_id not in found:
            found[signal_id] = rest[n]
            taken.add(n)
    return found, [actor for n, actor in enumerate(rest) if n not in taken]


def _post(road: Road, signal: Signal) -> NDArray[np.float64]:
    x, y, z, _ = road_pose(road, signal.s, signal.t)
    return np.array([x, y, z])


def _area(opendrive: OpenDriveMap, light: carla.TrafficLight, line: StopLine) -> LightStop:
    length_m, height_m = _AREA_M
    area = stop_area(opendrive, line, length_m, gap_m=0.0)
    pose = matrix_from_xyz_rpy(area.position, (0.0, -area.slope, area.heading))
    centred = pose @ rigid(np.eye(3), (0.0, 0.0, 0.5 * height_m))
    lane = f"{line.road_id}.{line.lane_id}"
    size = (area.length_m, line.width_m, height_m)
    return LightStop(light, line.signal_id, lane, centred, size)
