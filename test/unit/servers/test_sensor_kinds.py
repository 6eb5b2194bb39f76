"""The kinds of sensors that the embedded CARLA server serves: each a module with its value."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.outputs import CAMERA_OUTPUTS
from carla_nurec_bridge.core.rig.sensor_base import EventSensor
from carla_nurec_bridge.core.rig.sensors import CARLA_SENSORS
from carla_nurec_bridge.servers.carla.sensing.kind import SensorKind
from carla_nurec_bridge.servers.carla.sensing.registry import sensor_kinds
from carla_nurec_bridge.servers.carla.spawning import CLIENT_SIDE, UNSERVED
from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

BLUEPRINTS = json.loads(config_path("carla", "sensors.json").read_text(encoding="utf-8"))["sensors"]
EVENTS = {kind.blueprint for kind in CARLA_SENSORS.values() if issubclass(kind, EventSensor)}
ABOVE = Transform((0.0, 0.0, 50.0))
SENSOR_HEADER_BYTES = 48


def test_every_sensor_of_the_library_is_served_or_says_why_not() -> None:
    assert sensor_kinds().keys() | CLIENT_SIDE | UNSERVED.keys() == set(BLUEPRINTS)
    assert not sensor_kinds().keys() & (CLIENT_SIDE | UNSERVED.keys())


@pytest.mark.parametrize("name", [*CARLA_SENSORS, *CAMERA_OUTPUTS])
def test_what_a_rig_may_have_is_served(name: str) -> None:
    blueprint = (CARLA_SENSORS.get(name) or CAMERA_OUTPUTS[name]).blueprint
    assert blueprint in sensor_kinds().keys() | CLIENT_SIDE


def test_no_two_kinds_share_a_message() -> None:
    numbers = [kind.message_type for kind in sensor_kinds().values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("kind", sensor_kinds().values(), ids=lambda kind: kind.blueprint)
def test_a_kind_sends_messages_of_its_own_number(world: World, kind: SensorKind[Any]) -> None:
    values = {"image_size_x": "16", "image_size_y": "8"} if "camera" in kind.blueprint else {}
    sensor = world.spawn(kind.blueprint, ABOVE, **values)
    world.tick(2)
    heard = world.heard(sensor)
    assert len(heard) == (0 if kind.blueprint in EVENTS else 2)
    for message in heard:
        assert len(message) >= SENSOR_HEADER_BYTES
        assert int.from_bytes(message[:8], "little") == kind.message_type


def test_a_sensor_on_a_tick_of_its_own_rests_in_between(world: World) -> None:
    sensor = world.spawn("sensor.other.gnss", ABOVE, sensor_tick="0.1")
    world.tick(6)
    assert len(world.heard(sensor)) == 3


def test_cameras_rest_while_nothing_is_rendered(world: World) -> None:
    camera = world.spawn("sensor.camera.rgb", ABOVE, image_size_x="16", image_size_y="8")
    receiver = world.spawn("sensor.other.gnss", ABOVE)
    world.simulation.apply_settings(replace(world.simulation.settings, no_rendering_mode=True))
    world.tick(2)
    assert (len(world.heard(camera)), len(world.heard(receiver))) == (0, 2)


def test_a_lidar_on_a_tick_of_its_own_turns_by_the_ticks_it_measures(world: World) -> None:
    # CARLA gives it the world's step, not the time since it last measured.
    values = {"points_per_second": "12000", "rotation_frequency": "2", "channels": "4"}
    lidar = world.spawn("sensor.lidar.ray_cast", ABOVE, sensor_tick="0.1", **values)
    world.tick(6)
    angles = [struct.unpack_from("<f", m, SENSOR_HEADER_BYTES)[0] for m in world.heard(lidar)]
    turn = 2.0 * 360.0 * 0.05
    assert np.degrees(angles) == pytest.approx([turn, 2 * turn, 3 * turn], abs=1e-4)


@pytest.mark.parametrize(("per_second", "detections"), [(1500, 75), (1510, 75), (1519, 75)])
def test_a_radar_sends_whole_points_only(world: World, per_second: int, detections: int) -> None:
    down = Transform((*world.simulation.episode.level.spawns[0][0][:2], 5.0), (-90.0, 0.0, 0.0))
    radar = world.spawn("sensor.other.radar", down, points_per_second=str(per_second))
    world.tick()
    (message,) = world.heard(radar)
    assert len(message) - SENSOR_HEADER_BYTES == 16 * detections
