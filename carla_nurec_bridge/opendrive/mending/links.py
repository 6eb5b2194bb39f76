"""Links that lead somewhere: between roads, through junctions, from lane to lane."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from ..reading.elements import Node
from ..reading.parse_roads import parse_plan
from .identity import number_connections
from .notes import Notes
from .numbers import in_order, lane_number, number

_DIRECTIONS = ("predecessor", "successor")
_CONTACTS = {"predecessor": "start", "successor": "end"}


def mend_road_links(root: Element, notes: Notes, name: str) -> None:
    """Leave out links to what is not there; find the end of a road that a link does not name."""
    roads = {x.get("id"): x for x in root.iterfind("road")}
    junctions = {x.get("id") for x in root.iterfind("junction")}
    for road in root.iterfind("road"):
        for links in road.iterfind("link"):
            for link in [x for x in links if x.tag in _DIRECTIONS]:
                kind, other = link.get("elementType"), link.get("elementId")
                if kind is None and (other in roads) != (other in junctions):
                    kind = "road" if other in roads else "junction"
                    link.set("elementType", kind)
                    notes.add("links that do not say what they lead to are completed", _of(road))
                known = roads if kind == "road" else junctions
                if kind in ("road", "junction", None) and (kind is None or other not in known):
                    links.remove(link)
                    notes.add(
                        "links to roads and junctions that are not there are left out",
                        f"{link.tag} {other} of {_of(road)}",
                    )
                elif kind == "road" and not link.get("contactPoint"):
                    link.set("contactPoint", _touching(road, link.tag, roads[other], name))
                    notes.add(
                        "links that do not say which end of a road they meet get the nearer",
                        f"{link.tag} of {_of(road)}",
                    )


def mend_connections(root: Element, notes: Notes) -> None:
    """Complete connections from their connecting roads; leave out those that cannot be."""
    roads = {x.get("id"): x for x in root.iterfind("road")}
    for junction in root.iterfind("junction"):
        where = f"junction {junction.get('id')}"
        number_connections(junction, notes)
        for connection in junction.findall("connection"):
            label = f"{connection.get('id')} of {where}"
            for link in connection.findall("laneLink"):
                if None in (number(link, "from"), number(link, "to")):
                    connection.remove(link)
                    notes.add("links of lanes that name no lanes are left out", label)
            connecting = roads.get(connection.get("connectingRoad"))
            if connecting is None:
                junction.remove(connection)
                notes.add("connections over roads that are not there are left out", label)
                continue
            incoming = connection.get("incomingRoad")
            if incoming in roads and connection.get("contactPoint"):
                continue
            entries = _entries(connecting, connection.get("contactPoint"))
            entries = {k: v for k, v in entries.items() if incoming not in roads or v == incoming}
            if not entries:
                junction.remove(connection)
                notes.add(
                    "connections whose incoming road or contact point is missing, and whose "
                    "connecting road does not tell it, are left out",
                    label,
                )
                continue
            contact, entry = next(iter(entries.items()))
            connection.set("incomingRoad", entry)
            connection.set("contactPoint", contact)
            notes.add(
                "connections that do not name an incoming road that is there, or the end "
                "at which they begin, take both from their connecting road",
                label,
            )


def _entries(connecting: Element, contact: str | None) -> dict[str, str]:
    """Return the roads that a connecting road touches, by its own end."""
    found = {}
    for direction in _DIRECTIONS:
        link = connecting.find(f"link/{direction}")
        if link is not None and link.get("elementType") == "road":
            found[_CONTACTS[direction]] = link.get("elementId", "")
    return {end: road for end, road in found.items() if contact in (None, "", end)}


def mend_lane_links(root: Element, notes: Notes) -> None:
    """Leave out links of lanes to lanes that the linked section does not have."""
    sections = {
        road.get("id"): in_order(road.findall("lanes/laneSection"), "s") or []
        for road in root.iterfind("road")
    }
    lanes = {
        road_id: [{lane_number(lane) for lane in x.iterfind("*/lane")} for x in of_road]
        for road_id, of_road in sections.items()
    }
    for road in root.iterfind("road"):
        own, beyond = (
            lanes[road.get("id")],
            [_beyond(road, direction, lanes) for direction in _DIRECTIONS],
        )
        for k, section in enumerate(sections[road.get("id")]):
            around = (
                own[k - 1] if k else beyond[0],
                own[k + 1] if k + 1 < len(own) else beyond[1],
            )
            for lane in section.iterfind("*/lane"):
                for links in lane.iterfind("link"):
                    for direction, there in zip(_DIRECTIONS, around, strict=True):
                        _drop_strays(
                            links, direction, there, f"lane {lane.get('id')} of {_of(road)}", notes
                        )


def _beyond(
    road: Element, direction: str, lanes: dict[str | None, list[set[int | None]]]
) -> set[int | None] | None:
    """Return the lanes that meet an end of a road; None where no road does."""
    link = road.find(f"link/{direction}")
    if link is None or link.get("elementType") != "road":
        return None
    there = lanes.get(link.get("elementId"))
    if not there:
        return None
    return there[0 if link.get("contactPoint") == "start" else -1]


def _drop_strays(
    links: Element, direction: str, there: set[int | None] | None, where: str, notes: Notes
) -> None:
    for link in links.findall(direction):
        lane_id = lane_number(link)
        if lane_id is None or (there is not None and lane_id not in there):
            links.remove(link)
            notes.add(
                "links to lanes that are not there are left out",
                f"{direction} {link.get('id')} of {where}",
            )


def _touching(road: Element, direction: str, other: Element, name: str) -> str:
    """Return which end of the other road lies nearer to an end of this one."""
    mine = _end(road, _CONTACTS[direction], name)
    apart = {end: math.dist(mine, _end(other, end, name)) for end in ("start", "end")}
    return min(apart, key=lambda end: apart[end])


def _end(road: Element, end: str, name: str) -> tuple[float, float]:
    plan = parse_plan(Node(road, f"map {name}, {_of(road)}"))
    x, y, _ = plan.pose(0.0 if end == "start" else number(road, "length", 0.0) or 0.0)
    return float(x), float(y)


def _of(road: Element) -> str:
    return f"road {road.get('id')}"
