"""The lanes that signals hold for, said such that clients take the same ones."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from .notes import Notes
from .numbers import in_order, lane_number, number


def mend_validities(road: Element, notes: Notes) -> None:
    """Say of a road's signals which of its lanes they hold for, as clients do not find out.

    They hand out lanes that a validity names and that are not there as ``None``, find no signal
    whose validity begins with the larger lane, and without one take the lanes against the
    signal's orientation on roads with traffic on the right. The road's lanes are mended before.
    """
    sections = in_order(road.findall("lanes/laneSection"), "s")
    for signal in road.iterfind("signals/*"):
        s = number(signal, "s")
        if signal.tag not in ("signal", "signalReference") or s is None or not sections:
            continue
        begun = [x for x in sections if (number(x, "s") or 0.0) <= s] or sections[:1]
        lanes = {0} | {lane_number(x) or 0 for x in begun[-1].iterfind("*/lane")}
        label = f"{signal.get('id')} on road {road.get('id')}"
        validities = signal.findall("validity")
        for validity in validities:
            _cut(validity, lanes, label, notes)
        if not validities:
            _add(signal, road.get("rule") == "LHT", lanes - {0}, label, notes)


def _cut(validity: Element, lanes: set[int], label: str, notes: Notes) -> None:
    named = (lane_number(validity, "fromLane") or 0, lane_number(validity, "toLane") or 0)
    low, high = sorted(named)
    held = [x for x in lanes if low <= x <= high] or [0]
    if named != (min(held), max(held)):
        _write(validity, held)
        notes.add(
            "validities that begin with the larger lane, or name lanes that are not there, are "
            "turned or cut to those that are",
            f"{low} to {high} of signal {label}",
        )


def _add(signal: Element, on_left: bool, lanes: set[int], label: str, notes: Notes) -> None:
    orientation = signal.get("orientation")
    if orientation not in ("+", "-"):
        return  # clients take all lanes, which is right
    along = (orientation == "+") == on_left
    taken_by_clients = {x for x in lanes if (x > 0) == (orientation == "+")}
    held = {x for x in lanes if (x > 0) == along}
    if held != taken_by_clients:
        _write(SubElement(signal, "validity"), list(held) or [0])
        notes.add(
            "signals without a validity, which clients take to hold for lanes against their "
            "orientation, get one",
            label,
        )


def _write(validity: Element, held: list[int]) -> None:
    validity.set("fromLane", str(min(held)))
    validity.set("toLane", str(max(held)))
