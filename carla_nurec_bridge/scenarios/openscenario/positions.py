"""Positions of an OpenSCENARIO file, as poses in the map."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...core.frames import Matrix, rigid, rotation_from_rpy
from ...opendrive.geometry import lane_pose, road_pose
from ...opendrive.heights import lanes_at
from ...opendrive.model import OpenDriveMap, Road
from .document import Element

_MIRRORED = {"WorldPosition": ("y", "h"), "RelativeWorldPosition": ("dy",)}
PoseOf = Callable[[str], Matrix]
"""Where an entity is now, by its name: map_from_entity (4, 4)."""


@dataclass(frozen=True, eq=False)
class OscPosition:
    """A position that may need the map, or another entity, to become a pose."""

    element: Element

    def pose(self, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
        """Return map_from_place (4, 4), x along its heading; InputError for no such place."""
        return _KINDS[self.element.tag](self.element, opendrive, of)


def read_position(holder: Element) -> OscPosition:
    """Read the position in a <Position>; InputError for a kind that is not supported."""
    element = holder.only()
    if element.tag not in _KINDS:
        raise element.refuse()
    return OscPosition(element)


def right_handed(element: Element) -> Element:
    """Return it and all below with positions in CARLA's axes (y to the right) in those of the map.

    scenario_runner takes them so in files whose description begins with ``CARLA:``.
    """
    attributes = dict(element.attributes)
    for name in _MIRRORED.get(element.tag, ()):
        if name in attributes:
            attributes[name] = str(-element.number(name))
    children = [right_handed(child) for child in element.children]
    return Element(element.tag, element.line, element.file, attributes, children)


def _posed(x: float, y: float, z: float, heading: float) -> Matrix:
    return rigid(rotation_from_rpy((0.0, 0.0, heading)), (x, y, z))


def _world(element: Element, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
    place = [element.number(name, 0.0) for name in ("x", "y", "z")]
    return _posed(place[0], place[1], place[2], element.number("h", 0.0))


def _turned(element: Element, heading: float) -> float:
    """Return a heading with the position's own orientation."""
    orientation = element.find("Orientation")
    if orientation is None:
        return heading
    own = orientation.number("h", 0.0)
    return own if orientation.text("type", "absolute") == "absolute" else heading + own


def _road(element: Element, opendrive: OpenDriveMap, road_id: str) -> Road:
    road = opendrive.roads.get(road_id)
    if road is None:
        raise element.refuse(f"names road {road_id!r}, which the map does not have")
    return road


def _at_road(element: Element, opendrive: OpenDriveMap, road: Road, s: float, t: float) -> Matrix:
    if not 0.0 <= s <= road.length:
        raise element.refuse(
            f"lies at s={s:.1f} m of road {road.id}, which is {road.length:.1f} m long"
        )
    x, y, z, heading = (float(v) for v in road_pose(road, s, t))
    found = lanes_at(opendrive, [(x, y, z + 0.5)])[0]
    if found is not None and found.road is road and found.lane.id != 0:
        # Who is put on a lane looks where its traffic goes.
        heading += 0.0 if road.forward(found.lane.id) else math.pi
    return _posed(x, y, z, _turned(element, heading))


def _road_position(element: Element, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
    road = _road(element, opendrive, element.text("roadId"))
    return _at_road(element, opendrive, road, element.number("s"), element.number("t"))


def _relative_road(element: Element, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
    base = of(element.text("entityRef"))
    here = lanes_at(opendrive, base[None, :3, 3])[0]
    if here is None:
        raise element.refuse(f"is relative to {element.text('entityRef')}, which is on no road")
    s, t = here.s + element.number("ds"), here.t + element.number("dt")
    return _at_road(element, opendrive, here.road, s, t)


def _lane(element: Element, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
    road = _road(element, opendrive, element.text("roadId"))
    s, lane = element.number("s"), int(element.number("laneId"))
    section = next((x for x in reversed(road.sections) if x.s <= s <= road.length), None)
    if section is None or lane not in section.lanes:
        raise element.refuse(
            f"names lane {lane} of road {road.id} at s={s:g} m, which is not there"
        )
    x, y, z, heading, _ = (float(v[0]) for v in lane_pose(road, section, lane, [s]))
    left = element.number("offset", 0.0)
    forward = heading if road.forward(lane) else heading + math.pi
    x, y = x - left * math.sin(forward), y + left * math.cos(forward)
    return _posed(x, y, z, _turned(element, heading))


def _relative_world(element: Element, opendrive: OpenDriveMap, of: PoseOf) -> Matrix:
    base = of(element.text("entityRef"))
    moved = base[:3, 3] + [element.number("dx"), element.number("dy"), element.number("dz", 0.0)]
    heading = float(np.arctan2(base[1, 0], base[0, 0]))
    x, y, z = (float(v) for v in moved)
    return _posed(x, y, z, _turned(element, heading))


_KINDS: dict[str, Callable[[Element, OpenDriveMap, PoseOf], Matrix]] = {
    "WorldPosition": _world,
    "RoadPosition": _road_position,
    "RelativeRoadPosition": _relative_road,
    "LanePosition": _lane,
    "RelativeWorldPosition": _relative_world,
}
