"""The ego's drive is the same whoever recorded it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from carla_nurec_bridge.scene.recorded_ego import read_recorded_ego


def test_a_recording_and_the_scene_built_of_it_tell_the_same_drive(
    real_recording_path: Path, package: Path
) -> None:
    log, scene = read_recorded_ego(real_recording_path), read_recorded_ego(package)
    assert log.start_ns == 0
    seconds = np.linspace(0.0, (log.path.end_ns - log.start_ns) / 1e9, 20)
    for later_ns in np.round(seconds * 1e9).astype(np.int64).tolist():
        one, other = log.path.at(log.start_ns + later_ns), scene.path.at(scene.start_ns + later_ns)
        np.testing.assert_allclose(one[:3, 3], other[:3, 3], atol=2e-3)
        np.testing.assert_allclose(one[:3, :3], other[:3, :3], atol=1e-3)
