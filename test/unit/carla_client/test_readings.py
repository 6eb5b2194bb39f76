"""CARLA's raw measurements, packed by hand, as right-handed arrays."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

carla = pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.spawned_actors import read_spawn_requests  # noqa: E402
from carla_nurec_bridge.carla_client.sensors import decode as readings  # noqa: E402
from carla_nurec_bridge.core.errors import InputError  # noqa: E402
from carla_nurec_bridge.core.rig.lidar_turn import LidarTurn  # noqa: E402


def _at(x: float, yaw_deg: float = 0.0) -> object:
    return carla.Transform(carla.Location(x=x), carla.Rotation(yaw=yaw_deg))


def test_the_parts_of_a_sweep_meet_in_the_last_axes() -> None:
    """A wall at x = 10 in the world, seen from x = 0 and then from x = 1, right of the car."""
    first = np.array([[10.0, 2.0, 0.5, 0.25]], "<f4")  # CARLA's y is to the right
    second = np.array([[9.0, 2.0, 0.5, 0.75]], "<f4")
    parts = [
        SimpleNamespace(raw_data=first.tobytes(), transform=_at(0.0)),
        SimpleNamespace(raw_data=second.tobytes(), transform=_at(1.0)),
    ]
    cloud = readings.sweep(parts, readings.POINT)
    assert cloud["x"].tolist() == pytest.approx([9.0, 9.0])
    assert cloud["y"].tolist() == pytest.approx([-2.0, -2.0])
    assert cloud["intensity"].tolist() == [0.25, 0.75]


def test_a_turn_during_a_sweep_is_undone() -> None:
    """Ahead at first, then the sensor has turned by 90 degrees to the right: now it is left."""
    ahead = np.array([[5.0, 0.0, 0.0, 1.0]], "<f4")
    parts = [
        SimpleNamespace(raw_data=ahead.tobytes(), transform=_at(0.0)),
        SimpleNamespace(raw_data=b"", transform=_at(0.0, yaw_deg=90.0)),
    ]
    [point] = readings.sweep(parts, readings.POINT)
    assert (point["x"], point["y"]) == pytest.approx((0.0, 5.0), abs=1e-5)


def test_rings_and_times_come_from_channels_and_azimuths() -> None:
    """Two ticks of a turn, four columns and two channels each; one ray of each tick hits nothing.

    CARLA's azimuth counts clockwise from behind; it tells where each tick's part has ended.
    """

    def part(first_column: int, missing: int) -> SimpleNamespace:
        rows, counts = [], []
        for channel, height in enumerate((1.0, -1.0)):
            columns = [c for c in range(4) if not (channel == 1 and c == missing)]
            counts.append(len(columns))
            for column in columns:
                azimuth = np.radians(45.0 * (first_column + column) - 180.0)
                rows.append((10 * np.cos(azimuth), 10 * np.sin(azimuth), height, 0.5))
        return SimpleNamespace(
            raw_data=np.array(rows, "<f4").tobytes(),
            transform=_at(0.0),
            channels=2,
            get_point_count=counts.__getitem__,
            horizontal_angle=float(np.radians(45.0 * (first_column + 4) % 360.0)),
        )

    turn = LidarTurn(2, 16, 360.0, "xyzirt")
    cloud = readings.timed_sweep([part(0, 1), part(4, 2)], turn, 2, 0.1)
    assert cloud["ring"].tolist() == [0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1]
    assert np.all(cloud["z"] == np.where(cloud["ring"] == 1, 1.0, -1.0)), "0 is the lowest"
    columns = [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 7]
    assert cloud["time"].tolist() == pytest.approx([0.1 * (c + 1) / 8 - 0.1 for c in columns])
    clockwise = (np.arctan2(-cloud["y"], cloud["x"]) + np.pi + 1e-3) % (2 * np.pi)
    assert np.all(np.diff(clockwise) > -1e-5)
    [second] = [readings.timed_sweep([part(4, 2)], turn, 2, 0.1)]
    assert second["time"].tolist() == pytest.approx(cloud["time"][7:].tolist())


def test_radar_counts_angles_to_the_left() -> None:
    raw = np.array([[-3.0, np.radians(30.0), np.radians(10.0), 20.0]], "<f4")
    [row] = readings.radar(SimpleNamespace(raw_data=raw.tobytes()))
    # Right and up: 20 cos 30 cos 10, -20 sin 30 cos 10, 20 sin 10.
    assert (row["x"], row["y"], row["z"]) == pytest.approx((17.0574, -9.8481, 3.4730), abs=1e-3)
    assert row["Velocity"] == -3.0
    assert row["AzimuthAngle"] == pytest.approx(-0.5236, abs=1e-4)


def test_flow_is_in_pixels() -> None:
    raw = np.zeros((2, 4, 2), np.float32)
    raw[1, 3] = (0.5, -0.25)
    image = SimpleNamespace(raw_data=raw.tobytes(), width=4, height=2)
    assert readings.flow(image)[1, 3].tolist() == [2.0, -0.5]


def test_events_are_13_bytes_and_told_against_the_stamp() -> None:
    raw = bytes([7, 0, 9, 1]) + (1_990_000_000).to_bytes(8, "little") + b"\x01"
    [event] = readings.events(SimpleNamespace(raw_data=raw, timestamp=2.0))
    assert (event["x"], event["y"], event["pol"]) == (7, 265, 1)
    assert event["t"] == pytest.approx(-0.01)


def test_actors_to_spawn_are_read_one_or_many() -> None:
    assert read_spawn_requests("{spawn_point: 3}")[0].spawn_point == 3
    two = read_spawn_requests("[{spawn_point: 1}, {position_m: [1, 2, 3], yaw_rad: 1.5}]")
    assert two[1].position_m == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "not YAML"),
        ("[{spawn_point: 1}, {spawn: 2}]", "actor 1"),
        ("{blueprint: vehicle.tesla.model3}", "give either position_m or spawn_point"),
        ("3", "actor 0"),
    ],
)
def test_nonsense_to_spawn_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_spawn_requests(text)
