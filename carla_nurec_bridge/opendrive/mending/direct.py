"""Direct junctions (OpenDRIVE 1.7 on), whose roads touch each other, in words that clients know.

Clients know connecting roads only, and of these ask that their links lead to the incoming road. So
of two roads that touch, the one that meets no other there gets plain links, and stands as the
connecting road of a connection that begins at the other one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .notes import Notes
from .numbers import in_order, lane_number

_WAYS = {"start": "predecessor", "end": "successor"}
End = tuple[str, str]
"""The id of a road, and which of its ends: start or end."""


@dataclass(frozen=True)
class _Touch:
    """A connection of a direct junction: the ends that touch, and which lanes go on as which."""

    element: Element
    incoming: End
    linked: End
    lanes: tuple[tuple[str, str], ...]


def mend_direct(root: Element, notes: Notes) -> None:
    """Write the connections of direct junctions as those of connecting roads."""
    roads = {x.get("id", ""): x for x in root.iterfind("road")}
    for junction in root.iterfind("junction"):
        junction_id = junction.get("id", "")
        touches = [
            touch
            for connection in junction.iterfind("connection")
            if connection.get("connectingRoad") not in roads
            for touch in _touches(connection, roads, junction_id)
        ]
        partners: dict[End, set[End]] = defaultdict(set)
        for touch in touches:
            partners[touch.incoming].add(touch.linked)
            partners[touch.linked].add(touch.incoming)
        for touch in touches:
            if len(partners[touch.linked]) == 1:
                _connect(roads, touch.element, touch.incoming, touch.linked, touch.lanes)
            elif len(partners[touch.incoming]) == 1:
                turned = tuple((there, here) for here, there in touch.lanes)
                _connect(roads, touch.element, touch.linked, touch.incoming, turned)
            else:
                continue
            notes.add(
                "connections of direct junctions are written as those of connecting roads",
                f"{touch.element.get('id')} of junction {junction_id}",
            )


def _touches(connection: Element, roads: dict[str, Element], junction_id: str) -> list[_Touch]:
    """Return what a connection joins; nothing where the roads or their ends are not told."""
    incoming, linked = connection.get("incomingRoad", ""), connection.get("linkedRoad", "")
    contact = connection.get("contactPoint", "")
    if incoming not in roads or linked not in roads or contact not in _WAYS:
        return []
    ends = [end for end in _WAYS if _leads_to(roads[incoming], end, junction_id)]
    if len(ends) != 1:
        return []
    links = connection.findall("laneLink")
    lanes = tuple((x.get("from", ""), x.get("to", "")) for x in links)
    return [_Touch(connection, (incoming, ends[0]), (linked, contact), lanes)]


def _leads_to(road: Element, end: str, junction_id: str) -> bool:
    link = road.find(f"link/{_WAYS[end]}")
    return (
        link is not None
        and link.get("elementType") == "junction"
        and link.get("elementId") == junction_id
    )


def _connect(
    roads: dict[str, Element],
    connection: Element,
    begin: End,
    connecting: End,
    lanes: tuple[tuple[str, str], ...],
) -> None:
    """Let a connection lead from one road's end to another's, which links back plainly."""
    road_id, end = connecting
    connection.attrib |= {
        "incomingRoad": begin[0],
        "connectingRoad": road_id,
        "contactPoint": end,
    }
    for link, (here, there) in zip(connection.findall("laneLink"), lanes, strict=True):
        link.attrib |= {"from": here, "to": there}
    road = roads[road_id]
    links = _child(road, "link")
    back = _child(links, _WAYS[end])
    back.attrib = {"elementType": "road", "elementId": begin[0], "contactPoint": begin[1]}
    sections = in_order(road.findall("lanes/laneSection"), "s") or []
    if not sections:
        return
    for lane in sections[0 if end == "start" else -1].iterfind("*/lane"):
        for here, there in lanes:
            if str(lane_number(lane)) == there:
                _child(_child(lane, "link"), _WAYS[end]).set("id", here)


def _child(parent: Element, tag: str) -> Element:
    """Return the first child of a name; where there is none a new one, before all others."""
    found = parent.find(tag)
    if found is None:
        found = Element(tag)
        parent.insert(0, found)
    return found
