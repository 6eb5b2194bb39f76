"""NuRec's label classes, and which of our classes they stand for."""

from __future__ import annotations

from ...world.object_classes import ObjectClass

_CLASSES: dict[str, tuple[ObjectClass, ...]] = {
    "automobile": (ObjectClass.CAR, ObjectClass.VAN),
    "heavy_truck": (ObjectClass.TRUCK,),
    "bus": (ObjectClass.BUS,),
    "trailer": (ObjectClass.TRUCK,),
    "rider": (ObjectClass.MOTORCYCLE, ObjectClass.BICYCLE),
    "person": (ObjectClass.PEDESTRIAN,),
    "other_vehicle": (ObjectClass.CAR, ObjectClass.VAN, ObjectClass.TRUCK),
    "protruding_object": (),
    "train_or_tram_car": (ObjectClass.BUS,),
    "trolley_bus": (ObjectClass.BUS,),
}
_RARE = ("train_or_tram_car", "trolley_bus")
LABELS = tuple(label for label in _CLASSES if label not in _RARE)
"""Label classes that NuRec's packages are known to hold."""

_LABELS = {
    ObjectClass.CAR: "automobile",
    ObjectClass.VAN: "automobile",
    ObjectClass.TRUCK: "heavy_truck",
    ObjectClass.BUS: "bus",
    ObjectClass.MOTORCYCLE: "rider",
    ObjectClass.BICYCLE: "rider",
    ObjectClass.PEDESTRIAN: "person",
    ObjectClass.PROP: "protruding_object",
    ObjectClass.TRAFFIC_LIGHT: "protruding_object",
    ObjectClass.TRAFFIC_SIGN: "protruding_object",
    ObjectClass.OTHER: "other_vehicle",
}


def label_class_of(object_class: ObjectClass) -> str:
    """Return NuRec's label class of one of our classes."""
    return _LABELS[object_class]


def moving_classes(label_class: str) -> tuple[ObjectClass, ...]:
    """Return our classes of what moves under one of NuRec's label classes; none where nothing."""
    return _CLASSES.get(label_class, ())
