"""Elements that a road has once, once."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from .notes import Notes

_FIRST_COUNTS = ("planView", "elevationProfile", "lateralProfile", "lanes")
"""Two of them say two things of one road: clients mix both, the standard knows one."""
_JOINED = ("link", "objects", "signals")
"""Lists, which clients read on in the second."""


def mend_doubled(road: Element, notes: Notes) -> None:
    """Leave one of each element that a road, a lane section and a lane has at most once."""
    where = f"road {road.get('id')}"
    for tag in _FIRST_COUNTS:
        for again in road.findall(tag)[1:]:
            road.remove(again)
            notes.add(f"of several <{tag}> of a road the first is taken", where)
    for tag in _JOINED:
        _join(road, tag, where, notes)
    for section in road.iterfind("lanes/laneSection"):
        for side in ("left", "center", "right"):
            _join(section, side, f"{where} at s={section.get('s')}", notes)


def _join(parent: Element, tag: str, where: str, notes: Notes) -> None:
    """Move what is in the second and later elements of one name into the first."""
    found = parent.findall(tag)
    for again in found[1:]:
        found[0].extend(again)
        parent.remove(again)
        notes.add(f"several <{tag}> of one <{parent.tag}> are joined", where)
