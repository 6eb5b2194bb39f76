"""CARLA's semantic tags: what each pixel, actor and level object is taken for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..core.files.plain_yaml import load_yaml
from ..core.resources import config_path


@dataclass(frozen=True)
class SemanticTag:
    """A row of config/carla/semantic_tags.yaml; ``label`` is CARLA's own name."""

    tag: int
    name: str
    label: str
    rgb: tuple[int, int, int]


@cache
def semantic_tags() -> tuple[SemanticTag, ...]:
    """Return CARLA's semantic tags in order of their number."""
    text = config_path("carla", "semantic_tags.yaml").read_text(encoding="utf-8")
    rows = load_yaml(text)["tags"]
    return tuple(SemanticTag(r["tag"], r["name"], r["label"], tuple(r["rgb"])) for r in rows)
