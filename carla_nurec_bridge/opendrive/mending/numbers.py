"""Numbers of elements, where they are numbers at all; what is none the parser refuses by name."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from ..reading.elements import plain_number


def number(element: Element, name: str, default: float | None = None) -> float | None:
    """Return a finite number, ``default`` where the attribute is missing or empty, else None."""
    text = (element.get(name) or "").strip()
    if not text:
        return default
    try:
        value = plain_number(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def lane_number(lane: Element, name: str = "id") -> int | None:
    """Return the number of a lane that an attribute holds, None when it is no whole number."""
    value = number(lane, name)
    return int(value) if value is not None and value == int(value) else None


def in_order(elements: list[Element], name: str) -> list[Element] | None:
    """Return elements by a number, None when one of them has none."""
    keys = [number(x, name) for x in elements]
    if None in keys:
        return None
    order = sorted(range(len(elements)), key=lambda k: (keys[k], k))
    return [elements[k] for k in order]
