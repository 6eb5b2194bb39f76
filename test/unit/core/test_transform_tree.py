"""Frames of TF, chained."""

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import invert, matrix_from_xyz_rpy
from carla_nurec_bridge.core.transform_tree import TransformTree

A = matrix_from_xyz_rpy((1.0, 2.0, 0.5), (0.1, 0.2, 0.3))
B = matrix_from_xyz_rpy((4.0, -2.0, 0.0), (0.0, -0.2, 1.3))
C = matrix_from_xyz_rpy((0.0, 0.3, 1.5), (0.0, 0.1, -0.4))


@pytest.fixture
def tree() -> TransformTree:
    tree = TransformTree()
    tree.add("map", "odom", 0, A, static=True)
    tree.add("odom", "base_link", 100, B, static=False)
    tree.add("base_link", "camera", 0, C, static=True)
    return tree


def test_up_down_and_across(tree):
    assert tree.lookup("map", "camera") == pytest.approx(A @ B @ C)
    assert tree.lookup("camera", "map") == pytest.approx(invert(A @ B @ C))
    tree.add("odom", "other", 100, C, static=False)
    assert tree.lookup("other", "camera") == pytest.approx(invert(C) @ B @ C)
    assert tree.lookup("map", "map") == pytest.approx(np.eye(4))


def test_between_two_stamps_it_is_interpolated(tree):
    moved = B.copy()
    moved[0, 3] += 2.0
    tree.add("odom", "base_link", 200, moved, static=False)
    assert tree.lookup("odom", "base_link", 150)[0, 3] == pytest.approx(5.0)
    assert tree.lookup("odom", "base_link")[0, 3] == pytest.approx(6.0)
    assert tree.lookup("odom", "base_link", 900)[0, 3] == pytest.approx(6.0)


def test_strangers_and_circles_are_named(tree):
    with pytest.raises(InputError, match="'moon' with 'map'; TF has: base_link, camera, map, odom"):
        tree.lookup("map", "moon")
    tree.add("camera", "map", 0, A, static=True)
    with pytest.raises(InputError, match="circle"):
        tree.lookup("map", "camera")


def test_it_says_what_is_connected(tree):
    assert tree.connects("map", "camera")
    assert not tree.connects("map", "moon")
