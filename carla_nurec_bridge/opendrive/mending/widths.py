"""Widths of lanes as clients take them: no borders, and nothing below zero."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

import numpy as np

from .notes import Notes
from .numbers import in_order, lane_number, number

Cubic = tuple[float, float, float, float]
"""a, b, c, d: in powers of the distance from where it begins."""
Pieces = list[tuple[float, Cubic]]
"""Cubics with where they begin in metres of the section, in ascending order."""

_NOTHING: Cubic = (0.0, 0.0, 0.0, 0.0)
_ROUNDING_M = 1e-3
_ROUNDING = 1e-15


def borders_as_widths(group: Element, where: str, notes: Notes) -> None:
    """Write the borders of a side's lanes as widths, the only ones that clients know.

    A border is the lane's outer edge as a distance from the centre lane; a lane with both goes by
    its widths. Lanes without borders stay as they are.
    """
    if group.find("lane/border") is None:
        return
    lanes = [(lane_number(x) or 0, x) for x in group.iterfind("lane")]
    inner: Pieces = [(0.0, _NOTHING)]
    for lane_id, lane in sorted(lanes, key=lambda x: abs(x[0])):
        sign = 1.0 if lane_id > 0 else -1.0
        borders, widths = _pieces(lane, "border"), _pieces(lane, "width")
        if widths or not borders:
            inner = _sum(inner, widths, sign) if widths else inner
            continue
        for element in lane.findall("border"):
            lane.remove(element)
        _write(lane, [(s, _scaled(c, sign)) for s, c in _sum(borders, inner, -1.0)])
        notes.add("borders of lanes are written as widths", f"lane {lane_id} of {where}")
        inner = borders


def no_negative_widths(section: Element, length_m: float, where: str, notes: Notes) -> None:
    """Let lanes have no width where theirs is below zero: clients turn such lanes over."""
    for lane in section.iterfind("*/lane"):
        pieces = _pieces(lane, "width")
        if not pieces:
            continue
        ends = [*(start for start, _ in pieces[1:]), max(length_m, pieces[-1][0])]
        if all(
            _lowest(cubic, end - start) >= -_ROUNDING_M
            for (start, cubic), end in zip(pieces, ends, strict=True)
        ):
            continue
        _write(
            lane,
            [
                piece
                for (start, cubic), end in zip(pieces, ends, strict=True)
                for piece in _above_zero(start, cubic, end)
            ],
        )
        label = f"lane {lane.get('id')} of {where} at s={section.get('s')}"
        notes.add("widths below zero are taken as none", label)


def _pieces(lane: Element, tag: str) -> Pieces:
    """Return a lane's widths or borders; none where one of their numbers cannot be read."""
    found: Pieces = []
    for record in in_order(lane.findall(tag), "sOffset") or []:
        a, b, c, d = (number(record, x, 0.0) for x in "abcd")
        if a is None or b is None or c is None or d is None:
            return []
        found.append((number(record, "sOffset") or 0.0, (a, b, c, d)))
    return found


def _write(lane: Element, pieces: Pieces) -> None:
    """Let a lane have these widths, where its own were."""
    old = lane.findall("width")
    place = list(lane).index(old[0]) if old else int(lane.find("link") is not None)
    for element in old:
        lane.remove(element)
    for k, (start, cubic) in enumerate(pieces):
        values = {name: repr(value) for name, value in zip("abcd", cubic, strict=True)}
        lane.insert(place + k, Element("width", {"sOffset": repr(start), **values}))


def _above_zero(start: float, cubic: Cubic, end: float) -> Iterator[tuple[float, Cubic]]:
    """Yield a piece cut where it passes zero, and zero itself where it is below."""
    length_m = max(end - start, 0.0)
    cuts = [0.0, *(length_m * x for x in _zeros(cubic, length_m)), length_m]
    for low, high in pairwise(cuts):
        moved = _moved(cubic, low) if low else cubic
        yield start + low, moved if _value(cubic, 0.5 * (low + high)) > 0.0 else _NOTHING


def _zeros(cubic: Cubic, length_m: float) -> list[float]:
    """Return where a cubic is zero, as shares of a length between 0 and 1, in ascending order.

    None of one whose numbers are beyond all arithmetic: its map is refused later.
    """
    a, b, c, d = cubic
    parts = (a, length_m * b, length_m * length_m * c, length_m * length_m * length_m * d)
    largest = max(map(abs, parts))
    if not math.isfinite(largest):
        return []
    # What adds less than rounding does to the value anywhere would only make roots overflow.
    counting = [x if abs(x) > _ROUNDING * largest else 0.0 for x in parts[::-1]]
    roots = np.roots(np.trim_zeros(counting, "f"))
    return sorted(float(x.real) for x in roots if abs(x.imag) < 1e-9 and 0.0 < x.real < 1.0)


def _sum(first: Pieces, second: Pieces, sign: float) -> Pieces:
    """Return first + sign * second, with a piece from each start of either on."""
    starts = sorted({s for s, _ in first} | {s for s, _ in second})
    return [(s, _added(_at(first, s), _at(second, s), sign)) for s in starts]


def _at(pieces: Pieces, s: float) -> Cubic:
    """Return the cubic that holds at ``s``, begun there; before the first start the first one."""
    start, cubic = max((x for x in pieces if x[0] <= s), default=pieces[0], key=lambda x: x[0])
    return _moved(cubic, s - start)


def _added(first: Cubic, second: Cubic, sign: float) -> Cubic:
    a, b, c, d = (x + sign * y for x, y in zip(first, second, strict=True))
    return a, b, c, d


def _scaled(cubic: Cubic, factor: float) -> Cubic:
    return _added(_NOTHING, cubic, factor)


def _moved(cubic: Cubic, by: float) -> Cubic:
    """Return the same curve in powers of the distance from ``by``."""
    a, b, c, d = cubic
    return (
        a + by * (b + by * (c + by * d)),
        b + by * (2.0 * c + 3.0 * by * d),
        c + 3.0 * by * d,
        d,
    )


def _value(cubic: Cubic, at: float) -> float:
    return _moved(cubic, at)[0]


def _lowest(cubic: Cubic, length_m: float) -> float:
    """Return the lowest value from 0 to a length: at an end, or where the slope is zero."""
    _, b, c, d = cubic
    places = [0.0, length_m]
    if d:
        root = c * c - 3.0 * b * d
        if root > 0.0:
            places += [(-c + side * math.sqrt(root)) / (3.0 * d) for side in (1.0, -1.0)]
    elif c:
        places.append(-0.5 * b / c)
    return min(_value(cubic, x) for x in places if 0.0 <= x <= max(length_m, 0.0))
