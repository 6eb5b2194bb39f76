"""Motion of a car at 6 m/s, told from where it is: no acceleration where none can be known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

carla = pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.ego import Ego  # noqa: E402
from carla_nurec_bridge.carla_client.actors.observer import EgoTracker  # noqa: E402

_DT_S = 0.05
_EGO = cast(
    Ego,
    SimpleNamespace(
        actor=SimpleNamespace(id=1), base_from_actor=np.eye(4), info=SimpleNamespace(body=None)
    ),
)


def snapshot(x_m: float, speed_mps: float) -> Any:
    state = SimpleNamespace(
        get_transform=lambda: carla.Transform(carla.Location(x_m, 0.0, 0.0)),
        get_velocity=lambda: carla.Vector3D(speed_mps, 0.0, 0.0),
        get_angular_velocity=lambda: carla.Vector3D(),
    )
    return SimpleNamespace(find=lambda _: state)


@pytest.mark.parametrize("from_poses", [True, False])
def test_no_acceleration_is_made_up_at_the_begin_or_by_a_teleport(from_poses: bool) -> None:
    tracker = EgoTracker(_EGO, _DT_S, from_poses=from_poses)
    places = [6.0 * _DT_S * k + (500.0 if k >= 5 else 0.0) for k in range(10)]
    motions = [tracker.update(snapshot(x, 6.0)) for x in places]
    unknown = {5} | ({0} if from_poses else set())
    speeds = [0.0 if k in unknown else 6.0 for k in range(10)]
    assert [m.speed_mps for m in motions] == pytest.approx(speeds, abs=1e-3)
    # Places are float32: an ulp at 500 m is 3e-5 m, by a step squared 0.01 m/s^2 and a few.
    assert max(float(np.linalg.norm(m.acceleration_base_mps2)) for m in motions) < 0.1
    assert tracker.teleports == 1


def test_a_change_of_speed_is_an_acceleration() -> None:
    tracker = EgoTracker(_EGO, _DT_S, from_poses=False)
    speeds = [1.0, 1.5, 1.5]
    accelerations = [tracker.update(snapshot(0.0, v)).acceleration_base_mps2[0] for v in speeds]
    assert accelerations == pytest.approx([0.0, 10.0, 0.0])
