"""Scores of drives whose figures follow from geometry alone."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.evaluation import (
    boxes_overlap,
    collisions,
    evaluate,
    route_progress,
)
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import (
    Actor,
    ActorState,
    Box,
    EgoBox,
    EgoState,
    Size,
    WorldState,
)

CAR = (4.0, 2.0, 1.5)
STILL = np.zeros(3)


def box(x: float, y: float, yaw: float = 0.0, z: float = 0.0, size: Size = CAR) -> Box:
    return Box(matrix_from_xyz_rpy((x, y, z), (0, 0, yaw)), size)


def actor(number: int, at: Box) -> ActorState:
    described = Actor(number, "", ObjectClass.CAR, at.size_m)
    return ActorState(described, at.map_from_box, STILL, STILL, STILL)


def state(second: float, x: float, others: dict[int, Box], speed: float = 1.0) -> WorldState:
    pose = matrix_from_xyz_rpy((x, 0, 0), (0, 0, 0))
    ego = EgoState(pose, np.array([speed, 0, 0]), STILL, STILL, EgoBox(CAR, (0.0, 0.0, 0.0)))
    actors = tuple(actor(number, other) for number, other in others.items())
    return WorldState(round(second * 1e9), ego, actors)


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (box(3.99, 0), True),
        (box(4.0, 0), False),
        (box(0, 1.99), True),
        (box(0, 2.0), False),
        (box(0, 0, z=1.49), True),
        (box(0, 0, z=1.6), False),
        # A square car turned by 45 degrees reaches sqrt(2) of its half length.
        (box(1.0 + 2.0 + math.sqrt(2) - 0.01, 0, math.pi / 4, size=(2, 2, 1.0)), False),
        (box(2.0 + math.sqrt(2) - 0.01, 0, math.pi / 4, size=(2, 2, 1.0)), True),
        (box(2.0 + math.sqrt(2) + 0.01, 0, math.pi / 4, size=(2, 2, 1.0)), False),
        # Corner near corner, where the bounding circles and boxes overlap but the boxes do not.
        (box(3.2, 1.9, math.pi / 4, size=(1, 1, 1.0)), False),
    ],
)
def test_overlap_of_boxes(other: Box, overlap: bool) -> None:
    assert boxes_overlap(box(0, 0), other) is overlap
    assert boxes_overlap(other, box(0, 0)) is overlap


@settings(max_examples=60)
@given(
    st.floats(-4, 4),
    st.floats(-3, 3),
    st.floats(-1.5, 1.5),
    st.tuples(*[st.floats(-math.pi, math.pi)] * 3),
)
def test_overlap_agrees_with_a_search_for_a_common_point(
    x: float, y: float, z: float, rpy: tuple[float, float, float]
) -> None:
    other = Box(matrix_from_xyz_rpy((x, y, z), rpy), (3.0, 1.0, 2.0))
    grid = np.array(list(itertools.product(np.linspace(-1, 1, 25), repeat=3)))
    points = grid * np.array(CAR) / 2
    inside = np.abs((points - other.map_from_box[:3, 3]) @ other.map_from_box[:3, :3])
    slack = np.array(other.size_m) / 2 - inside
    if np.any(np.all(slack > 1e-6, axis=1)):
        assert boxes_overlap(box(0, 0), other)
    if not boxes_overlap(box(0, 0), other):
        assert not np.any(np.all(slack > 1e-6, axis=1))


def test_a_contact_counts_once_until_five_seconds_have_passed() -> None:
    hit, miss = {1: box(1, 0)}, {1: box(50, 0)}
    states = [state(t, 0.0, hit) for t in (0.0, 0.1, 4.9, 9.8)]
    states += [state(15.0, 0.0, miss), state(15.5, 0.0, hit)]
    assert [c.stamp_ns for c in collisions(states)] == [0, 15_500_000_000]


def test_each_object_counts_for_itself() -> None:
    found = collisions([state(0.0, 0.0, {1: box(1, 0), 2: box(-1, 0), 3: box(9, 9)}, 3.0)])
    assert [(c.id, c.label, c.ego_speed_mps) for c in found] == [
        ("1", "car", 3.0),
        ("2", "car", 3.0),
    ]


def test_progress_on_a_route_with_a_corner() -> None:
    route = np.array([[0, 0], [10, 0], [10, 10]])
    progress = route_progress(route, [np.array(p) for p in ([2, 0.5], [9, 0], [10, 4])])
    assert progress.length_m == pytest.approx(18.0)
    assert progress.driven_m == pytest.approx(12.0)
    assert progress.completion == pytest.approx(2 / 3)
    assert progress.max_offset_m == pytest.approx(0.5)


def test_a_route_that_crosses_itself_is_not_cut_short() -> None:
    angle = np.linspace(0, 2 * math.pi, 400)
    eight = 100 * np.stack([np.sin(angle), np.sin(2 * angle) / 2], axis=1)
    driven = route_progress(eight, list(eight[:201]))
    # At the crossing in the middle the way is half done, not over.
    assert driven.completion == pytest.approx(0.5, abs=0.01)
    assert route_progress(eight, list(eight)).completion == pytest.approx(1.0, abs=0.01)


def test_driving_beside_the_route_makes_no_progress() -> None:
    route = np.array([[0.0, 0.0], [100.0, 0.0]])
    beside = [np.array([x, 0.0 if x < 10 else 8.0]) for x in np.arange(0.0, 60.0, 1.0)]
    assert route_progress(route, beside).driven_m == pytest.approx(9.0)
    with pytest.raises(InputError, match="two points apart"):
        route_progress(np.zeros((3, 2)), beside)


def test_figures_of_a_drive() -> None:
    states = [state(0.5 * i, 2.0 * i, {}, 4.0 if i < 5 else 0.0) for i in range(5)]
    states += [state(2.0 + 0.5 * i, 8.0, {}, 0.0) for i in range(1, 5)]
    summary = evaluate(states, np.array([[0.0, 0.0], [16.0, 0.0]]))
    assert summary.distance_m == pytest.approx(8.0)
    assert summary.duration_s == pytest.approx(4.0)
    assert summary.mean_speed_mps == pytest.approx(2.0)
    assert summary.max_speed_mps == pytest.approx(4.0)
    assert summary.standing_s == pytest.approx(2.0)
    assert summary.route_completion == pytest.approx(0.5)
    assert evaluate([], None).route_completion is None
