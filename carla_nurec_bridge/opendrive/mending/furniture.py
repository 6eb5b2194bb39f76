"""What stands on roads and is drawn on them: pieces that no client can read are left out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ..geometry import MAP_REACH_M
from ..model import SPEED_SIGN
from ..reading.parse_lanes import NO_LIMITS, UNITS_MPS
from ..reading.speed_names import MOST_LIMIT, names_a_speed, speed_of_name
from .notes import Notes
from .numbers import lane_number, number

Piece = tuple[str, Element, Element]
"""What it is and why it cannot stay, its parent, itself."""

_UNREADABLE = "numbers cannot be read"
_NO_LIMIT = f"speed limits beyond {MOST_LIMIT:g}, which no sign shows,"
_NO_SPEED = (
    "objects whose names begin as those of speed limits, but tell none, of which clients die, get "
    "others"
)
_OBJECT_SIZES = ("zOffset", "hdg", "length", "width", "height")
_CORNER = ("u", "v", "z", "s", "t", "dz")
_LINE = ("length", "space", "tOffset", "width")
_SIGNAL_SIZES = ("value", "zOffset", "hOffset", "height", "width")


def mend_signal_numbers(road: Element, notes: Notes) -> None:
    """Leave out signals of no place, and of the others what is no number.

    Clients read either as 0: a light at the road's begin, a limit of nothing.
    """
    where = f"on road {road.get('id')}"
    for signals in road.iterfind("signals"):
        for signal in [x for x in signals if x.tag in ("signal", "signalReference")]:
            label = f"{signal.get('id')} {where}"
            fault = _misplaced(signal)
            if fault:
                signals.remove(signal)
                notes.add(f"signals whose {fault} are left out", label)
                continue
            for name in _SIGNAL_SIZES:
                if number(signal, name, 0.0) is None:
                    text = signal.attrib.pop(name)
                    notes.add(
                        "what is no number in a signal is left out", f"{name}={text!r} of {label}"
                    )
            limit = number(signal, "value", 0.0)
            if signal.get("type") == SPEED_SIGN and limit is not None and limit > MOST_LIMIT:
                text = signal.attrib.pop("value")
                notes.add(f"{_NO_LIMIT} are left out", f"value={text!r} of {label}")


def mend_furniture(road: Element, notes: Notes) -> None:
    """Leave out a road's objects, marks, speeds and validities with an attribute of no number.

    Clients read such an attribute as 0, which is no better known. So are objects left out that lie
    farther from their road than any map reaches.
    """
    where = f"road {road.get('id')}"
    _rename_speeds(road, where, notes)
    for what, parent, element in (
        *_objects(road),
        *_marks(road),
        *_speeds(road),
        *_validities(road),
    ):
        parent.remove(element)
        notes.add(f"{what} are left out", where)


def _misplaced(element: Element) -> str:
    """Say what is wrong with the place of a signal or an object, "" where nothing is.

    Clients hold places in 32 bits, which 1e300 is none of.
    """
    across_m = number(element, "t")
    if number(element, "s") is None or across_m is None:
        return "place is no number"
    if abs(across_m) > MAP_REACH_M:
        return "place is farther from their road than any map reaches"
    return ""


def _rename_speeds(road: Element, where: str, notes: Notes) -> None:
    """Give objects other names that clients take for speed limits, and die of: Speed_bump."""
    for item in road.iterfind("objects/object"):
        name = item.get("name", "")
        limit = speed_of_name(name)
        if names_a_speed(name) and (limit is None or limit > MOST_LIMIT):
            item.set("name", name.replace("_", " ", 1))
            what = f"{_NO_LIMIT} are no names of objects" if limit is not None else _NO_SPEED
            notes.add(what, f"{name!r} on {where} is {item.get('name')!r}")


def _objects(road: Element) -> Iterator[Piece]:
    for objects in road.iterfind("objects"):
        for item in objects.findall("object"):
            corners = [x for x in item.iter() if x.tag in ("cornerLocal", "cornerRoad")]
            fault = _misplaced(item)
            if not _fine(item, *_OBJECT_SIZES) or not all(_fine(x, *_CORNER) for x in corners):
                fault = fault or _UNREADABLE
            if fault:
                yield f"objects whose {fault}", objects, item


def _marks(road: Element) -> Iterator[Piece]:
    for lane in road.iterfind("lanes/laneSection/*/lane"):
        for mark in lane.findall("roadMark"):
            lines = mark.findall("type/line")
            if not _fine(mark, "sOffset", "width") or not all(_fine(x, *_LINE) for x in lines):
                yield f"road marks whose {_UNREADABLE}", lane, mark


def _speeds(road: Element) -> Iterator[Piece]:
    for path, start in (("type", "s"), ("lanes/laneSection/*/lane", "sOffset")):
        for parent in road.iterfind(path):
            for speed in parent.findall("speed"):
                told = speed.get("max") in NO_LIMITS or number(speed, "max") is not None
                known = speed.get("unit", "m/s") in UNITS_MPS
                if not (told and known and _fine(speed, start)):
                    yield f"speeds whose {_UNREADABLE}", parent, speed


def _validities(road: Element) -> Iterator[Piece]:
    for signal in road.iterfind("signals/*"):
        for validity in signal.findall("validity"):
            if None in (lane_number(validity, "fromLane"), lane_number(validity, "toLane")):
                yield f"validities whose {_UNREADABLE}", signal, validity


def _fine(element: Element, *names: str) -> bool:
    """Say whether attributes are numbers where they are there."""
    return all(number(element, name, 0.0) is not None for name in names)
