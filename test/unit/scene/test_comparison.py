"""The distance of a drive to the recording that its scene was built from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.scene import distance_to_recording, open_scene


def test_a_known_offset_is_found(package: Path) -> None:
    scene = open_scene(package)
    start_us = scene.time_range_us[0]
    stamps = start_us + np.arange(0, 20_000_000, 50_000)
    way = [scene.map_from_world @ scene.rig_trajectory.at(int(s)) for s in stamps]
    assert distance_to_recording(scene, stamps, np.array(way)).max_m < 1e-9
    aside = matrix_from_xyz_rpy((0.0, 0.3, 0.4), (0.0, 0.0, math.radians(2.0)))
    found = distance_to_recording(scene, stamps, np.array(way) @ aside)
    assert found.compared == 400
    assert found.mean_m == pytest.approx(0.5)
    assert found.max_m == pytest.approx(0.5)
    assert found.max_deg == pytest.approx(2.0)
    assert found.to_json() == {"compared": 400, "mean_m": 0.5, "max_m": 0.5, "max_deg": 2.0}


def test_a_late_drive_is_behind_by_its_speed(package: Path) -> None:
    scene = open_scene(package)
    stamps = scene.time_range_us[0] + np.arange(8_000_000, 20_000_000, 50_000)
    late = [scene.map_from_world @ scene.rig_trajectory.at(int(s) - 25_000) for s in stamps]
    found = distance_to_recording(scene, stamps, np.array(late))
    assert 0.1 < found.max_m < 0.6, "25 ms at up to 20 m/s"


def test_only_stamps_of_the_recording_count(package: Path) -> None:
    scene = open_scene(package)
    start_us, end_us = scene.time_range_us
    poses = np.stack([np.eye(4)] * 3)
    assert distance_to_recording(scene, [0, 1, end_us], poses) is None
    assert distance_to_recording(scene, [start_us, start_us - 1, end_us], poses).compared == 1
