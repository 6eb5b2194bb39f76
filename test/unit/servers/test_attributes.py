"""Attributes are read as C reads numbers; the C library of this machine is the judge."""

from __future__ import annotations

import ctypes
import logging
import math
from typing import TYPE_CHECKING

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.servers.carla.attributes import (
    colour,
    flag,
    real,
    whole,
)
from carla_nurec_bridge.servers.carla.sensing.optics.lens import Optics, rays
from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

LIBC = ctypes.CDLL(None)
LIBC.atof.restype = ctypes.c_double
TEXTS = (
    "64",
    "64.0",
    " 7",
    "+7",
    "-3",
    "007",
    "1e5",
    "1E+2",
    "2.5e-1",
    "12abc",
    "",
    "abc",
    "-",
    ".5",
    "5.",
    "\t8\n",
    "1,5",
    "--1",
    "1_000",
    "0.1f",
)
HIGH = Transform((0.0, 0.0, 50.0))


@pytest.mark.parametrize("text", TEXTS)
def test_numbers_are_read_as_by_c(text: str) -> None:
    assert whole({"n": text}, "n") == LIBC.atoi(text.encode())
    assert real({"n": text}, "n") == LIBC.atof(text.encode())


@pytest.mark.parametrize(("text", "told"), [("64.0", 0), (" 7", 0), ("1e5", 1), ("12abc", 1)])
def test_a_reading_that_is_not_what_was_written_is_logged(
    caplog: pytest.LogCaptureFixture, text: str, told: int
) -> None:
    with caplog.at_level(logging.WARNING):
        whole({"channels": text}, "channels")
    assert len(caplog.records) == told
    assert all(f"channels '{text}'" in record.getMessage() for record in caplog.records)


def test_missing_attributes_have_their_default_or_are_named() -> None:
    assert (whole({}, "n", "3"), real({}, "n", "0.5"), flag({}, "n", "true")) == (3, 0.5, True)
    for read in (whole, real, flag):
        with pytest.raises(InputError, match="the attribute n is missing"):
            read({}, "n")


@pytest.mark.parametrize("text", ["nan", "-inf", "Infinity", "1e999"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="n must be a finite number"):
        real({"n": text}, "n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("True", True),
        ("true", True),
        ("TRUE", True),
        ("1", True),
        (" true", True),
        ("False", False),
        ("false", False),
        ("0", False),
    ],
)
def test_truths_are_read_in_any_case(text: str, value: bool) -> None:
    assert flag({"b": text}, "b") is value


def test_no_truth_is_refused() -> None:
    with pytest.raises(InputError, match="b must be true or false, not 'maybe'"):
        flag({"b": "maybe"}, "b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,2,3", (1, 2, 3)),
        (" 1, 2 ,3", (1, 2, 3)),
        ("1.0,2.0,3.0", (1, 2, 3)),
        ("1,2", None),
        ("256,0,0", None),
        ("-1,0,0", None),
        ("red", None),
        ("", None),
        ("1,2,3,4", None),
    ],
)
def test_colours_are_three_whole_numbers(text: str, value: tuple[int, int, int] | None) -> None:
    assert colour({"color": text}, "color") == value


@pytest.mark.parametrize(
    ("blueprint", "name", "text"),
    [
        ("sensor.lidar.ray_cast", "channels", "64.0"),
        ("sensor.camera.rgb", "image_size_x", "640.0"),
        ("sensor.lidar.ray_cast", "noise_seed", "7.0"),
        ("sensor.other.radar", "points_per_second", "1500.0"),
        ("sensor.camera.dvs", "refractory_period_ns", "0.0"),
        ("sensor.other.imu", "noise_seed", " 7"),
        ("sensor.other.gnss", "noise_seed", "1e1"),
        ("sensor.camera.dvs", "use_log", "False"),
        ("sensor.other.obstacle", "only_dynamics", "True"),
    ],
)
def test_every_sensor_takes_what_carla_takes(
    world: World, blueprint: str, name: str, text: str
) -> None:
    sensor = world.spawn(blueprint, HIGH, **{name: text})
    world.tick()
    assert sensor.attributes[name] == text, "clients are told what they wrote"


@pytest.mark.parametrize("fov", ["0.001", "179", "179.999"])
def test_a_camera_sees_by_every_angle_that_it_may_be_given(world: World, fov: str) -> None:
    size = {"image_size_x": "4", "image_size_y": "2"}
    seen = rays(Optics.of(world.spawn("sensor.camera.depth", HIGH, fov=fov, **size)))
    half = math.tan(math.radians(0.5 * float(fov)))
    # Columns' middles lie at -3/4, -1/4, 1/4 and 3/4 of half the picture's width.
    assert seen[0, :, 0] / seen[0, :, 2] == pytest.approx(
        [-0.75 * half, -0.25 * half, 0.25 * half, 0.75 * half], rel=1e-5
    )


@pytest.mark.parametrize(
    ("blueprint", "values", "why"),
    [
        ("sensor.lidar.ray_cast", {"channels": "1000000000"}, "channels"),
        ("sensor.lidar.ray_cast", {"horizontal_fov": "0"}, "horizontal_fov"),
        ("sensor.lidar.ray_cast", {"range": "nan"}, "range"),
        ("sensor.other.radar", {"points_per_second": "-5"}, "points_per_second"),
        ("sensor.camera.rgb", {"fov": "180"}, "fov"),
        ("sensor.camera.dvs", {"log_eps": "0"}, "log_eps"),
        ("sensor.camera.dvs", {"positive_threshold": "0"}, "thresholds"),
    ],
)
def test_what_would_stall_or_end_a_server_is_refused_in_words(
    world: World, blueprint: str, values: dict[str, str], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        world.spawn(blueprint, HIGH, **values)
