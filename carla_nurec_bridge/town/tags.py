"""Names of CARLA's semantic tags."""

from __future__ import annotations

from functools import cache

import yaml

from ..core.resources import config_path

ANY = 255


@cache
def _rows() -> dict[int, dict[str, object]]:
    table = yaml.safe_load(config_path("carla", "semantic_tags.yaml").read_text(encoding="utf-8"))
    return {row["tag"]: row for row in table["tags"]}


def label_of(tag: int) -> str:
    """Return a tag's name in ``carla.CityObjectLabel``; Other for unknown ones."""
    return str(_rows()[tag]["label"]) if tag in _rows() else "Other"


def static_type(tag: int) -> str:
    """Return what CARLA calls a level object that is met in a collision: ``static.building``."""
    name = str(_rows()[tag]["name"]) if tag in _rows() else "other"
    return f"static.{name.replace('_', '')}"
