"""Names of CARLA's semantic tags."""

from __future__ import annotations

from functools import cache

from ..world.semantic_tags import SemanticTag, semantic_tags

ANY = 255


@cache
def _rows() -> dict[int, SemanticTag]:
    return {row.tag: row for row in semantic_tags()}


def label_of(tag: int) -> str:
    """Return a tag's name in ``carla.CityObjectLabel``; Other for unknown ones."""
    return _rows()[tag].label if tag in _rows() else "Other"


def static_type(tag: int) -> str:
    """Return what CARLA calls a level object that is met in a collision: ``static.building``."""
    name = _rows()[tag].name if tag in _rows() else "other"
    return f"static.{name.replace('_', '')}"
