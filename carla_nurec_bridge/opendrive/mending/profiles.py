"""A road's line, heights and furniture, begun at the road's begin and kept on the road."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element, SubElement

from .notes import Notes
from .numbers import in_order, number

SHAPES = ("line", "arc", "spiral", "poly3", "paramPoly3")
_NO_GAP_M = 1e-6
_NO_CURVATURE = 1e-12
"""In 1/m: leaves a road of 100 km by 5 mm, and clients' spirals are good to 1 mm from there."""
_WEAK_CURVATURE = 1e-5
"""In 1/m: clients take the middle of an arc in 32 bits, 8 mm apart at this radius."""
_NO_SAGITTA_M = 1e-3


def mend_profiles(road: Element, notes: Notes) -> None:
    """Begin a road's profiles at s = 0, and keep its signals and crosswalks on it."""
    where = f"road {road.get('id')}"
    for plan in road.iterfind("planView"):
        _begin_plan(plan, where, notes)
        for geometry in plan.iterfind("geometry"):
            _shape_first(geometry, where, notes)
            _straighten(geometry, where, notes)
    for parent, tag in (("elevationProfile", "elevation"), ("lanes", "laneOffset")):
        for profile in road.iterfind(parent):
            begin_at_zero(profile, tag, "s", where, notes)
    for path in ("signals/signal", "signals/signalReference"):
        for signal in road.iterfind(path):
            if (number(signal, "s") or 0.0) < 0.0:
                signal.set("s", "0")
                notes.add(
                    "signals before their road's begin are moved to it",
                    f"{signal.get('id')} on {where}",
                )
    length = number(road, "length")
    for item in road.iterfind("objects/object"):
        s = number(item, "s")
        if item.get("type") == "crosswalk" and s is not None and length and s > length > 0.0:
            item.set("s", repr(length))
            notes.add(
                "crosswalks beyond their road's end are moved to it", f"{item.get('id')} on {where}"
            )


def begin_at_zero(parent: Element, tag: str, start: str, where: str, notes: Notes) -> None:
    """Let the first of a table of cubics hold from 0 on, with its own first value until then.

    ``tag`` names the records below ``parent``, ``start`` their attribute that says where they
    begin (s, sOffset), ``where`` the place for the note.
    """
    records = in_order(parent.findall(tag), start)
    if not records or (number(records[0], start) or 0.0) <= 0.0:
        return
    first = Element(tag, {start: "0", "a": records[0].get("a", "0"), "b": "0", "c": "0", "d": "0"})
    parent.insert(list(parent).index(records[0]), first)
    notes.add(f"the first <{tag}> that begins late holds from 0 on", where)


def _begin_plan(plan: Element, where: str, notes: Notes) -> None:
    pieces = in_order(plan.findall("geometry"), "s")
    if not pieces:
        return
    first = pieces[0]
    s, x, y, heading = (number(first, name) for name in ("s", "x", "y", "hdg"))
    if s is None or x is None or y is None or heading is None or s <= 0.0:
        return
    if s < _NO_GAP_M:
        first.set("s", "0")
    else:
        before = Element(
            "geometry",
            s="0",
            x=repr(x - s * math.cos(heading)),
            y=repr(y - s * math.sin(heading)),
            hdg=repr(heading),
            length=repr(s),
        )
        SubElement(before, "line")
        plan.insert(list(plan).index(first), before)
    notes.add("lines of roads that begin late are drawn back to the begin", where)


def _shape_first(geometry: Element, where: str, notes: Notes) -> None:
    """Let the shape stand before all else in a geometry: clients die of another beginning."""
    shapes = [x for x in geometry if x.tag in SHAPES]
    if shapes and (geometry[0] is not shapes[0] or (geometry.text or "").strip()):
        geometry.text = None
        geometry.remove(shapes[0])
        geometry.insert(0, shapes[0])
        notes.add("what stands in a geometry before its shape is put behind it", where)


def _straighten(geometry: Element, where: str, notes: Notes) -> None:
    """Write curves that clients' arithmetic cannot hold as others of the same course.

    Clients divide by the curvature of an arc, in 32 bits, and by the change of a spiral's: what is
    left of rounding, such as 1e-17, takes them metres away.
    """
    for spiral in geometry.iterfind("spiral"):
        start, end = number(spiral, "curvStart"), number(spiral, "curvEnd")
        if start is not None and end is not None and abs(end - start) < _NO_CURVATURE:
            spiral.tag, spiral.attrib = "arc", {"curvature": repr(0.5 * (start + end))}
            notes.add("spirals of one curvature are written as arcs", where)
    for arc in geometry.iterfind("arc"):
        curvature, length = number(arc, "curvature"), number(geometry, "length") or 0.0
        if curvature is None or abs(curvature) >= _WEAK_CURVATURE:
            continue
        if 0.5 * abs(curvature) * length**2 < _NO_SAGITTA_M:
            arc.tag, arc.attrib = "line", {}
        else:
            arc.tag, arc.attrib = "paramPoly3", {"pRange": "arcLength", "bU": "1"}
            arc.attrib |= dict.fromkeys(("aU", "cU", "dU", "aV", "bV", "dV"), "0")
            arc.set("cV", repr(0.5 * curvature))
        notes.add("arcs of a radius beyond 100 km are written as lines and cubics", where)
