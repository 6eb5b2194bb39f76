"""Detections of CARLA's radar, packed by hand, as right-handed returns."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from carla_nurec_bridge.core.rig.sensor_base import Sampling
from carla_nurec_bridge.core.rig.sensors.radar import CarlaRadar

_RADAR = CarlaRadar.model_validate(
    {"name": "bumper", "type": "radar", "rate_hz": 20, "mount": {"position_m": [0, 0, 0]}}
)


def test_radar_counts_angles_to_the_left() -> None:
    raw = np.array([[-3.0, np.radians(30.0), np.radians(10.0), 20.0]], "<f4")
    [row] = _RADAR.decode([SimpleNamespace(raw_data=raw.tobytes())], Sampling(1, 0.05))
    # Right and up: 20 cos 30 cos 10, -20 sin 30 cos 10, 20 sin 10.
    assert (row["x"], row["y"], row["z"]) == pytest.approx((17.0574, -9.8481, 3.4730), abs=1e-3)
    assert row["Velocity"] == -3.0
    assert row["AzimuthAngle"] == pytest.approx(-0.5236, abs=1e-4)
