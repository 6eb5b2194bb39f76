"""Other modes of ``carla_ego``: a second ego, CARLA's death, scenes with handover, late answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from ego_bench import Ego, User, carla_server, make_scene
from geometry_msgs.msg import Twist, TwistStamped, Vector3
from rclpy.node import Node

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.messages.convert import header, nanoseconds_of
from carla_nurec_bridge.ros.publishers.publishers import message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.scene import Scene, open_scene

pytestmark = [pytest.mark.ros, pytest.mark.slow]

EMPTY_RIG = "name: none\ncameras: []\nlidars: []\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("carla")
    made = tmp_path_factory.mktemp("modes")
    (made / "rig.yaml").write_text(EMPTY_RIG)
    return made


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[int]:
    """Serve the demo town for all tests that leave the server as it is; return its port."""
    (folder / "shared").mkdir()
    with carla_server(folder / "shared") as port:
        yield port


@pytest.fixture(scope="module")
def scene_path(folder: Path) -> Path:
    """Return a scene of 60 frames, beside the recording that it was made of."""
    return make_scene(folder / "scene", frames=60, vehicles=4)


@pytest.fixture
def user() -> Iterator[User]:
    made = User()
    yield made
    made.close()


def test_a_second_ego_follows_the_first_under_its_own_names(
    served: int, folder: Path, user: User
) -> None:
    rig = str(folder / "rig.yaml")
    first_odometry = user.hear("odometry", prefix="/ego1/")
    second_odometry = user.hear("odometry", prefix="/ego2/")
    state, info = (
        user.hear("vehicle_state", prefix="/ego2/"),
        user.hear("vehicle_info", prefix="/ego2/"),
    )
    transforms = user.hear("tf")
    user.hear("clock")
    first = Ego(
        folder / "ego1",
        served,
        "__ns:=/ego1",
        "cmd_vel:=/cmd_vel",
        rig=rig,
        ego__role_name="ego1",
        frame_prefix="ego1/",
        real_time_factor=1.0,
        command__cmd_vel="twist_stamped",
    )
    user.until(lambda: user.heard[first_odometry], "the first ego")
    second = Ego(
        folder / "ego2",
        served,
        "__ns:=/ego2",
        rig=rig,
        ego__role_name="ego2",
        seed=5,
        ego__blueprint="vehicle.yamaha.yzf",
        mode="follow",
        follow__run="/ego1/lockstep/run",
        frame_prefix="ego2/",
    )
    try:
        user.until(lambda: len(user.heard[second_odometry]) > 20, "the second ego")
        own = [nanoseconds_of(m.header.stamp) for m in user.heard[second_odometry][:20]]
        first_began = nanoseconds_of(user.heard[first_odometry][0].header.stamp)
        user.until(
            lambda: nanoseconds_of(user.heard[first_odometry][-1].header.stamp) >= own[-1],
            "the same frames of the first",
        )
        stamps = {nanoseconds_of(m.header.stamp) for m in user.heard[first_odometry]}
        assert {stamp for stamp in own if stamp >= first_began} <= stamps
        # Frame by frame; who is kept waiting for more than four leaves some out.
        steps = np.diff(own)
        assert np.all(steps > 0)
        assert np.all(steps % 50_000_000 == 0)
        both = {"ego1/base_link", "ego2/base_link"}
        user.until(
            lambda: (
                both <= {t.child_frame_id for m in user.heard[transforms] for t in m.transforms}
            ),
            "the transforms of both",
        )
        assert user.heard[second_odometry][-1].header.frame_id == "ego2/odom"
        # It does not stand still by itself, but it does as it is told.
        publisher = user.node.create_publisher(
            AckermannDriveStamped, "/ego2/command/ackermann", profile("command")
        )
        user.until(publisher.get_subscription_count, "the second ego's ear")
        drive = AckermannDrive(speed=4.0, steering_angle=0.1)

        def rides() -> bool:
            # It is a motorcycle: one wheel steers.
            angle = user.heard[state][-1].drive.steering_angle
            speed = user.heard[second_odometry][-1].twist.twist.linear.x
            return bool(speed > 0.5 and abs(angle - 0.1) < 0.01)

        user.while_saying(
            lambda: publisher.publish(AckermannDriveStamped(drive=drive)), rides, "a ride"
        )
        # Its axles are near.
        user.until(lambda: user.heard[info], "what the second ego is")
        assert 1.2 < json.loads(user.heard[info][-1].data)["wheelbase_m"] < 1.8
        assert abs(user.heard[first_odometry][-1].twist.twist.linear.x) < 0.1
        # Nav2's controller knows nothing of namespaces: its topic is remapped to.
        teleop = user.node.create_publisher(TwistStamped, "/cmd_vel", 10)
        user.until(teleop.get_subscription_count, "the first ego's reader of /cmd_vel")

        def steer() -> None:
            message = TwistStamped(twist=Twist(linear=Vector3(x=3.0)))
            message.header.stamp = user.heard[first_odometry][-1].header.stamp
            teleop.publish(message)

        user.while_saying(
            steer, lambda: user.heard[first_odometry][-1].twist.twist.linear.x > 0.5, "a drive"
        )
    finally:
        second.close()
        count = len(user.heard[first_odometry])
        user.until(lambda: len(user.heard[first_odometry]) > count + 10, "the first going on")
        first.close()


def test_carla_dies_and_comes_back(folder: Path, user: User) -> None:
    port = free_port(pair=True)
    odometry = user.hear("odometry")
    with carla_server(folder / "a", port):
        ego = Ego(
            folder / "phoenix",
            port,
            rig=str(folder / "rig.yaml"),
            carla__reconnect_s=60.0,
            carla__timeout_s=4.0,
        )
        user.until(lambda: len(user.heard[odometry]) > 10, "the first life")
    try:
        user.until(
            lambda: "waiting for CARLA to come back" in ego.log.read_text(),
            "the ego missing its server",
        )
        before = nanoseconds_of(user.heard[odometry][-1].header.stamp)
        with carla_server(folder / "b", port):
            count = len(user.heard[odometry])
            user.until(
                lambda: len(user.heard[odometry]) > count + 10,
                f"the second life: {ego.log.read_text()[-500:]}",
            )
            stamps = [nanoseconds_of(m.header.stamp) for m in user.heard[odometry][count:]]
            assert stamps[0] > before  # time goes on, it never jumps back
            assert ego.close() == 130
    finally:
        ego.close()


def test_a_run_starts_paused_before_frame_0_and_a_carla_that_ends_is_named(
    folder: Path, user: User
) -> None:
    """Nobody waits for the client library's time-out, which is longer here than the test waits."""
    rig = str(folder / "rig.yaml")
    with carla_server(folder / "c") as port:
        ego = Ego(folder / "pausing", port, rig=rig, carla__timeout_s=600.0, start_paused=True)
        clock = user.hear("clock")
        user.until(lambda: user.heard[clock], "the clock in the pause", 60)
        odometry, objects = user.hear("odometry"), user.hear("objects")  # who joins in the pause
        user.until(lambda: user.listened("odometry") and user.listened("objects"), "its writers")
        user.listen(0.5)
        assert user.heard[odometry] == []
        user.plays()
        user.until(lambda: len(user.heard[odometry]) > 10, "frames")
        for topic in (odometry, objects):
            stamps = [nanoseconds_of(m.header.stamp) for m in user.heard[topic]]
            assert stamps[:10] == [1_000_000_000 + k * 50_000_000 for k in range(10)]
        assert user.call("pause", True).success
    try:
        assert ego.process.wait(120) == 1
        [line] = [x for x in ego.log.read_text().splitlines() if "error" in x]
        assert f"CARLA at 127.0.0.1:{port} has ended" in line
    finally:
        ego.close()
    later = User()  # for the other one may still have frames of the first ego to take
    try:
        odometry = later.hear("odometry")
        with carla_server(folder / "d") as port:
            ego = Ego(
                folder / "hasty",
                port,
                rig=rig,
                carla__timeout_s=600.0,
                carla__reconnect_s=60.0,
            )
            later.until(lambda: later.heard[odometry], "the first frame")
        assert ego.close() == 130
    finally:
        later.close()


def test_a_scene_is_replayed_until_the_handover(
    served: int, scene_path: Path, folder: Path, user: User
) -> None:
    scene = open_scene(scene_path)
    odometry, objects = user.hear("odometry"), user.hear("objects")
    tracks = user.hear("objects_tracks")
    ego = Ego(
        folder / "replayed",
        served,
        rig=str(folder / "rig.yaml"),
        scene=str(scene_path),
        mode="scene",
        real_time_factor=2.0,
        frames=100,
        handover__ego_s=2.0,
        handover__tracks=["*"],
        handover__tracks_s=2.0,
        start_paused=True,
    )
    try:
        user.plays()
        user.until(lambda: ego.process.poll() is not None, "the end of the replay")
    finally:
        ego.close()
    user.hear_out()
    start = scene.time_range_us[0] * 1000
    recorded = [
        m for m in user.heard[odometry] if nanoseconds_of(m.header.stamp) - start < 1_900_000_000
    ]
    assert len(recorded) > 30
    for message in recorded:
        world = scene.rig_trajectory.at(nanoseconds_of(message.header.stamp) // 1000)
        away = pose_matrix(message.pose.pose)[:3, 3] - (scene.map_from_world @ world)[:3, 3]
        assert np.linalg.norm(away) < 0.02
    binding = user.heard[tracks][-1].data
    assert all(track.track_id in binding for track in scene.tracks)
    _boxes_follow_their_tracks(user, objects, scene, start)
    # Nobody drives the ego after the handover: it brakes and stands.
    end = user.heard[odometry][-1]
    assert abs(end.twist.twist.linear.x) < 0.3
    # The others are driven by the Traffic Manager: they are still there when their tracks are not.
    last = user.heard[objects][-1]
    assert nanoseconds_of(last.header.stamp) // 1000 > max(t.stamps_us[-1] for t in scene.tracks)
    assert len(last.detections) == len(scene.tracks)
    assert ego.summary()["frames"] >= 95


def test_a_recording_is_replayed_at_its_moments_to_its_end(
    served: int, scene_path: Path, folder: Path, user: User
) -> None:
    scene = open_scene(scene_path)
    log, begin_s = scene_path.with_name("drive.log"), 0.53
    odometry = user.hear("odometry")
    wanted = {
        "rig": str(folder / "rig.yaml"),
        "mode": "replay",
        "replay.log": str(log),
        "dt_s": 0.1,
        "real_time_factor": 2.0,
        "frames": 400,
    }
    late = Ego(folder / "late", served, **wanted, replay__start_s=12.0)
    assert late.process.wait(60) == 2
    late.close()
    assert "drive.log lasts 3.25 s; a start at 12 s" in late.log.read_text()
    ego = Ego(folder / "rerun", served, **wanted, replay__start_s=begin_s, start_paused=True)
    try:
        user.plays()
        user.until(lambda: ego.process.poll() is not None, "the end of the recording")
        assert ego.process.poll() == 0, ego.log.read_text()[-2000:]
    finally:
        ego.close()
    user.hear_out()
    summary = ego.summary()
    assert summary["frames"] == 26  # 0.53 + 2.6 s, of 3.2 that are shown
    assert summary["reason"] in ego.log.read_text()
    assert summary["reason"].startswith("the recording ended after 26 frames: drive.log lasts")
    assert summary["reason"].endswith("400 frames were asked for")
    assert len(user.heard[odometry]) > 20
    for message in user.heard[odometry]:
        moment_s = begin_s + nanoseconds_of(message.header.stamp) / 1e9 - 1.0
        world = scene.rig_trajectory.at(scene.time_range_us[0] + round(moment_s * 1e6))
        away = pose_matrix(message.pose.pose)[:3, 3] - (scene.map_from_world @ world)[:3, 3]
        assert np.linalg.norm(away) < 0.01


def _boxes_follow_their_tracks(user: User, objects: str, scene: Scene, start: int) -> None:
    binding = json.loads(user.heard["objects/tracks"][-1].data)
    seen = 0
    for message in user.heard[objects]:
        stamp = nanoseconds_of(message.header.stamp)
        if not 200_000_000 < stamp - start < 1_900_000_000:
            continue
        for detection in message.detections:
            track = scene.track(binding[detection.id] or "")
            if track is None:
                continue
            wanted = (scene.map_from_world @ track.at(stamp // 1000))[:3, 3]
            centre = pose_matrix(detection.bbox.center)[:3, 3]
            assert np.linalg.norm(centre - wanted) < 0.1, track.track_id
            seen += 1
    assert seen > 50


@pytest.mark.parametrize("policy", ["hold", "wait"])
def test_a_late_participant_does_not_end_the_run(
    policy: str, served: int, folder: Path, user: User
) -> None:
    """Answer some frames not at all: ``hold`` goes on after the deadline, ``wait`` does not."""
    odometry = user.hear("odometry")
    done = user.node.create_publisher(DiagnosticArray, "lockstep/done", profile("event"))
    run = user.hear("lockstep_run")
    diagnostics = user.hear("diagnostics")

    def answer(stamp: int, run_id: str) -> None:
        status = DiagnosticStatus(level=b"\0", name="route_agent", hardware_id=run_id)
        done.publish(DiagnosticArray(header=header(stamp, ""), status=[status]))

    ego = Ego(
        folder / policy,
        served,
        rig=str(folder / "rig.yaml"),
        lockstep__enabled=True,
        lockstep__participants=["carla_ego", "route_agent"],
        lockstep__policy=policy,
        deadlines__frame_s=0.5,
        deadlines__first_frame_s=2.0,
        frames=30,
    )
    agent = User()
    agent.node.destroy_node()
    stand_in = _stand_in(agent)
    try:
        user.while_saying(lambda: answer(0, ""), lambda: user.heard[run], "the run's start")
        state = json.loads(user.heard[run][-1].data)

        def stamp(frame: int) -> int:
            return int(state["t0_ns"] + frame * state["dt_ns"])

        def last() -> int:
            return max((nanoseconds_of(m.header.stamp) for m in user.heard[odometry]), default=0)

        for frame in range(6):
            user.until(lambda k=frame: last() >= stamp(k), f"frame {frame}")
            answer(stamp(frame), state["run_id"])
        user.until(lambda: last() >= stamp(6), "the answered frames")
        if policy == "hold":
            user.until(lambda: last() > stamp(7), "a frame without an answer")
        else:
            user.until(
                lambda: (
                    "waiting for route_agent"
                    in [m.status[0].message for m in user.heard[diagnostics]]
                ),
                "the word of who is waited for",
            )
            user.listen(1.5)  # three deadlines more
            assert last() == stamp(6)
            answer(stamp(6), state["run_id"])
            user.until(lambda: last() == stamp(7), "the frame after")
    finally:
        ego.close()
        stand_in.destroy_node()
        agent._context.try_shutdown()
    assert ego.summary()["late"]["route_agent"] >= 1


def test_who_only_watches_is_a_frame_behind_and_steps_and_the_end_wait_for_it(
    served: int, folder: Path, user: User
) -> None:
    odometry, run = user.hear("odometry"), user.hear("lockstep_run")
    done = user.node.create_publisher(DiagnosticArray, "lockstep/done", profile("event"))
    behind = KeyValue(key="lockstep.behind_frames", value="1")
    answered: list[int] = []

    def say(stamp: int, run_id: str, *values: KeyValue) -> None:
        status = DiagnosticStatus(
            level=b"\0", name="watcher", hardware_id=run_id, values=list(values)
        )
        done.publish(DiagnosticArray(header=header(stamp, ""), status=[status]))

    def made() -> int:
        newest_ns = max((nanoseconds_of(m.header.stamp) for m in user.heard[odometry]), default=0)
        return max(0, (newest_ns - state["t0_ns"]) // state["dt_ns"] + 1)

    def answer(frame: int) -> None:
        say(state["t0_ns"] + frame * state["dt_ns"], state["run_id"])
        answered.append(frame)

    ego = Ego(
        folder / "watched",
        served,
        rig=str(folder / "rig.yaml"),
        lockstep__enabled=True,
        lockstep__participants=["carla_ego", "watcher"],
        frames=6,
        start_paused=True,
    )
    try:
        user.while_saying(lambda: say(0, "", behind), lambda: user.heard[run], "the run's start")
        state = json.loads(user.heard[run][-1].data)
        assert not state["begun"]
        user.plays()
        user.until(lambda: made() == 2, "the frame after the first")
        user.listen(1.0)
        assert made() == 2
        answer(0)
        user.until(lambda: made() == 3, "the one after that")
        assert user.call("pause", True).success
        for frame in (1, 2):
            answer(frame)
        user.listen(0.5)
        assert made() == 3
        # From here on each answer takes its time.
        slow = user.node.create_timer(
            1.0, lambda: answer(len(answered)) if len(answered) < made() else None
        )
        assert user.call("step").success
        assert answered == [0, 1, 2, 3]
        assert user.call("pause", False).success
        user.until(lambda: ego.process.poll() is not None, "the end")
        slow.cancel()
    finally:
        code = ego.close()
    assert code == 0, ego.log.read_text()
    assert ego.summary()["frames"] == 6


def _stand_in(agent: User) -> Node:
    """Return a node called as the participant, with the readers that the ego waits for."""
    node = Node("route_agent", context=agent._context)
    for key in ("odometry", "objects", "traffic_lights", "route", "vehicle_info"):
        row = TOPICS[key]
        node.create_subscription(
            message_class(row.type), row.name, lambda _: None, profile(row.qos)
        )
    return node
