"""What kinds of road users there are; each format maps its own names to these or from them."""

from __future__ import annotations

from enum import Enum


class ObjectClass(str, Enum):
    """The class of an actor; its value is the word that ``objects`` and reports have for it.

    OTHER is what other programs' words stand for that are none of ours.
    """

    CAR = "car"
    VAN = "van"
    TRUCK = "truck"
    BUS = "bus"
    MOTORCYCLE = "motorcycle"
    BICYCLE = "bicycle"
    PEDESTRIAN = "pedestrian"
    PROP = "prop"
    TRAFFIC_LIGHT = "traffic_light"
    TRAFFIC_SIGN = "traffic_sign"
    OTHER = "other"

    def __str__(self) -> str:
        """Return the word."""
        return self.value

    @classmethod
    def named(cls, word: str) -> ObjectClass:
        """Return the class that a word of ours stands for, OTHER for any other word."""
        try:
            return cls(word)
        except ValueError:
            return cls.OTHER


VEHICLES = (
    ObjectClass.CAR,
    ObjectClass.VAN,
    ObjectClass.TRUCK,
    ObjectClass.BUS,
    ObjectClass.MOTORCYCLE,
    ObjectClass.BICYCLE,
)
"""The classes of vehicles; their words are CARLA's base types too."""

SCENERY = (ObjectClass.PROP, ObjectClass.TRAFFIC_LIGHT, ObjectClass.TRAFFIC_SIGN)
"""The classes of what stands about, where it is part of the level and no actor."""


def vehicle_class(base_type: str, wheels: int) -> ObjectClass:
    """Return the class of a CARLA vehicle by its ``base_type``, without a known one by its wheels.

    Servers and recordings before 0.9.14 tell no base type.
    """
    known = ObjectClass.named(base_type.lower())
    if known in VEHICLES:
        return known
    return ObjectClass.MOTORCYCLE if wheels == 2 else ObjectClass.CAR
