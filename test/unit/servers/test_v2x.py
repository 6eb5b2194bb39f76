"""Radios of cars in the demo town: who hears whom, when, and what."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgpack
import numpy as np
import pytest

from carla_nurec_bridge.servers.carla.sensing.kinds.v2x import CAM
from carla_nurec_bridge.servers.carla.wire.structs import Transform
from carla_nurec_bridge.servers.carla.world.actors import EpisodeActor

if TYPE_CHECKING:
    from conftest import World

V2X = "sensor.other.v2x"
HEADER_BYTES = 48
CALM = {"use_etsi_fading": "false"}


def messages(world: World, radio: EpisodeActor) -> list[np.void]:
    """Return what a radio has heard, message by message."""
    return [row for sent in world.heard(radio) for row in np.frombuffer(sent[HEADER_BYTES:], CAM)]


def test_only_cars_with_a_radio_are_heard_and_never_by_themselves(world: World) -> None:
    cars = [world.car(point) for point in range(3)]
    radios = [world.spawn(V2X, Transform(), car, **CALM) for car in cars[:2]]
    world.tick(2)
    for radio, other in zip(radios, reversed(cars[:2]), strict=True):
        heard = messages(world, radio)
        assert {int(row["station"]) for row in heard} == {other.id}
        assert {int(row["station_type"]) for row in heard} == {5}


def test_a_standing_car_is_told_of_every_second_or_ten_times_at_a_fixed_rate(world: World) -> None:
    cars = [world.car(point) for point in range(3)]
    calm, eager, ear = (
        world.spawn(V2X, Transform(), car, fixed_rate=fixed, **CALM)
        for car, fixed in zip(cars, ("false", "true", "false"), strict=True)
    )
    world.tick(40)
    world.heard(ear)
    world.tick(40)
    stations = [int(row["station"]) for row in messages(world, ear)]
    assert stations.count(cars[0].id) in (2, 3, 4)
    assert stations.count(cars[1].id) >= 20
    assert calm.parent is cars[0]
    assert eager.parent is cars[1]


def test_power_falls_with_distance_until_nobody_is_heard(world: World) -> None:
    """Along a line of sight CARLA's model of a highway loses 47.82 dB and 20 dB a decade."""
    far = min(
        range(1, 40),
        key=lambda p: -np.linalg.norm(np.subtract(_place(world, p), _place(world, 0))),
    )
    cars = [world.car(0), world.car(far)]
    loud, deaf = (
        world.spawn(V2X, Transform(), cars[0], receiver_sensitivity=level, **CALM)
        for level in ("-200", "0")
    )
    world.spawn(V2X, Transform(), cars[1], transmit_power="30", **CALM)
    world.tick(2)
    [row, *_] = [row for row in messages(world, loud) if row["station"] == cars[1].id]
    distance_m = np.linalg.norm(np.subtract(_place(world, far), _place(world, 0)))
    free_dbm = 30.0 + 10.0 - 32.4 - 20.0 * np.log10(distance_m) - 20.0 * np.log10(5.9)
    assert row["power_dbm"] <= free_dbm + 0.1
    assert row["power_dbm"] > free_dbm - 80.0
    assert messages(world, deaf) == []


def test_a_radio_of_nothing_that_drives_says_nothing(world: World) -> None:
    ear = world.spawn(V2X, Transform(), world.car(0), **CALM)
    world.spawn(V2X, Transform((0.0, 0.0, 50.0)), **CALM)
    world.tick(3)
    assert messages(world, ear) == []


def test_what_is_sent_is_where_the_car_is_and_where_it_looks(world: World) -> None:
    ear = world.spawn(V2X, Transform(), world.car(0), **CALM)
    car = world.car(1)
    world.spawn(V2X, Transform(), car, **CALM)
    fix = world.spawn("sensor.other.gnss", Transform(), car)
    world.tick(2)
    [row, *_] = [row for row in messages(world, ear) if row["station"] == car.id]
    latitude, longitude, height = msgpack.unpackb(world.heard(fix)[0][HEADER_BYTES:])
    assert row["latitude"] * 1e-7 == pytest.approx(latitude, abs=1e-6)
    assert row["longitude"] * 1e-7 == pytest.approx(longitude, abs=1e-6)
    assert row["altitude_cm"][0] * 0.01 == pytest.approx(height, abs=0.02)
    x, y = world.simulation.episode.matrix_of(car)[:2, 0]
    north = np.degrees(np.arctan2(x, y)) % 360.0
    assert row["heading"][0] * 0.1 % 360.0 == pytest.approx(north, abs=0.1)
    assert row["acceleration_z"][0] == 98


@pytest.mark.parametrize("guilty", [0, 2])
def test_a_radio_that_fails_is_named_and_the_others_hear_each_other(
    world: World, caplog: pytest.LogCaptureFixture, guilty: int
) -> None:
    nonsense = {guilty: {"noise_alt_bias": "1e30"}}
    cars = [world.car(point) for point in range(3)]
    radios = [
        world.spawn(V2X, Transform(), car, fixed_rate="true", **CALM, **nonsense.get(number, {}))
        for number, car in enumerate(cars)
    ]
    with caplog.at_level(logging.WARNING):
        world.tick(10)
    heard = [{int(row["station"]) for row in messages(world, radio)} for radio in radios]
    well = [car.id for number, car in enumerate(cars) if number != guilty]
    assert heard.pop(guilty) == set()
    assert heard == [{well[1]}, {well[0]}]
    (told,) = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert f"sensor {radios[guilty].id} ({V2X})" in told


def test_an_ambulance_is_a_special_vehicle(world: World) -> None:
    ear = world.spawn(V2X, Transform(), world.car(0), **CALM)
    place = Transform(*world.simulation.episode.level.spawns[1])
    world.spawn(V2X, Transform(), world.spawn("vehicle.ford.ambulance", place), **CALM)
    world.tick(2)
    assert {int(row["station_type"]) for row in messages(world, ear)} == {10}


def _place(world: World, point: int) -> tuple[float, float, float]:
    return Transform(*world.simulation.episode.level.spawns[point]).location
