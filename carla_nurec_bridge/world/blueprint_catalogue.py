"""The catalogue of CARLA 0.9.16's actors: ids, kinds and true sizes (``config/carla``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ..core.resources import config_path
from .object_classes import ObjectClass

ActorKind = Literal["vehicle", "walker", "prop"]

CATALOGUE_FILE = ("carla", "blueprints.json")


@dataclass(frozen=True)
class Blueprint:
    """What CARLA knows of a spawnable thing; ``size_m`` is (length, width, height) in metres.

    ``base_type`` is car, truck, van, bus, motorcycle or bicycle for vehicles, walker or prop
    otherwise. ``wheels`` is 0 for what has none.
    """

    id: str
    kind: ActorKind
    base_type: str
    size_m: tuple[float, float, float]
    wheels: int = 0
    generation: int = 1
    has_lights: bool = False
    special_type: str = ""

    @property
    def object_class(self) -> ObjectClass:
        """The class of actors that it makes."""
        if self.kind == "vehicle":
            return ObjectClass(self.base_type)
        return ObjectClass.PEDESTRIAN if self.kind == "walker" else ObjectClass.PROP


@cache
def load_catalogue() -> dict[str, Blueprint]:
    """Return all blueprints by id, vehicles first, in the order of the file."""
    data = json.loads(config_path(*CATALOGUE_FILE).read_text(encoding="utf-8"))
    blueprints = [
        *(_blueprint(row, "vehicle", row["base_type"]) for row in data["vehicles"]),
        *(_blueprint(row, "walker", "walker") for row in data["walkers"]),
        *(_blueprint(row, "prop", "prop") for row in data["props"]),
    ]
    return {blueprint.id: blueprint for blueprint in blueprints}


def _blueprint(row: dict[str, Any], kind: ActorKind, base_type: str) -> Blueprint:
    length, width, height = row["size_m"]
    optional = {k: v for k, v in row.items() if k not in ("id", "base_type", "size_m")}
    return Blueprint(row["id"], kind, base_type, (length, width, height), **optional)
