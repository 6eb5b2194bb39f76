"""Track ids, and motion from poses."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.record.tracks import NO_ID, Tracks
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

ZERO = np.zeros(3)


def state(actor_id: int, x: float, yaw: float = 0.0) -> ActorState:
    actor = Actor(actor_id, "", ObjectClass.CAR, (4.0, 2.0, 1.5))
    pose = rigid(rotation_from_rpy((0, 0, yaw)), (x, 0, 0))
    return ActorState(actor, pose, ZERO, ZERO, ZERO)


def test_ids_count_from_1_by_recorded_id_and_stay():
    tracks = Tracks(ego_id=30)
    tracks.update(0, [state(20, 0), state(30, 1), state(40, 2)], {20: 900, 30: 174})
    tracks.update(1, [state(10, 0), state(40, 2), state(20, 0)], {20: 900, 10: 5, 40: 33})
    ids = {actor_id: one.track_id for actor_id, one in tracks.by_actor.items()}
    assert ids == {30: 1, 20: 2, 40: 3, 10: 4}
    assert [a for a, one in tracks.by_actor.items() if one.is_ego] == [30]
    assert tracks.by_actor[40].recorded_id == 33  # known later than it came


def test_motion_is_that_of_the_poses_and_unknown_where_they_do_not_tell():
    tracks = Tracks(None)
    step_ns = 100_000_000
    first, second, third = (
        tracks.told(tracks.update(k * step_ns, [state(1, x, yaw)], {}))[0]
        for k, (x, yaw) in enumerate([(0.0, 0.0), (1.0, 0.1), (2.5, 0.2)])
    )
    assert first.velocity_map_mps is first.acceleration_map_mps2 is None
    assert second.velocity_map_mps == pytest.approx((10.0, 0.0, 0.0))
    assert second.angular_map_radps == pytest.approx((0.0, 0.0, 1.0))
    assert second.acceleration_map_mps2 is None  # nobody knows how fast it was before
    assert third.acceleration_map_mps2 == pytest.approx((50.0, 0.0, 0.0))


def test_a_jump_is_no_motion():
    tracks = Tracks(None)
    tracks.update(0, [state(1, 0.0)], {})
    told = tracks.told(tracks.update(100_000_000, [state(1, 80.0)], {}))
    assert told[0].velocity_map_mps is None


def test_an_actor_that_a_bag_has_no_id_of_says_so():
    tracks = Tracks(NO_ID)
    tracks.update(0, [state(NO_ID, 0.0)], {})
    ego = tracks.by_actor[NO_ID]
    assert (ego.actor_id, ego.pixel_id, ego.is_ego) == (None, 0, True)


def test_steps_of_unequal_length_tell_the_same_acceleration():
    """A car that brakes with 4 m/s2, whichever frames are missing."""
    tracks, found = Tracks(None), []
    for stamp_ns in (0, 100_000_000, 200_000_000, 500_000_000, 600_000_000, 1_000_000_000):
        t = stamp_ns / 1e9
        [moved] = tracks.update(stamp_ns, [state(4, 9.0 * t - 2.0 * t * t)], {})
        found.append(moved.acceleration_map_mps2)
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:], [[-4.0, 0.0, 0.0]] * 4, atol=1e-9)
