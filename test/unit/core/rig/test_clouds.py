"""The layouts of clouds, and lidars whose turns are divided into ticks."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.rig.clouds import LAYOUTS, arranged
from carla_nurec_bridge.core.rig.lidar_turn import LidarTurn


@pytest.mark.parametrize(
    ("fields", "size", "places"),
    [
        ("xyzi", 16, {"x": 0, "y": 4, "z": 8, "intensity": 12}),
        ("xyzirt", 22, {"x": 0, "y": 4, "z": 8, "intensity": 12, "ring": 16, "time": 18}),
        ("xyzirc", 16, {"x": 0, "y": 4, "z": 8, "intensity": 12, "return_type": 13, "channel": 14}),
        (
            "autoware",
            32,
            {
                "x": 0,
                "y": 4,
                "z": 8,
                "intensity": 12,
                "return_type": 13,
                "channel": 14,
                "azimuth": 16,
                "elevation": 20,
                "distance": 24,
                "time_stamp": 28,
            },
        ),
    ],
)
def test_fields_lie_where_their_readers_look(
    fields: str, size: int, places: dict[str, int]
) -> None:
    """As velodyne_pointcloud's and as autoware_point_types' structures have them."""
    layout = LAYOUTS[fields]  # type: ignore[index]
    assert layout.itemsize == size
    assert layout.fields is not None
    assert {name: entry[1] for name, entry in layout.fields.items()} == places


def test_points_are_in_the_order_of_their_firing() -> None:
    points = np.array([(3, 4, 12, 1.0), (0, -1, 0, 0.5), (1, 0, 0, 0.0)], LAYOUTS["xyzi"])
    rings, ages_s = np.array([1, 0, 0]), np.array([0.0, 0.1, 0.0])
    velodyne = arranged("xyzirt", points, rings, ages_s, 0.1)
    assert velodyne["ring"].tolist() == [0, 0, 1]
    assert velodyne["time"].tolist() == pytest.approx([-0.1, 0.0, 0.0])
    autoware = arranged("autoware", points, rings, ages_s, 0.1)
    assert autoware["intensity"].tolist() == [128, 0, 255]
    assert autoware["return_type"].tolist() == [1, 1, 1]
    assert autoware["time_stamp"].tolist() == [0, 100_000_000, 100_000_000]
    assert autoware["azimuth"][0] == pytest.approx(-np.pi / 2)
    assert autoware["elevation"][2] == pytest.approx(np.arctan2(12, 5))
    assert autoware["distance"].tolist() == [1.0, 1.0, 13.0]
    assert len(arranged("autoware", points[:0], rings[:0], ages_s[:0], 0.1)) == 0


@pytest.mark.parametrize(
    ("channels", "points", "ticks", "columns", "fitting"),
    [
        (32, 60_000, 1, 1875, None),
        (32, 60_000, 2, 1876, "1874 or 1876"),
        (32, 60_000, 20, 1880, "1860 or 1880"),
        (33, 10_001, 1, 303, None),
        (33, 10_001, 20, 300, "300 or 320"),
        (1, 512, 20, 520, "500 or 520"),
        (1, 30, 20, 40, "20 or 40"),
        (64, 640, 20, 20, "20"),
        (1, 1, 10, 10, "10"),
        (16, 1600, 20, 100, None),
    ],
)
def test_columns_of_a_sweep_are_whole_in_every_tick(
    channels: int, points: int, ticks: int, columns: int, fitting: str | None
) -> None:
    turn = LidarTurn(channels, points, 360.0)
    assert turn.columns(ticks) * ticks == columns
    note = turn.note(ticks)
    assert (note is None) == (fitting is None)
    if note is not None:
        assert f"give {columns}. Use {fitting} (points_per_sweep" in note
    attributes = dict(turn.attributes(ticks, 0.1))
    assert float(attributes["rotation_frequency"]) == pytest.approx(10.0)
    # CARLA's rule: each tick measures so many columns, half of one rounded away from zero.
    a_tick = int(attributes["points_per_second"]) * (0.1 / ticks) / channels
    assert np.floor(a_tick + 0.5) * ticks == columns
