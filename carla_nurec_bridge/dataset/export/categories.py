"""What exports call the classes of objects and of surfaces, by numbers that never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...world.object_classes import ObjectClass
from ...world.semantic_tags import semantic_tags

_FIRST_SURFACE = 100
"""The category of what no object has is its semantic tag beyond this."""


@dataclass(frozen=True)
class Category:
    """A class of objects: its number, from 1, and what it is a kind of."""

    number: int
    object_class: ObjectClass
    supercategory: str

    def to_json(self) -> dict[str, Any]:
        """Return COCO's entry."""
        name = self.object_class.value
        return {"id": self.number, "name": name, "supercategory": self.supercategory}


CATEGORIES = {
    one.object_class: one
    for one in (
        Category(1, ObjectClass.CAR, "vehicle"),
        Category(2, ObjectClass.VAN, "vehicle"),
        Category(3, ObjectClass.TRUCK, "vehicle"),
        Category(4, ObjectClass.BUS, "vehicle"),
        Category(5, ObjectClass.MOTORCYCLE, "two_wheeler"),
        Category(6, ObjectClass.BICYCLE, "two_wheeler"),
        Category(7, ObjectClass.PEDESTRIAN, "person"),
        Category(8, ObjectClass.PROP, "object"),
        Category(9, ObjectClass.OTHER, "object"),
        Category(10, ObjectClass.TRAFFIC_LIGHT, "fixture"),
        Category(11, ObjectClass.TRAFFIC_SIGN, "fixture"),
    )
}
"""Every class of objects, by rising number."""

CROWDS = {
    "pedestrian": ObjectClass.PEDESTRIAN,
    "rider": ObjectClass.PEDESTRIAN,
    "car": ObjectClass.CAR,
    "truck": ObjectClass.TRUCK,
    "bus": ObjectClass.BUS,
    "motorcycle": ObjectClass.MOTORCYCLE,
    "bicycle": ObjectClass.BICYCLE,
    "traffic_light": ObjectClass.TRAFFIC_LIGHT,
    "traffic_sign": ObjectClass.TRAFFIC_SIGN,
}
"""Semantic tags of things: where no object tells them apart, their pixels are a crowd."""


def surface(tag: int) -> int:
    """Return the category of a semantic tag that is no thing's."""
    return _FIRST_SURFACE + tag


def surfaces() -> list[dict[str, Any]]:
    """Return COCO's panoptic entries of all semantic tags that are no thing's."""
    return [
        {"id": surface(tag.tag), "name": tag.name, "supercategory": "surface"}
        for tag in semantic_tags()
        if tag.tag and tag.name not in CROWDS
    ]
