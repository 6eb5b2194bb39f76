"""What stands on roads and is drawn on them: pieces whose numbers cannot be read are left out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ..reading.parse_lanes import NO_LIMITS, UNITS_MPS
from .notes import Notes
from .numbers import lane_number, number

Piece = tuple[str, Element, Element]
"""What it is called, its parent, itself."""

_OBJECT_SIZES = ("zOffset", "hdg", "length", "width", "height")
_CORNER = ("u", "v", "z", "s", "t", "dz")
_LINE = ("length", "space", "tOffset", "width")
_SIGNAL_SIZES = ("value", "zOffset", "hOffset", "height", "width")
_MOST_AWAY_M = 25_000.0
"""Maps reach as far from the origin; clients get places as float32, which 1e300 is none of."""


def mend_signal_numbers(road: Element, notes: Notes) -> None:
    """Leave out signals of no place, and of the others what is no number.

    Clients read either as 0: a light at the road's begin, a limit of nothing.
    """
    where = f"on road {road.get('id')}"
    for signals in road.iterfind("signals"):
        for signal in [x for x in signals if x.tag in ("signal", "signalReference")]:
            label = f"{signal.get('id')} {where}"
            if not _placed(signal):
                signals.remove(signal)
                notes.add(
                    "signals whose place is no number, or farther from their road than any map "
                    "reaches, are left out",
                    label,
                )
                continue
            for name in _SIGNAL_SIZES:
                if number(signal, name, 0.0) is None:
                    text = signal.attrib.pop(name)
                    notes.add(
                        "what is no number in a signal is left out", f"{name}={text!r} of {label}"
                    )


def mend_furniture(road: Element, notes: Notes) -> None:
    """Leave out a road's objects, marks, speeds and validities with an attribute of no number.

    Clients read such an attribute as 0, which is no better known. So are objects left out that lie
    farther from their road than any map reaches.
    """
    where = f"road {road.get('id')}"
    for kind, parent, element in (
        *_objects(road),
        *_marks(road),
        *_speeds(road),
        *_validities(road),
    ):
        parent.remove(element)
        notes.add(f"{kind} whose numbers cannot be read are left out", where)


def _placed(element: Element) -> bool:
    """Tell whether a signal or an object has a place, and one that a map may have."""
    across_m = number(element, "t")
    return (
        number(element, "s") is not None and across_m is not None and abs(across_m) <= _MOST_AWAY_M
    )


def _objects(road: Element) -> Iterator[Piece]:
    for objects in road.iterfind("objects"):
        for item in objects.findall("object"):
            corners = [x for x in item.iter() if x.tag in ("cornerLocal", "cornerRoad")]
            if not (_placed(item) and _fine(item, *_OBJECT_SIZES)) or not all(
                _fine(x, *_CORNER) for x in corners
            ):
                yield "objects", objects, item


def _marks(road: Element) -> Iterator[Piece]:
    for lane in road.iterfind("lanes/laneSection/*/lane"):
        for mark in lane.findall("roadMark"):
            lines = mark.findall("type/line")
            if not _fine(mark, "sOffset", "width") or not all(_fine(x, *_LINE) for x in lines):
                yield "road marks", lane, mark


def _speeds(road: Element) -> Iterator[Piece]:
    for path, start in (("type", "s"), ("lanes/laneSection/*/lane", "sOffset")):
        for parent in road.iterfind(path):
            for speed in parent.findall("speed"):
                told = speed.get("max") in NO_LIMITS or number(speed, "max") is not None
                known = speed.get("unit", "m/s") in UNITS_MPS
                if not (told and known and _fine(speed, start)):
                    yield "speeds", parent, speed


def _validities(road: Element) -> Iterator[Piece]:
    for signal in road.iterfind("signals/*"):
        for validity in signal.findall("validity"):
            if None in (lane_number(validity, "fromLane"), lane_number(validity, "toLane")):
                yield "validities", signal, validity


def _fine(element: Element, *names: str) -> bool:
    """Say whether attributes are numbers where they are there."""
    return all(number(element, name, 0.0) is not None for name in names)
