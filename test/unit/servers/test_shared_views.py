"""Cameras share a trace only where they see the same world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

CAMERA = "sensor.camera.semantic_segmentation"
HEADER_BYTES = 48
SMALL = {"image_size_x": "64", "image_size_y": "36"}


def test_a_camera_within_its_car_does_not_hide_the_car_from_others(world: World) -> None:
    episode = world.simulation.episode
    car = world.car()
    episode.fleet.set_simulated(car.id, simulated=False)
    carried = world.spawn(CAMERA, Transform((0.0, 0.0, 0.8)), car, **SMALL)
    free = world.spawn(CAMERA, episode.transform_of(carried), **SMALL)
    world.tick()
    within, beside_it = (world.heard(c)[-1][HEADER_BYTES:] for c in (carried, free))
    assert within != beside_it
    world.simulation.sensors.forget(carried)
    world.tick()
    assert world.heard(free)[-1][HEADER_BYTES:] == beside_it
