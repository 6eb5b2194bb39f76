"""Traffic lights: where one has to stop for each, and what they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import carla
import numpy as np
from numpy.typing import NDArray

from ...opendrive.geometry import road_pose
from ...opendrive.model import (
    TRAFFIC_LIGHT,
    OpenDriveMap,
    Road,
    Signal,
)
from ...opendrive.signals import lane_light
from ...opendrive.stops import stop_lines
from ...world.states import LightColour, TrafficLight
from ..session.transforms import matrix_of

_SAME_POST_M = 3.0
_COLOURS: dict[str, LightColour] = {"Red": "red", "Yellow": "yellow", "Green": "green"}


@dataclass(frozen=True)
class Lights:
    """The traffic lights of a world by signal and lane, and what has no place, in words.

    ``posts`` are CARLA's actors by OpenDRIVE's signal id.
    """

    areas: tuple[TrafficLight, ...] = ()
    posts: Mapping[str, carla.TrafficLight] = field(default_factory=dict)
    without_place: tuple[str, ...] = ()

    def shown(self) -> tuple[TrafficLight, ...]:
        """Return the lights, in the same order, with what they show in the latest snapshot."""
        shows = {signal_id: colour_of(post) for signal_id, post in self.posts.items()}
        return tuple(replace(area, shows=shows[area.signal_id]) for area in self.areas)


def colour_of(light: carla.TrafficLight) -> LightColour:
    """Return what a traffic light shows in the latest snapshot."""
    return _COLOURS.get(str(light.state), "off")


def lights_of(world: carla.World, opendrive: OpenDriveMap) -> Lights:
    """Return all traffic lights of the world, by signal and lane.

    Where a light makes one stop is the map's to say (``opendrive.stops``), so it holds for every
    server that has the map. A light is the signal of its OpenDRIVE id; one whose id the map does
    not know is the signal without a light that stands within 3 m of it.
    """
    lines = stop_lines(opendrive)
    lights, strangers = _matched(world.get_actors().filter("traffic.traffic_light"), opendrive)
    areas: list[TrafficLight] = []
    without = []
    for signal_id in sorted(k for k, (_, x) in opendrive.signals.items() if _is_light(x)):
        light = lights.get(signal_id)
        if light is None:
            without.append(f"traffic light {signal_id} of the map has no actor in CARLA")
        elif signal_id not in lines:
            without.append(f"traffic light {signal_id} holds for no lane of vehicles")
        else:
            areas += [lane_light(opendrive, line) for line in lines[signal_id]]
    without += [
        f"actor {light.id}, a traffic light with the OpenDRIVE id {light.get_opendrive_id()!r}, is "
        "no light of the map, or one that another actor is"
        for light in strangers
    ]
    placed = tuple(sorted(areas, key=lambda x: (x.signal_id, x.lane)))
    posts = {area.signal_id: lights[area.signal_id] for area in placed}
    return Lights(placed, posts, tuple(without))


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
