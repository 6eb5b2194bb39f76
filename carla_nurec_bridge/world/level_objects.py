"""What stands in a level and is no actor: parked vehicles, props, heads of lights, signs."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.frames import Matrix
from .object_classes import ObjectClass
from .states import Size


@dataclass(frozen=True, eq=False)
class LevelObject:
    """A part of a level with a box of its own.

    ``name`` is a light's OpenDRIVE id or what a user calls it, else empty. ``tags`` are the
    semantic tags that its pixels have, None where any may be.
    """

    name: str
    object_class: ObjectClass
    map_from_box: Matrix
    size_m: Size
    tags: frozenset[int] | None
