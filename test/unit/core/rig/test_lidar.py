"""Beams of the two lidars that NuRec knows."""

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.lidar import lidar_pattern


@pytest.mark.parametrize(
    ("device", "columns", "elevation_deg", "sweep_deg"),
    [("PANDAR128", 3600, (-25.0, 14.5), 359.9), ("AT128", 1200, (-12.5, 13.0), 120.0)],
)
def test_field_of_view(device, columns, elevation_deg, sweep_deg):
    pattern = lidar_pattern(device)
    assert pattern.directions.shape == (128, columns, 3)
    assert pattern.directions.dtype == np.float32
    assert np.allclose(np.linalg.norm(pattern.directions, axis=-1), 1.0, atol=1e-6)
    elevation = np.degrees(np.arcsin(pattern.directions[:, 0, 2]))
    assert np.all(np.diff(elevation) < 0)
    assert elevation[-1] == pytest.approx(elevation_deg[0], abs=0.1)
    assert elevation[0] == pytest.approx(elevation_deg[1], abs=0.1)
    azimuth = np.unwrap(np.arctan2(pattern.directions[0, :, 1], pattern.directions[0, :, 0]))
    assert np.all(np.diff(azimuth) < 0), "both turn clockwise seen from above"
    assert np.degrees(azimuth[0] - azimuth[-1]) == pytest.approx(sweep_deg, abs=0.1)
    assert pattern.column_fraction[[0, -1]].tolist() == [0.0, 1.0]


def test_at128_is_symmetric_about_straight_ahead():
    row = lidar_pattern("AT128").directions[0]
    assert row[0, 1] == pytest.approx(-row[-1, 1], abs=1e-6)
    assert row[600, 0] > 0.97


def test_thinning_keeps_the_last_column_and_its_time():
    full, thin = lidar_pattern("PANDAR128"), lidar_pattern("PANDAR128").thinned(3)
    assert thin.columns == 1200
    assert np.array_equal(thin.directions[:, -1], full.directions[:, -1])
    assert thin.column_fraction[-1] == 1.0


def test_an_unknown_device_is_named():
    with pytest.raises(InputError, match="'HDL64'.*PANDAR128"):
        lidar_pattern("HDL64")
