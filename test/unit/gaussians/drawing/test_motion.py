"""The tables of a motion beside the poses that they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import interpolate, invert, matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion, Sight, motion_of

START = matrix_from_xyz_rpy([4e5, -2e5, 30.0], [0.3, -0.2, 2.9])
END = matrix_from_xyz_rpy([4e5 + 1.0, -2e5 + 0.4, 30.2], [0.35, -0.1, -3.1])
BODIES = (
    BodyMotion(START @ matrix_from_xyz_rpy([5, 1, 0], [0, 0, 0.4]), END),
    None,
    BodyMotion(END, END),
)


@pytest.mark.parametrize("lines", [1, 7, 700])
def test_every_line_has_the_poses_of_its_time(lines: int) -> None:
    times = np.linspace(0.0, 1.0, lines)
    motion = motion_of(START, END, times, BODIES)
    sensor = interpolate(START, END, np.append(times, 0.5))
    assert motion.centre == pytest.approx(sensor[-1, :3, 3], abs=1e-9)
    assert motion.shown.tolist() == [True, True, False, True]
    near = np.eye(4)
    near[:3, 3] = sensor[-1, :3, 3]
    scene = np.broadcast_to(near, (lines + 1, 4, 4))
    poses = [scene, None, None, np.broadcast_to(END, (lines + 1, 4, 4))]
    poses[1] = interpolate(BODIES[0].scene_from_body_start, END, np.append(times, 0.5))
    for body, pose in enumerate(poses):
        if pose is None:
            continue
        expected = invert(sensor) @ pose
        assert motion.sensor_from_body[:, body] == pytest.approx(expected[:, :3], abs=1e-9)
        assert motion.origins[:, body] == pytest.approx(invert(expected)[:, :3, 3], abs=1e-5)
        turns = invert(pose)[:-1, :3, :3]
        assert motion.turns[:, body] == pytest.approx(turns, abs=1e-6)
    assert motion.ray_turns == pytest.approx(sensor[:-1, :3, :3], abs=1e-6)


def test_how_far_all_moves_bounds_what_tables_hold() -> None:
    times = np.linspace(0.1, 0.9, 5)
    motion = motion_of(START, END, times, BODIES)
    assert not motion.still
    way = np.linalg.norm(END[:3, 3] - START[:3, 3])
    other = np.linalg.norm(END[:3, 3] - BODIES[0].scene_from_body_start[:3, 3])
    assert motion.reach_m == pytest.approx(0.4 * (way + other))
    cosine = 0.5 * (np.trace(START[:3, :3].T @ END[:3, :3]) - 1.0)
    assert motion.turn_rad == pytest.approx(0.4 * np.arccos(cosine))
    still = motion_of(START, START, times, (None, BodyMotion(END, END)))
    assert (still.still, still.reach_m, still.turn_rad) == (True, 0.0, 0.0)
    assert not motion_of(START, START, times, BODIES).still


def test_nothing_is_worked_out_for_bodies_beside_a_sight() -> None:
    """Ahead within 60 degrees is seen; so is what lies beside, but reaches as far as into that."""
    places = {"ahead": [0, 0, 10], "right": [10, 0, 1], "wide": [10, 0, 1], "behind": [0, 0, -9]}
    bodies = []
    for place in places.values():
        pose = np.eye(4)
        pose[:3, 3] = place
        bodies.append(BodyMotion(pose, pose))
    times = np.linspace(0.0, 1.0, 3)
    sight = Sight(np.radians(60.0), np.array([0, 1, 1, 6, 1], np.float32))
    seen = motion_of(np.eye(4), np.eye(4), times, bodies, sight)
    assert seen.shown.tolist() == [True, True, False, True, False]
    everything = motion_of(np.eye(4), np.eye(4), times, bodies)
    assert everything.shown.all()
    for name in ("sensor_from_body", "origins", "turns"):
        known, own = getattr(everything, name), getattr(seen, name)
        assert np.array_equal(own[:, seen.shown], known[:, seen.shown])
        assert not own[:, ~seen.shown].any()
    assert (seen.reach_m, seen.turn_rad) == (everything.reach_m, everything.turn_rad)
