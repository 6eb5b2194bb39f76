"""Poses and their stamps."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.timed_path import TimedPath


def path(*stamps_ns: int) -> TimedPath:
    poses = [matrix_from_xyz_rpy((s / 10.0, 0, 0), (0, 0, s / 100.0)) for s in stamps_ns]
    return TimedPath(np.array(stamps_ns, np.int64), np.array(poses).reshape(-1, 4, 4))


def test_between_two_poses_it_is_interpolated_and_outside_held() -> None:
    found = path(10, 20, 40)
    np.testing.assert_allclose(
        found.at(30), matrix_from_xyz_rpy((3.0, 0, 0), (0, 0, 0.3)), atol=1e-12
    )
    assert found.at(20)[0, 3] == 2.0
    assert found.at(5)[0, 3] == 1.0
    assert found.at(99)[0, 3] == 4.0


def test_what_is_later() -> None:
    found = path(10, 20, 40)
    later = found.later_than(20)
    assert later is not None
    assert later.stamps_ns.tolist() == [40]
    assert found.later_than(40) is None


def test_seen_from_a_frame_that_is_turned() -> None:
    turned = matrix_from_xyz_rpy((5.0, 0, 0), (0, 0, np.pi / 2))
    np.testing.assert_allclose(path(10).seen_from(turned).at(10)[:2, 3], (5.0, 1.0), atol=1e-12)


@pytest.mark.parametrize(
    ("stamps", "words"),
    [((), "no timed path"), ((10, 10), "pose 1 .* not later"), ((20, 10), "not later")],
)
def test_stamps_that_do_not_rise_are_refused(stamps: tuple[int, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        path(*stamps)


def test_a_number_that_is_not_finite_is_refused() -> None:
    poses = np.tile(np.eye(4), (1, 1, 1))
    poses[0, 0, 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        TimedPath(np.array([1], np.int64), poses)
