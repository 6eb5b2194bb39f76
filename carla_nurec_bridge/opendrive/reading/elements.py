"""Typed access to XML elements: every error names the place in the map and the value found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ..model import Cubics


@dataclass(frozen=True)
class Node:
    """An element with the words that say where it is, such as ``map Town01, road 12``."""

    element: Element
    where: str

    def fail(self, what: str) -> InputError:
        """Return an error about this element, to be raised by the caller."""
        return InputError(f"{self.where}, <{self.element.tag}>: {what}")

    def child(self, path: str) -> Node | None:
        """Return the first element at ``path``, or None."""
        found = self.element.find(path)
        return None if found is None else Node(found, self.where)

    def children(self, path: str) -> Iterator[Node]:
        """Yield the elements at ``path``."""
        for found in self.element.iterfind(path):
            yield Node(found, self.where)

    def text(self, name: str, default: str | None = None) -> str:
        """Return an attribute; without default it must be there."""
        value = self.element.get(name, default)
        if value is None:
            raise self.fail(f"the attribute {name} is missing")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return a finite number; without default it must be there and not empty."""
        value = self.element.get(name)
        if (value is None or not value.strip()) and default is not None:
            return default
        try:
            number = plain_number(self.text(name))
        except ValueError:
            raise self.fail(f"{name}={value!r} is not a number") from None
        if not math.isfinite(number):
            raise self.fail(f"{name}={value!r} is not finite")
        return number

    def whole(self, name: str) -> int:
        """Return an integer attribute that must be there."""
        number = self.number(name)
        if number != int(number):
            raise self.fail(f"{name}={number:g} is not a whole number")
        return int(number)


def plain_number(text: str) -> float:
    """Return a number written as XML and CARLA's client write it; ValueError for all else.

    Python also takes "3_5" and the digits of other scripts, which the client reads as 3 and 0.
    """
    if not text.isascii() or "_" in text:
        raise ValueError(text)
    return float(text)


def cubics(nodes: list[Node], start: str) -> Cubics:
    """Return the pieces of ``nodes`` with attributes a, b, c, d from attribute ``start`` on."""
    rows = sorted(
        ([node.number(start, 0.0), *(node.number(x, 0.0) for x in "abcd")] for node in nodes),
        key=lambda row: row[0],
    )
    table: NDArray[np.float64] = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return Cubics(table[:, 0], table[:, 1:])
