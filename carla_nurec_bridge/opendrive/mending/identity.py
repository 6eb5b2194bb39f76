"""Ids that clients can tell apart: roads and junctions by number, signals and controllers once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import count
from xml.etree.ElementTree import Element

from ..reading.speed_names import names_a_speed
from .notes import Notes
from .numbers import number

LARGEST_ID = 2**31 - 1
"""The client library keeps the ids of roads and junctions in 32 bits, one of them for the sign."""

LONGEST_SIGNAL_ID = 31
"""Bytes: CARLA's state of a light or sign has 32 for its id and the end of it."""

NO_JUNCTION = "-1"
_ENDS = ("road/link/predecessor", "road/link/successor")
_ROAD_NAMES = (
    ("junction/connection", "incomingRoad"),
    ("junction/connection", "connectingRoad"),
    ("junction/connection", "linkedRoad"),
    ("junction", "mainRoad"),
    ("junction/priority", "high"),
    ("junction/priority", "low"),
    ("junction/crossPath", "crossingRoad"),
    ("junction/boundary/segment", "roadId"),
    ("station/platform/segment", "roadId"),
)
_SIGNAL_NAMES = (
    ("road/signals/signal", "id"),
    ("road/signals/signalReference", "id"),
    ("road/signals/signal/dependency", "id"),
    ("road/signals/signal/reference", "elementId"),
    ("controller/control", "signalId"),
    ("road/objects/object", "id"),
    ("road/objects/objectReference", "id"),
)
_JUNCTION_NAMES = (("road", "junction"), ("junctionGroup/junctionReference", "junction"))


def mend_roads(root: Element, notes: Notes) -> None:
    """Give roads whose ids are no numbers of a client new ones, wherever they are named."""
    new = _numbers(root.findall("road"))
    for old, renamed_to in new.items():
        notes.add(
            f"ids of roads that are no whole numbers of 0 to {LARGEST_ID} are replaced",
            f"{old!r} by {renamed_to}",
        )
    _rename(root, _ROAD_NAMES, "road", new)


def mend_junctions(root: Element, notes: Notes) -> None:
    """Join junctions of one id, give new ids as to roads, and add junctions that roads name."""
    roads = root.findall("road")
    _name_junctions(root, roads, notes)
    _join(root, "junction", notes)
    taken = {x.get("id") for x in roads}
    new = _numbers(root.findall("junction"), taken)
    for old, renamed_to in new.items():
        notes.add(
            f"ids of junctions that are a road's as well, which clients take for the road, or no "
            f"whole numbers of 0 to {LARGEST_ID} are replaced",
            f"{old!r} by {renamed_to}",
        )
    for road in roads:
        if not (road.get("junction") or "").strip():
            road.set("junction", NO_JUNCTION)
            notes.add(
                "roads that do not say whether they lie in a junction lie in none",
                f"road {road.get('id')}",
            )
    _rename(root, _JUNCTION_NAMES, "junction", new)
    known = {x.get("id") for x in root.iterfind("junction")}
    absent = {x.get("junction", "") for x in roads} - known - {NO_JUNCTION}
    others = _canonical(known | taken)
    renamed = dict(zip(sorted(absent), _fresh(others, sorted(absent)), strict=True))
    for junction_id in sorted(absent):
        root.append(Element("junction", id=renamed[junction_id], name=""))
        notes.add("junctions that are only named by roads are added", junction_id)
    _rename(root, _JUNCTION_NAMES, "junction", renamed)


def _name_junctions(root: Element, roads: list[Element], notes: Notes) -> None:
    """Give junctions without an id the one by which their connecting roads name them."""
    named = {road.get("id"): (road.get("junction") or "").strip() for road in roads}
    for junction in root.findall("junction"):
        if (junction.get("id") or "").strip():
            continue
        ways = [named.get(x.get("connectingRoad"), "") for x in junction.iterfind("connection")]
        junction_id = next((x for x in ways if x not in ("", NO_JUNCTION)), "")
        if junction_id:
            junction.set("id", junction_id)
            notes.add("junctions without an id get the one that their roads name", junction_id)
        else:
            root.remove(junction)
            notes.add("junctions without an id that no road names are left out", "one")


def number_connections(junction: Element, notes: Notes) -> None:
    """Give the connections of a junction numbers of their own: clients keep one of each number."""
    connections = junction.findall("connection")
    free = _free(_canonical(x.get("id") for x in connections))
    seen: set[str] = set()
    for connection in connections:
        old = connection.get("id", "")
        if not _is_number(old) or old in seen:
            connection.set("id", str(next(free)))
            notes.add(
                "connections of a junction without a number of their own get one",
                f"{old or 'one without an id'} of junction {junction.get('id')} is "
                f"{connection.get('id')}",
            )
        seen.add(connection.get("id", ""))


def mend_signals(root: Element, notes: Notes) -> None:
    """Give every signal an id of its own, and leave out references to signals that are not there.

    What names a doubled id means its first signal.
    """
    # Of objects called Speed_N clients make signals.
    objects = root.iterfind("road/objects/object")
    limits = [x.get("id", "") for x in objects if names_a_speed(x.get("name", ""))]
    ids = [*(x.get("id", "") for x in root.iterfind("road/signals/signal")), *limits]
    free = _free({int(x) for x in ids if x.isdecimal()})
    _shorten(root, ids, free, notes)
    seen: dict[str, tuple[Element, dict[str, str]]] = {}
    for road in root.iterfind("road"):
        for signals in road.iterfind("signals"):
            for signal in signals.findall("signal"):
                old = signal.get("id", "")
                where = f"signal {old or 'without an id'} on road {road.get('id')}"
                if old and old not in seen:
                    seen[old] = road, dict(signal.attrib)
                elif old and seen[old] == (road, dict(signal.attrib)):
                    signals.remove(signal)
                    notes.add("signals that are there twice, all alike, are left out once", where)
                else:
                    signal.set("id", str(next(free)))
                    notes.add(
                        "signals without an id of their own get one; what names a doubled "
                        "id means its first signal",
                        f"{where} is {signal.get('id')}",
                    )
    known = {x.get("id") for x in root.iterfind("road/signals/signal")}
    for road in root.iterfind("road"):
        for signals in road.iterfind("signals"):
            for reference in signals.findall("signalReference"):
                if reference.get("id") not in known:
                    signals.remove(reference)
                    notes.add(
                        "signal references to signals that are not there are left out",
                        f"{reference.get('id')} on road {road.get('id')}",
                    )


def _shorten(root: Element, ids: list[str], free: Iterator[int], notes: Notes) -> None:
    """Give signals whose ids clients cannot hold new ones, wherever they are named."""
    long = dict.fromkeys(x for x in ids if len(x.encode()) > LONGEST_SIGNAL_ID)
    new = {old: str(next(free)) for old in long}
    if not new:
        return
    for path, attribute in _SIGNAL_NAMES:
        for element in root.iterfind(path):
            element.set(attribute, new.get(element.get(attribute, ""), element.get(attribute, "")))
    for old, short in new.items():
        notes.add(
            f"ids of signals longer than {LONGEST_SIGNAL_ID} bytes, the most that clients are told "
            "of a light's, are replaced",
            f"{old!r} by {short}",
        )


def mend_controllers(root: Element, notes: Notes) -> None:
    """Join controllers of one id, and let them name only what is there."""
    _join(root, "controller", notes)
    for controller in root.iterfind("controller"):
        if number(controller, "sequence", 0.0) is None:
            del controller.attrib["sequence"]
            notes.add(
                "sequences of controllers that are no numbers are left out",
                controller.get("id", ""),
            )
    for path, attribute, targets in (
        ("controller", "signalId", "road/signals/signal"),
        ("junction", "id", "controller"),
    ):
        known = {x.get("id") for x in root.iterfind(targets)}
        for owner in root.iterfind(path):
            for named in owner.findall("control" if path == "controller" else "controller"):
                if named.get(attribute) not in known:
                    owner.remove(named)
                    notes.add(
                        "what controllers and junctions control that is not there is left out",
                        f"{named.get(attribute)} in {path} {owner.get('id')}",
                    )


def _join(root: Element, tag: str, notes: Notes) -> None:
    first: dict[str, Element] = {}
    for element in root.findall(tag):
        name = element.get("id")
        if name is None:
            continue
        if name in first:
            first[name].extend(list(element))
            root.remove(element)
            notes.add(f"{tag}s of one id are joined", name)
        first.setdefault(name, element)


def _numbers(
    elements: Iterable[Element], others: AbstractSet[str | None] = frozenset()
) -> dict[str, str]:
    """Return new ids for those that are no numbers of a client; the first of a doubled id counts.

    ``others`` are ids that are given away as well. A number that is only written oddly (" 7", "07")
    keeps its value where that is free.
    """
    ids = [x.get("id") for x in elements]
    names = list(dict.fromkeys(x for x in ids if x is not None))
    odd = [x for x in names if not _is_number(x) or x in others]
    taken = _canonical({*others, *names})
    return dict(zip(odd, _fresh(taken, odd), strict=True))


def _fresh(taken: set[int], names: list[str]) -> Iterator[str]:
    """Yield a free number for each name, its own where it can be."""
    wished = {int(x) for x in names if x.strip().isdecimal() and int(x) <= LARGEST_ID}
    free = _free(taken | wished)
    for name in names:
        own = int(name) if name.strip().isdecimal() else LARGEST_ID + 1
        given = next(free) if own > LARGEST_ID or own in taken else own
        taken.add(given)
        yield str(given)


def _free(taken: set[int]) -> Iterator[int]:
    return (x for x in count(1) if x not in taken)


def _canonical(names: Iterable[str | None]) -> set[int]:
    return {int(x) for x in names if x is not None and _is_number(x)}


def _is_number(name: str) -> bool:
    """Say whether a client reads an id as the number that it is written as."""
    return (
        name.isdecimal() and name.isascii() and str(int(name)) == name and int(name) <= LARGEST_ID
    )


def _rename(
    root: Element, names: Iterable[tuple[str, str]], kind: str, new: dict[str, str]
) -> None:
    if not new:
        return
    for element in root.iterfind(kind):
        element.set("id", new.get(element.get("id", ""), element.get("id", "")))
    for path, attribute in names:
        for element in root.iterfind(path):
            old = element.get(attribute)
            # A road's -1 means no junction, whatever a junction is called.
            if old in new and (path, old) != ("road", NO_JUNCTION):
                element.set(attribute, new[old])
    for path in _ENDS:
        for element in root.iterfind(path):
            old = element.get("elementId")
            if old in new and element.get("elementType") == kind:
                element.set("elementId", new[old])
