"""Boxes, the ego and its lights at a moment, and the words for what moves."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue
from carla_nurec_bridge.world.object_classes import VEHICLES, ObjectClass, vehicle_class
from carla_nurec_bridge.world.states import Box, EgoBox, EgoState, TrafficLight

STILL = np.zeros(3)


def test_corners_of_a_turned_box() -> None:
    quarter = matrix_from_xyz_rpy((10.0, 20.0, 1.0), (0.0, 0.0, np.pi / 2))
    corners = Box(quarter, (4.0, 2.0, 1.5)).corners()
    np.testing.assert_allclose(corners.min(axis=0), (9.0, 18.0, 0.25), atol=1e-12)
    np.testing.assert_allclose(corners.max(axis=0), (11.0, 22.0, 1.75), atol=1e-12)
    np.testing.assert_allclose(corners[-1], (9.0, 22.0, 1.75), atol=1e-12)  # front left top


def test_the_ego_is_around_a_point_before_its_rear_axle() -> None:
    pose = matrix_from_xyz_rpy((5.0, 0.0, 0.0), (0.0, 0.0, np.pi))
    ego = EgoState(pose, np.array([-3.0, 0.1, 0]), STILL, STILL, EgoBox((4, 2, 1.5), (1.4, 0, 0.7)))
    assert ego.box.map_from_box[:3, 3] == pytest.approx((3.6, 0.0, 0.7))
    assert ego.speed_mps == -3.0
    with pytest.raises(ProtocolError, match="size is unknown"):
        _ = EgoState(pose, STILL, STILL, STILL, None).box


def test_one_stops_at_the_end_of_a_lights_area() -> None:
    area = matrix_from_xyz_rpy((10.0, 0.0, 0.1), (0.0, 0.0, np.pi / 2))
    light = TrafficLight("7", "1.-1", area, (1.6, 3.5, 0.2), "yellow")
    assert light.stop == pytest.approx((10.0, 0.8, 0.1))
    assert light.stops_traffic


def test_every_word_has_one_class() -> None:
    assert [str(c) for c in ObjectClass] == [c.value for c in ObjectClass]
    assert [ObjectClass.named(c.value) for c in ObjectClass] == list(ObjectClass)
    assert ObjectClass.named("tram") is ObjectClass.OTHER
    assert vehicle_class("Truck", 4) is ObjectClass.TRUCK
    assert vehicle_class("", 2) is ObjectClass.MOTORCYCLE
    assert vehicle_class("walker", 4) is ObjectClass.CAR


def test_every_blueprint_has_a_class() -> None:
    classes = {b.kind: set() for b in load_catalogue().values()}
    for blueprint in load_catalogue().values():
        classes[blueprint.kind].add(blueprint.object_class)
    assert classes == {
        "vehicle": set(VEHICLES),
        "walker": {ObjectClass.PEDESTRIAN},
        "prop": {ObjectClass.PROP},
    }
