"""Roads from XML: the reference line, profiles, links, signals and objects."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..curves import CurveShape, PlanView
from ..model import (
    Contact,
    Road,
    RoadLink,
    RoadObject,
    Signal,
    SignalReference,
    SpeedRecord,
    Validity,
)
from .elements import Node, cubics
from .parse_lanes import parse_sections, speed_record

MAX_LENGTH_M = 100_000.0


def parse_road(node: Node) -> Road:
    """Return one road; InputError names what is wrong in it."""
    road_id = node.text("id")
    node = Node(node.element, f"{node.where}, road {road_id}")
    length = node.number("length")
    if length <= 0.0:
        raise node.fail(f"length={length:g} must be above 0")
    if length > MAX_LENGTH_M:
        raise node.fail(f"length={length:g} is above {MAX_LENGTH_M:g} m; split the road")
    lanes = node.child("lanes")
    if lanes is None:
        raise node.fail("there is no <lanes>")
    junction = node.text("junction", "-1")
    return Road(
        id=road_id,
        name=node.text("name", ""),
        length=length,
        junction=None if junction in ("-1", "") else junction,
        left_hand=node.text("rule", "RHT") == "LHT",
        predecessor=_link(node, "predecessor"),
        successor=_link(node, "successor"),
        plan=parse_plan(node),
        elevation=cubics(list(node.children("elevationProfile/elevation")), "s"),
        superelevation=cubics(list(node.children("lateralProfile/superelevation")), "s"),
        lane_offset=cubics(list(lanes.children("laneOffset")), "s"),
        sections=parse_sections(lanes, length),
        speeds=_speeds(node),
        signals=tuple(_signal(x) for x in node.children("signals/signal")),
        signal_references=tuple(_reference(x) for x in node.children("signals/signalReference")),
        objects=tuple(_object(x) for x in node.children("objects/object")),
    )


def contact_point(node: Node, name: str = "contactPoint") -> Contact:
    """Return a contact point attribute, ``start`` or ``end``."""
    value = node.text(name)
    if value == "start":
        return "start"
    if value == "end":
        return "end"
    raise node.fail(f"{name}={value!r} must be start or end")


def _link(node: Node, which: str) -> RoadLink | None:
    link = node.child(f"link/{which}")
    if link is None:
        return None
    kind = link.text("elementType")
    if kind == "road":
        return RoadLink("road", link.text("elementId"), contact_point(link))
    if kind == "junction":
        return RoadLink("junction", link.text("elementId"), None)
    raise link.fail(f"elementType={kind!r} must be road or junction")


def _speeds(node: Node) -> tuple[SpeedRecord, ...]:
    records = []
    for kind in node.children("type"):
        speed = kind.child("speed")
        if speed is not None:
            limit = speed_record(speed, "sOffset").limit_mps
            records.append(SpeedRecord(kind.number("s", 0.0), limit))
    return tuple(sorted(records, key=lambda record: record.s))


def parse_plan(node: Node) -> PlanView:
    """Return the reference line of a road; InputError names what is wrong in it."""
    pieces = sorted(node.children("planView/geometry"), key=lambda piece: piece.number("s"))
    if not pieces:
        raise node.fail("there is no <planView> with a <geometry>")
    shapes, parameters = [], np.zeros((len(pieces), 9))
    for row, piece in zip(parameters, pieces, strict=True):
        length = piece.number("length")
        if length < 0.0:
            raise piece.fail(f"length={length:g} is below 0")
        shape, values = _shape(piece, length)
        shapes.append(shape)
        row[: len(values)] = values
    table = np.array([[p.number(a) for a in ("s", "x", "y", "hdg", "length")] for p in pieces])
    return PlanView(np.array(shapes), table[:, 0], table[:, 1:4], table[:, 4], parameters)


def _shape(piece: Node, length: float) -> tuple[CurveShape, list[float]]:
    for node in piece.children("*"):
        match node.element.tag:
            case "line":
                return CurveShape.LINE, []
            case "arc":
                return CurveShape.ARC, [node.number("curvature")]
            case "spiral":
                start, end = node.number("curvStart"), node.number("curvEnd")
                return CurveShape.SPIRAL, [start, (end - start) / max(length, 1e-9)]
            case "poly3":
                return CurveShape.POLY3, [node.number(x) for x in "abcd"]
            case "paramPoly3":
                names = [x + axis for axis in "UV" for x in "abcd"]
                normalized = node.text("pRange", "normalized") != "arcLength"
                values = [node.number(name) for name in names]
                if not any(values[1:4] + values[5:]):
                    raise node.fail("its curve has no length: all but aU and aV are 0")
                return CurveShape.PARAM_POLY3, [*values, 1.0 if normalized else max(length, 1e-9)]
    raise piece.fail("it holds none of line, arc, spiral, poly3, paramPoly3")


def _validities(node: Node) -> tuple[Validity, ...]:
    return tuple(
        Validity(x.whole("fromLane"), x.whole("toLane")) for x in node.children("validity")
    )


def _signal(node: Node) -> Signal:
    value = node.text("value", "")
    return Signal(
        id=node.text("id"),
        name=node.text("name", ""),
        s=node.number("s"),
        t=node.number("t"),
        z_offset=node.number("zOffset", 0.0),
        h_offset=node.number("hOffset", 0.0),
        orientation=node.text("orientation", "none"),
        dynamic=node.text("dynamic", "no") == "yes",
        type=node.text("type", ""),
        subtype=node.text("subtype", ""),
        value=node.number("value") if value.strip() else None,
        unit=node.text("unit", ""),
        text=node.text("text", ""),
        height_m=node.number("height", 0.0),
        width_m=node.number("width", 0.0),
        validities=_validities(node),
    )


def _reference(node: Node) -> SignalReference:
    return SignalReference(
        signal_id=node.text("id"),
        s=node.number("s"),
        t=node.number("t"),
        orientation=node.text("orientation", "none"),
        validities=_validities(node),
    )


def _object(node: Node) -> RoadObject:
    outlines: list[tuple[Literal["local", "road"], np.ndarray]] = []
    for outline in (*node.children("outline"), *node.children("outlines/outline")):
        local = [[c.number(x, 0.0) for x in "uvz"] for c in outline.children("cornerLocal")]
        road = [
            [c.number(x, 0.0) for x in ("s", "t", "dz")] for c in outline.children("cornerRoad")
        ]
        if local:
            outlines.append(("local", np.array(local)))
        if road:
            outlines.append(("road", np.array(road)))
    return RoadObject(
        id=node.text("id", ""),
        name=node.text("name", ""),
        type=node.text("type", ""),
        s=node.number("s"),
        t=node.number("t"),
        z_offset=node.number("zOffset", 0.0),
        heading=node.number("hdg", 0.0),
        length_m=node.number("length", 0.0),
        width_m=node.number("width", 0.0),
        height_m=node.number("height", 0.0),
        outlines=tuple(outlines),
    )
