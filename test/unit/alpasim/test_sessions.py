"""Sessions: their clock, their turn, what comes too early."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from carla_nurec_bridge.alpasim.codes import Code
from carla_nurec_bridge.alpasim.conversion import topic_name
from carla_nurec_bridge.alpasim.session import DriverSession
from carla_nurec_bridge.alpasim.session_clock import SessionClock
from carla_nurec_bridge.alpasim.session_desk import SessionDesk
from carla_nurec_bridge.alpasim.stack import SessionInfo
from carla_nurec_bridge.core.errors import InputError, RefusalError
from carla_nurec_bridge.nurec.stubs import common_pb2 as common

_S = 1_000_000_000


def session(uuid: str = "a", after_ns: int = 0) -> DriverSession:
    return DriverSession(SessionInfo(uuid, "scene", 1, ()), {}, after_ns)


def trajectory(*items: tuple[int, float]) -> common.Trajectory:
    return common.Trajectory(
        poses=[
            common.PoseAtTime(pose=common.Pose(vec=common.Vec3(x=x)), timestamp_us=time_us)
            for time_us, x in items
        ]
    )


@pytest.mark.parametrize(
    ("time_us", "after_ns", "stamp_ns"),
    [
        (1_700_000_000_000_000, 0, 1_700_000_000 * _S),
        (0, 0, _S),
        (0, 50 * _S, 51 * _S),
        (90_000_000, 50 * _S, 90 * _S),
    ],
)
def test_stamps_are_alpasims_unless_they_would_go_back(
    time_us: int, after_ns: int, stamp_ns: int
) -> None:
    clock = SessionClock.starting_at(time_us, after_ns)
    assert clock.stamp_ns(time_us) == stamp_ns
    assert clock.time_us(stamp_ns) == time_us


def test_a_time_that_no_stamp_holds_is_refused() -> None:
    with pytest.raises(InputError, match="lies outside"):
        SessionClock(0).stamp_ns(1 << 60)


def test_poses_that_come_again_are_counted_and_motion_is_found_where_untold() -> None:
    one = session()
    first = one.move(trajectory((1_000_000, 0.0), (1_100_000, 1.0)), [])
    again = one.move(trajectory((1_100_000, 1.0), (1_200_000, 3.0)), [])
    assert [stamp for stamp, _ in first] == [_S + _S * i // 10 for i in (0, 1)]
    assert [state.speed_mps for _, state in again] == pytest.approx([20.0])
    assert one.counts == {"poses": 3, "poses_repeated": 1, "poses_without_motion": 3}
    assert one.pose_at(1_150_000_000)[0, 3] == pytest.approx(2.0)
    assert one.pose_at(1_300_000_000) is None


def test_a_route_waits_for_the_pose_of_its_time() -> None:
    one, placed = session(), []
    one.once_placed(1_200_000_000, lambda pose: placed.append(pose[0, 3]))
    one.move(trajectory((1_100_000, 1.0)), [])
    one.place()
    assert placed == []
    one.move(trajectory((1_300_000, 3.0)), [])
    one.place()
    assert placed == pytest.approx([2.0])


def test_states_that_fit_no_poses_are_refused() -> None:
    with pytest.raises(RefusalError, match="2 dynamic states came with 1 poses"):
        session().move(trajectory((1, 0.0)), [common.DynamicState()] * 2)
    nan = common.DynamicState(linear_velocity=common.Vec3(x=np.nan))
    with pytest.raises(InputError, match="not finite"):
        session().move(trajectory((1, 0.0)), [nan])


def test_a_second_session_is_refused_or_waits_for_its_turn() -> None:
    ended: list[DriverSession] = []
    desk = SessionDesk(0.0, 600.0, ended.append)
    first = desk.admit("a", lambda ns: session("a", ns), lambda: True)
    for uuid, code in (("b", Code.RESOURCE_EXHAUSTED), ("a", Code.ALREADY_EXISTS)):
        with pytest.raises(RefusalError) as refused:
            desk.admit(uuid, lambda ns: session("b", ns), lambda: True)
        assert refused.value.code is code
    first.newest_ns = 5 * _S
    desk.end(first)
    desk.end(first)
    assert ended == [first]
    with pytest.raises(RefusalError, match="'a' is over"):
        desk.find("a")
    with pytest.raises(RefusalError, match="'c' was never started"):
        desk.find("c")

    waiting = SessionDesk(60.0, 600.0, ended.append)
    open_one = waiting.admit("a", lambda ns: session("a", ns), lambda: True)
    open_one.newest_ns = 5 * _S
    timer = threading.Timer(0.3, lambda: waiting.end(open_one))
    timer.start()
    second = waiting.admit("b", lambda ns: session("b", ns), lambda: True)
    timer.join()
    assert second.after_ns == 5 * _S


def test_an_abandoned_session_gives_way() -> None:
    ended: list[DriverSession] = []
    desk = SessionDesk(0.0, 1.0, ended.append)
    left = desk.admit("a", lambda ns: session("a", ns), lambda: True)
    left.heard_at_s = time.monotonic() - 2.0
    assert desk.admit("b", lambda ns: session("b", ns), lambda: True).info.uuid == "b"
    assert ended == [left]
    assert left.counts["abandoned"] == 1


@pytest.mark.parametrize(
    ("logical_id", "name"),
    [
        ("camera_front_wide_120fov@2025-01-02", "camera_front_wide_120fov"),
        ("front camera__2", "front_camera_2"),
        ("120 fov", "camera_120_fov"),
    ],
)
def test_a_camera_gets_a_name_that_topics_may_have(logical_id: str, name: str) -> None:
    assert topic_name(logical_id) == name


def test_a_camera_without_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="neither letter nor digit"):
        topic_name("@x")
