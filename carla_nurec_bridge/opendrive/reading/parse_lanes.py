"""Lane sections from XML: lanes, widths, marks, speeds."""

from __future__ import annotations

import numpy as np

from ..model import (
    Lane,
    LaneSection,
    Mark,
    MarkLine,
    SpeedRecord,
)
from .elements import Node, cubics

UNITS_MPS = {"m/s": 1.0, "mph": 0.44704, "km/h": 1.0 / 3.6}
NO_LIMITS = ("no limit", "undefined")
_WEIGHT_WIDTH_M = {"standard": 0.12, "bold": 0.25}


def parse_sections(lanes: Node, road_length: float) -> tuple[LaneSection, ...]:
    """Return the lane sections of a road in ascending order of s."""
    nodes = sorted(lanes.children("laneSection"), key=lambda node: node.number("s"))
    if not nodes:
        raise lanes.fail("there is no laneSection")
    starts = [node.number("s") for node in nodes]
    ends = [*starts[1:], max(road_length, starts[-1])]
    return tuple(
        _section(Node(node.element, f"{node.where}, section at s={start:g}"), start, end)
        for node, start, end in zip(nodes, starts, ends, strict=True)
    )


def _section(node: Node, start: float, end: float) -> LaneSection:
    lanes: dict[int, Lane] = {}
    for side, sign in (("left", 1), ("center", 0), ("right", -1)):
        for child in node.children(f"{side}/lane"):
            lane = _lane(child)
            if np.sign(lane.id) != sign:
                raise child.fail(f"lane {lane.id} cannot be on the side <{side}>")
            if lane.id in lanes:
                raise child.fail(f"lane {lane.id} is there twice")
            lanes[lane.id] = lane
    for sign in (1, -1):
        ids = sorted(abs(i) for i in lanes if i * sign > 0)
        if ids != list(range(1, len(ids) + 1)):
            raise node.fail(f"lane ids must count up from the centre, found {ids}")
    return LaneSection(start, end, lanes)


def _lane(node: Node) -> Lane:
    lane_id = node.whole("id")
    node = Node(node.element, f"{node.where}, lane {lane_id}")
    borders = list(node.children("border"))
    widths = list(node.children("width"))
    heights = [
        (h.number("sOffset"), h.number("inner"), h.number("outer")) for h in node.children("height")
    ]
    return Lane(
        id=lane_id,
        type=node.text("type", "none"),
        level=node.text("level", "false") in ("true", "1"),
        width=cubics(widths, "sOffset"),
        border=cubics(borders, "sOffset") if borders and not widths else None,
        heights=np.array(sorted(heights), dtype=np.float64).reshape(-1, 3),
        marks=tuple(sorted((_mark(m) for m in node.children("roadMark")), key=_s_offset)),
        speeds=tuple(
            sorted((speed_record(x, "sOffset") for x in node.children("speed")), key=lambda x: x.s)
        ),
        predecessor=_linked(node, "predecessor"),
        successor=_linked(node, "successor"),
    )


def _s_offset(mark: Mark) -> float:
    return mark.s_offset


def _linked(node: Node, which: str) -> int | None:
    link = node.child(f"link/{which}")
    return None if link is None else link.whole("id")


def _mark(node: Node) -> Mark:
    default = _WEIGHT_WIDTH_M.get(node.text("weight", "standard"), 0.12)
    width = node.number("width", default)
    lines = tuple(
        MarkLine(
            length_m=line.number("length", 0.0),
            space_m=line.number("space", 0.0),
            t_offset_m=line.number("tOffset", 0.0),
            width_m=line.number("width", width) or width,
        )
        for line in node.children("type/line")
    )
    return Mark(
        s_offset=node.number("sOffset", 0.0),
        type=node.text("type", "none"),
        colour=node.text("color", "standard"),
        width_m=width if width > 0.0 else default,
        lines=lines,
    )


def speed_record(node: Node, start: str) -> SpeedRecord:
    """Return a ``<speed>``: a number in its unit (m/s by default), "no limit" or "undefined"."""
    value = node.text("max")
    if value in NO_LIMITS:
        return SpeedRecord(node.number(start, 0.0), None)
    unit = node.text("unit", "m/s")
    if unit not in UNITS_MPS:
        raise node.fail(f"unit={unit!r} is none of {', '.join(UNITS_MPS)}")
    return SpeedRecord(node.number(start, 0.0), node.number("max") * UNITS_MPS[unit])
