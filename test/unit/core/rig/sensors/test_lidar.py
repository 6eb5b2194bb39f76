"""Sweeps of CARLA's lidars, packed by hand, as right-handed clouds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from carla_nurec_bridge.core.rig.sensor_base import Sampling
from carla_nurec_bridge.core.rig.sensors.lidar import CarlaLidar


def _at(x: float, yaw_deg: float = 0.0) -> object:
    return SimpleNamespace(
        location=SimpleNamespace(x=x, y=0.0, z=0.0),
        rotation=SimpleNamespace(pitch=0.0, yaw=yaw_deg, roll=0.0),
    )


def _lidar(fields: str, **more: object) -> CarlaLidar:
    line = {
        "name": "roof",
        "type": "lidar",
        "rate_hz": 10,
        "channels": 2,
        "points_per_sweep": 16,
        "fields": fields,
        "mount": {"position_m": [0, 0, 0]},
    }
    return CarlaLidar.model_validate(line | more)


def test_the_parts_of_a_sweep_meet_in_the_last_axes() -> None:
    """A wall at x = 10 in the world, seen from x = 0 and then from x = 1, right of the car."""
    first = np.array([[10.0, 2.0, 0.5, 0.25]], "<f4")  # CARLA's y is to the right
    second = np.array([[9.0, 2.0, 0.5, 0.75]], "<f4")
    parts = [
        SimpleNamespace(raw_data=first.tobytes(), transform=_at(0.0)),
        SimpleNamespace(raw_data=second.tobytes(), transform=_at(1.0)),
    ]
    cloud = _lidar("xyzi").decode(parts, Sampling(2, 0.1))
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
    [point] = _lidar("xyzi").decode(parts, Sampling(2, 0.1))
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

    lidar, sampling = _lidar("xyzirt"), Sampling(2, 0.1)
    cloud = lidar.decode([part(0, 1), part(4, 2)], sampling)
    assert cloud["ring"].tolist() == [0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1]
    assert np.all(cloud["z"] == np.where(cloud["ring"] == 1, 1.0, -1.0)), "0 is the lowest"
    columns = [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 7]
    assert cloud["time"].tolist() == pytest.approx([0.1 * (c + 1) / 8 - 0.1 for c in columns])
    clockwise = (np.arctan2(-cloud["y"], cloud["x"]) + np.pi + 1e-3) % (2 * np.pi)
    assert np.all(np.diff(clockwise) > -1e-5)
    second = lidar.decode([part(4, 2)], sampling)
    assert second["time"].tolist() == pytest.approx(cloud["time"][7:].tolist())


def test_a_sweep_takes_what_its_points_take() -> None:
    assert _lidar("xyzi").reading_bytes == 16 * 16
    assert _lidar("autoware").reading_bytes == 16 * 32
