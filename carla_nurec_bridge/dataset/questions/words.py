"""Words for classes, marks and times in questions."""

from __future__ import annotations

from collections.abc import Iterable

from ...world.object_classes import ObjectClass
from ..truth import ObjectMark

CARRIER = "the vehicle with the camera"
"""What questions call the vehicle that the camera is mounted on; it has no mark."""

_PLURALS = {ObjectClass.BUS: "buses"}


def plural(object_class: ObjectClass) -> str:
    """Return the plural of a class's word."""
    return _PLURALS.get(object_class, f"{object_class.value}s")


def marked(mark: ObjectMark) -> str:
    """Return how a question names a marked object, as ``the car marked 3``."""
    named = mark.object_class not in (ObjectClass.PROP, ObjectClass.OTHER)
    return f"the {mark.object_class.value if named else 'object'} marked {mark.mark}"


def time(seconds: float) -> str:
    """Return a time of the clip with one decimal."""
    return f"{seconds:.1f} s"


def sentence(text: str) -> str:
    """Return a text with a capital and a full stop, as a sentence has them."""
    return f"{text[0].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")


def joined(names: Iterable[str]) -> str:
    """Return names with ``and`` before the last."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
