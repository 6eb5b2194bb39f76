"""Sensors that ask for more points than a tick has time for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from carla_nurec_bridge.servers.carla.sensing import spinning_lidar
from carla_nurec_bridge.servers.carla.sensing.kinds import radar
from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

HEADER_BYTES = 48
LOW = Transform((0.0, 0.0, 2.0), (-60.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("blueprint", "point_bytes", "values"),
    [
        ("sensor.lidar.ray_cast", 16, {"channels": "16", "upper_fov": "-20", "range": "50"}),
        ("sensor.lidar.ray_cast_semantic", 24, {"channels": "16", "range": "50"}),
        ("sensor.other.radar", 16, {}),
    ],
)
def test_more_points_than_a_tick_has_time_for_are_bounded_and_told_once(
    world: World,
    blueprint: str,
    point_bytes: int,
    values: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(spinning_lidar, "MOST_OF_LIDAR", 1600)
    monkeypatch.setattr(radar, "MOST_OF_RADAR", 1600)
    with caplog.at_level(logging.WARNING):
        sensor = world.spawn(blueprint, LOW, points_per_second="2147483647", **values)
        world.tick(3)
    heard = world.heard(sensor)
    assert len(heard) == 3
    for message in heard:
        assert 100 < (len(message) - HEADER_BYTES) / point_bytes < 1610
    (told,) = caplog.messages
    assert told.startswith(f"{blueprint} (actor {sensor.id}) asks for 1.074e+08 points")
    assert "it gets 1600" in told


def test_what_a_tick_has_time_for_is_not_bounded(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.spawn("sensor.lidar.ray_cast", LOW, points_per_second="1000000")
    world.tick()
    assert not caplog.messages
