"""Which messages a run must produce, counted by hand."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.pose_history import PoseHistory
from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.pages import sensors, topics
from carla_nurec_bridge.core.run_contract.streams import (
    AGENT,
    EGO,
    EGODRIVER,
    EVAL,
    NUREC,
    PARTICIPANTS,
    RECORDER,
    TRACKER,
    expected_count,
    plan_streams,
    readers,
)
from carla_nurec_bridge.core.run_contract.topics import TOPICS

_DT_NS = 50_000_000


def _counts(participants: tuple[str, ...], frames: int) -> dict[str, int]:
    streams = plan_streams(load_rig("demo"), _DT_NS, participants)
    assert len({stream.topic for stream in streams}) == len(streams)
    return {stream.topic: expected_count(stream, frames) for stream in streams}


def test_the_demo_expects_what_its_rates_say() -> None:
    counts = _counts(PARTICIPANTS, 200)
    assert counts["/clock"] == counts["odometry"] == counts["objects"] == 201
    assert counts["command/ackermann"] == 201
    assert counts["camera/front_wide_120fov/image_raw/compressed"] == 200  # 20 Hz for 10 s
    assert counts["camera/carla_front/depth/image_raw"] == 200
    assert counts["lidar/top/points"] == 100  # 10 Hz for 10 s
    assert counts["/tf_static"] == counts["route"] == 1
    assert counts["camera/cross_left_120fov/calibration"] == 1


def test_sensors_without_their_producer_are_not_expected() -> None:
    counts = _counts((EGO, RECORDER), 10)
    assert not any("120fov" in topic or topic.startswith("lidar") for topic in counts)
    assert "camera/carla_front/image_raw/compressed" in counts
    assert "command/ackermann" not in counts
    assert "route" not in counts


def test_the_truth_is_expected_where_odometry_drifts_and_read_by_who_draws_and_scores() -> None:
    rig = load_rig("demo")
    plain = plan_streams(rig, _DT_NS, PARTICIPANTS)
    told = plan_streams(rig, _DT_NS, PARTICIPANTS, ground_truth=True)
    (truth,) = set(told) - set(plain)
    assert (truth.topic, truth.producer) == ("odometry/ground_truth", EGO)
    assert expected_count(truth, 200) == 201
    assert readers("ground_truth", PARTICIPANTS) == (NUREC, EVAL, RECORDER)


def test_an_agent_with_a_period_of_its_own_owes_a_command_in_each() -> None:
    planned = plan_streams(load_rig("demo"), _DT_NS, (EGO, AGENT), agent_period=3)
    (command,) = (s for s in planned if s.producer == AGENT)
    assert [frame for frame in range(8) if command.due(frame)] == [0, 3, 6]
    assert [expected_count(command, frames) for frames in (0, 2, 3, 200)] == [1, 1, 2, 67]
    policy = plan_streams(load_rig("demo"), _DT_NS, (EGO, EGODRIVER), agent_period=3)
    assert [s.period_ticks for s in policy if s.producer == EGODRIVER] == [1]


def test_counting_frame_by_frame_gives_the_expected_count() -> None:
    streams = plan_streams(load_rig("demo"), _DT_NS, PARTICIPANTS)
    for frames in (0, 1, 7, 40):
        seen = dict.fromkeys((s.topic for s in streams if s.period_ticks), 0)
        for frame in range(frames + 1):
            for stream in streams:
                if stream.due(frame):
                    seen[stream.topic] += 1
        for stream in streams:
            if stream.period_ticks:
                assert seen[stream.topic] == expected_count(stream, frames)


def test_a_rate_that_does_not_divide_the_tick_is_refused_by_name() -> None:
    with pytest.raises(
        InputError,
        match=r"camera front_wide_120fov: 20 Hz does not divide.*\(rig demo, .*demo\.yaml\)",
    ):
        plan_streams(load_rig("demo"), 30_000_000, PARTICIPANTS)


def test_every_topic_of_a_bag_is_read_by_the_recorder_and_by_who_needs_it() -> None:
    assert readers("odometry", PARTICIPANTS) == (NUREC, AGENT, EGODRIVER, TRACKER, EVAL, RECORDER)
    assert readers("route", (EGO, AGENT)) == (AGENT,)
    assert readers("command_ackermann", PARTICIPANTS) == (EGO, RECORDER)
    for key, row in TOPICS.items():
        assert (RECORDER in readers(key, PARTICIPANTS)) == row.in_bag


@pytest.mark.parametrize("page", [topics, sensors])
def test_generated_pages_are_what_they_are_made_from(page: ModuleType) -> None:
    written = share_dir() / "docs" / f"{page.__name__.split('.')[-1]}.md"
    if not written.is_file():
        pytest.skip("an installed package has no docs")
    assert written.read_text() == page.render(), f"run python -m {page.__name__}"


def test_a_history_interpolates_between_frames_and_holds_outside() -> None:
    history = PoseHistory()
    history.add(100, matrix_from_xyz_rpy((0.0, 0, 0), (0, 0, 0)))
    history.add(200, matrix_from_xyz_rpy((2.0, 0, 0), (0, 0, 0.4)))
    history.add(300, matrix_from_xyz_rpy((8.0, 0, 0), (0, 0, 0.4)))
    between = matrix_from_xyz_rpy((1.0, 0, 0), (0, 0, 0.2))
    np.testing.assert_allclose(history.at(150), between, atol=1e-12)
    assert history.at(250)[0, 3] == pytest.approx(5.0)
    assert history.at(200)[0, 3] == 2.0
    assert history.at(50)[0, 3] == 0.0
    assert history.at(999)[0, 3] == 8.0
    assert history.last_ns == 300


def test_a_history_spans_a_sweep_of_the_shortest_frames() -> None:
    history = PoseHistory()
    for frame in range(200):
        history.add(frame * 1_000_000, matrix_from_xyz_rpy((frame, 0, 0), (0, 0, 0)))
    assert history.at(99_500_000)[0, 3] == pytest.approx(99.5)
