"""What of a level becomes an object: not who was spawned, nor what has no box of its own."""

from __future__ import annotations

from fnmatch import fnmatch
from types import SimpleNamespace

import pytest

pytest.importorskip("carla")

import carla

from carla_nurec_bridge.carla_client.actors.level_objects import level_objects
from carla_nurec_bridge.world.object_classes import ObjectClass

LABEL = carla.CityObjectLabel


def box(x: float, y: float, half: tuple[float, float, float], yaw: float = 0.0):
    made = carla.BoundingBox(carla.Location(x, y, 1.0), carla.Vector3D(*half))
    made.rotation = carla.Rotation(yaw=yaw)
    return made


class World:
    """A level's boxes by label, and actors with a kind and a place."""

    def __init__(self, boxes: dict[object, list[object]], actors: list[tuple[str, float, float]]):
        self._boxes = boxes
        self._actors = [
            SimpleNamespace(
                type_id=kind,
                get_transform=lambda x=x, y=y: carla.Transform(carla.Location(x, y, 0.5)),
                get_opendrive_id=lambda: "17",
                get_light_boxes=lambda x=x, y=y: [box(x, y, (0.2, 0.2, 0.5))],
            )
            for kind, x, y in actors
        ]

    def get_level_bbs(self, label: object) -> list[object]:
        return self._boxes.get(label, [])

    def get_actors(self) -> SimpleNamespace:
        return SimpleNamespace(
            filter=lambda wanted: [a for a in self._actors if fnmatch(a.type_id, wanted)]
        )


def test_spawned_cars_are_not_parked_ones_within_two_metres() -> None:
    size = (2.2, 0.9, 0.7)
    cars = [box(10.0, 0.0, size), box(20.0, 0.0, size), box(30.0, 4.0, size, yaw=90.0)]
    world = World({LABEL.Car: cars}, [("vehicle.a.b", 11.9, 0.0), ("vehicle.a.b", 22.1, 0.0)])
    found, notes = level_objects(world)
    assert [one.map_from_box[:2, 3].tolist() for one in found] == [[20.0, 0.0], [30.0, -4.0]]
    assert found[0].object_class is ObjectClass.CAR
    assert found[0].size_m == pytest.approx((4.4, 1.8, 1.4))
    assert found[0].tags == {14}
    # CARLA's yaw is clockwise: 90 degrees look along -y of the map.
    assert found[1].map_from_box[:2, 0] == pytest.approx([0.0, -1.0], abs=1e-6)
    assert notes == ()


def test_props_signs_and_heads_of_lights_are_told_and_odd_boxes_counted() -> None:
    boxes = {
        LABEL.Static: [
            box(0.0, 0.0, (0.5, 0.5, 0.5)),
            box(5.0, 5.0, (400.0, 300.0, 2.0)),
            box(9.0, 9.0, (0.0, 0.0, 0.0)),
        ],
        LABEL.Dynamic: [box(3.0, 0.0, (0.2, 0.2, 0.4))],
        LABEL.TrafficSigns: [box(1.0, 7.0, (0.4, 0.05, 0.4))],
    }
    actors = [("static.prop.cone", 3.1, 0.0), ("traffic.traffic_light", 2.0, 2.0)]
    found, notes = level_objects(World(boxes, actors))
    assert [(one.object_class, one.name) for one in found] == [
        (ObjectClass.TRAFFIC_SIGN, ""),
        (ObjectClass.PROP, ""),
        (ObjectClass.TRAFFIC_LIGHT, "17"),
    ]
    assert found[2].tags == {7}
    assert notes == ("2 parts of the level have boxes that are no object's",)
