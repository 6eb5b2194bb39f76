"""A prim of a USD layer, as far as Gaussians need it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError

LAYERS_PUT = ("references", "payload")
"""How a prim says which layers are put at it."""
SCHEMAS = "apiSchemas"
"""What a prim is beside its type."""
TIMED = ".timeSamples"
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf")
_ANY_NUMBER = re.compile(rf"{_NUMBER.pattern}|nan")


@dataclass(frozen=True)
class Prim:
    """A prim: its path, type (may be empty), and attributes' values by their names.

    Values are text as text layers have it; what reads the arrays of binary layers is in ``arrays``.
    Those that change with time, whose names are in ``timed``, have their values of the first time.
    A layer's own fields are those of the prim ``/``; ``references`` are the layers put there.
    """

    path: str
    kind: str
    attributes: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, Callable[[], NDArray[Any]]] = field(default_factory=dict)
    timed: set[str] = field(default_factory=set)

    def numbers(self, name: str, count: int) -> tuple[float, ...] | None:
        """Return an attribute's numbers, None where it has not that many."""
        found = tuple(float(text) for text in _NUMBER.findall(self.attributes.get(name, "")))
        return found if len(found) == count else None

    def told(self, name: str, count: int, what: str) -> tuple[float, ...] | None:
        """Return an attribute's numbers, None without it; InputError where they are others."""
        found = self.numbers(name, count)
        if found is None and self.attributes.get(name, "None") != "None":
            shown = self.attributes[name][:60]
            raise InputError(f"{what}: {name} is {shown!r}; {count} numbers are needed")
        return found

    def rows(self, name: str, width: int) -> NDArray[np.float32] | None:
        """Return an array of numbers as (N, width); None where it has none, or another width."""
        if name in self.arrays:
            stored = self.arrays[name]()
        elif self.attributes.get(name, "").startswith("["):
            stored = np.array(_ANY_NUMBER.findall(self.attributes[name]), np.float64)
        else:
            return None
        if stored.size % width or stored.shape[1:] not in ((), (width,)):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return stored.reshape(-1, width).astype(np.float32)

    def word(self, name: str) -> str | None:
        """Return a token or string without its quotes, None where there is none."""
        text = self.attributes.get(name, "")
        return text[1:-1] if len(text) > 1 and text[0] in "\"'" else None
