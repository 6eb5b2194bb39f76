"""Lane sections that clients can walk: a centre lane, no gap in the numbers, widths from 0 on."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from .notes import Notes
from .numbers import in_order, lane_number, number
from .profiles import begin_at_zero
from .widths import borders_as_widths, no_negative_widths

SIDES = (("left", 1), ("center", 0), ("right", -1))
_MOST_LANES = 100
_SHORTEST_M = 1e-9


def mend_lanes(road: Element, notes: Notes) -> None:
    """Mend a road's lane sections and the lanes in them."""
    where = f"road {road.get('id')}"
    length = number(road, "length")
    for lanes in road.iterfind("lanes"):
        if length is not None:
            _keep_on_road(lanes, length, where, notes)
        for section in lanes.iterfind("laneSection"):
            place = f"{where} at s={section.get('s')}"
            _sort_sides(section, place, notes)
            _add_centre(section, place, notes)
            for side, sign in SIDES:
                for group in section.iterfind(side):
                    _close_gaps(group, sign, place, notes)
            for group in section:
                borders_as_widths(group, place, notes)
            for lane in section.iterfind("*/lane"):
                begin_at_zero(lane, "width", "sOffset", f"lane {lane.get('id')} of {place}", notes)
        for section, end in _ends(lanes, length):
            no_negative_widths(section, end, where, notes)


def _keep_on_road(lanes: Element, length: float, where: str, notes: Notes) -> None:
    """Let sections begin at 0, one at a place, and leave out those at or beyond the road's end."""
    sections = in_order(lanes.findall("laneSection"), "s")
    if not sections:
        return
    for k, section in enumerate(sections):
        s = number(section, "s") or 0.0
        if s < 0.0 or (k == 0 and s > 0.0):
            section.set("s", "0")
            notes.add("lane sections that begin before their road, or late, begin with it", where)
    starts = [number(x, "s") or 0.0 for x in sections]
    for k, section in enumerate(sections):
        if starts[k] > 0.0 and starts[k] >= length - _SHORTEST_M:
            lanes.remove(section)
            notes.add("lane sections that begin at or beyond their road's end are left out", where)
        elif k + 1 < len(sections) and starts[k + 1] == starts[k]:
            lanes.remove(section)
            notes.add("of lane sections that begin at one place the last one is taken", where)


def _ends(lanes: Element, length: float | None) -> Iterator[tuple[Element, float]]:
    """Yield the sections with their lengths in metres, where all begin at numbers."""
    sections = in_order(lanes.findall("laneSection"), "s") or []
    starts = [number(x, "s") or 0.0 for x in sections] + [length or 0.0]
    for section, begin, end in zip(sections, starts[:-1], starts[1:], strict=True):
        yield section, end - begin


def _sort_sides(section: Element, where: str, notes: Notes) -> None:
    """Move lanes to the side that their number says, as clients take them."""
    for side, sign in SIDES:
        for group in section.findall(side):
            for lane in group.findall("lane"):
                lane_id = lane_number(lane)
                # A centre lane in a wrong place is left to the parser, which refuses it.
                if not lane_id or sign == 0 or lane_id * sign > 0:
                    continue
                group.remove(lane)
                _side(section, "left" if lane_id > 0 else "right").append(lane)
                notes.add(
                    "lanes on the wrong side of their section are moved to the other",
                    f"lane {lane_id} of {where}",
                )
            if not len(group) and sign:
                section.remove(group)


def _side(section: Element, name: str) -> Element:
    found = section.find(name)
    if found is not None:
        return found
    group = Element(name)
    if name == "left":
        section.insert(0, group)
    else:
        section.append(group)
    return group


def _add_centre(section: Element, where: str, notes: Notes) -> None:
    if section.find("center/lane") is not None:
        return
    centre = section.find("center")
    if centre is None:
        centre = Element("center")
        left = section.find("left")
        section.insert(0 if left is None else list(section).index(left) + 1, centre)
    SubElement(centre, "lane", id="0", type="none", level="false")
    notes.add("lane sections without a centre lane get one", where)


def _close_gaps(group: Element, sign: int, where: str, notes: Notes) -> None:
    """Fill gaps in the numbers with lanes of no width, so that all others keep their numbers."""
    ids = {abs(x) for x in map(lane_number, group.findall("lane")) if x is not None}
    if not ids or max(ids) > _MOST_LANES:
        return
    for lane_id in sorted(set(range(1, max(ids) + 1)) - ids):
        lane = SubElement(group, "lane", id=str(sign * lane_id), type="none", level="false")
        SubElement(lane, "width", sOffset="0", a="0", b="0", c="0", d="0")
        notes.add(
            "gaps in the numbers of lanes are filled with lanes of no width",
            f"lane {sign * lane_id} of {where}",
        )
