"""Parameters, publishers' matching, the clock's single owner, commands, joined frames."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
import yaml
from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from geometry_msgs.msg import Twist, TwistStamped, Vector3
from nav_msgs.msg import Odometry
from programs import run
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from carla_nurec_bridge.core.errors import DeadlineError, InputError, RunError
from carla_nurec_bridge.core.frames import rigid
from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.run_contract.streams import EGO, RECORDER, Stream
from carla_nurec_bridge.ros.lockstep import clock_owner
from carla_nurec_bridge.ros.lockstep.clock_owner import refuse_second_clock
from carla_nurec_bridge.ros.lockstep.commands import CommandInbox, Watchdog, carla_control
from carla_nurec_bridge.ros.lockstep.joiner import Joiner
from carla_nurec_bridge.ros.messages.convert import header
from carla_nurec_bridge.ros.parameters.declare import load
from carla_nurec_bridge.ros.parameters.ego import EgoParameters
from carla_nurec_bridge.ros.parameters.parameter_files import NODES, render
from carla_nurec_bridge.ros.publishers.publishers import Publishers
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.publishers.tracks import (
    BoundTracks,
    TrackBinder,
    bind,
    binding_message,
    read_binding,
)
from carla_nurec_bridge.ros.runtime.runtime import tidy_arguments
from carla_nurec_bridge.scene.package.model import SceneTrack
from carla_nurec_bridge.world.command import STAND_STILL, Command
from carla_nurec_bridge.world.states import Appearance

pytestmark = pytest.mark.ros

_MS = 1_000_000


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    rclpy.init(context=made)
    yield made
    made.try_shutdown()


@pytest.mark.parametrize("node", NODES)
def test_the_shipped_parameter_files_hold_what_the_nodes_declare(node: str) -> None:
    text = (share_dir() / "config" / "nodes" / f"{node}.yaml").read_text()
    assert text == render(node), "run python -m carla_nurec_bridge.ros.parameters.parameter_files"
    assert yaml.safe_load(text)["/**"]["ros__parameters"]


def _node(context: Context, **values: object) -> Node:
    overrides = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
    return Node(EGO, context=context, parameter_overrides=overrides)


def test_parameters_are_read_with_their_ranges(context: Context) -> None:
    node = _node(context, carla__port=2010, lockstep__participants=["a", "b"])
    values = load(node, EgoParameters)
    assert (values.port, values.participants) == (2010, ("a", "b"))
    descriptor = node.describe_parameter("carla.port")
    assert descriptor.read_only
    assert descriptor.integer_range[0].to_value == 65534
    node.destroy_node()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"carla__port": 70000}, "carla.port"),
        ({"carla__port": "x"}, "carla.port"),
        ({"mode": "fly"}, "'fly'; use one of drive, replay"),
        ({"carla__prot": 2010}, "has no parameter carla.prot; it has: .*carla.port"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    context: Context, values: dict[str, object], words: str
) -> None:
    node = _node(context, **values)
    with pytest.raises(InputError, match=words):
        load(node, EgoParameters)
    node.destroy_node()


def test_a_frame_must_be_a_whole_number_of_ticks() -> None:
    with pytest.raises(InputError, match="ticks_per_frame 3"):
        _ = EgoParameters(dt_s=0.05, ticks_per_frame=3).tick_ns
    assert EgoParameters(dt_s=0.05, ticks_per_frame=2).tick_ns == 25 * _MS


def test_a_second_clock_is_refused_by_name(context: Context) -> None:
    own, other = Node(EGO, context=context), Node("simulator", context=context)
    own.create_publisher(Clock, "/clock", 10)
    refuse_second_clock(own, 0.5)
    other.create_publisher(Clock, "/clock", 10)
    with pytest.raises(RunError, match="/simulator already publishes /clock"):
        refuse_second_clock(own, 60.0)
    own.destroy_node()
    other.destroy_node()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([["_NODE_NAME_UNKNOWN_"]], "a program that does not tell its name already publishes"),
        ([["_NODE_NAME_UNKNOWN_"], ["late"]], "/there/late already publishes"),
        ([["_NODE_NAME_UNKNOWN_"], []], ""),
    ],
)
def test_a_clock_of_an_unnamed_program_is_refused_in_words(
    told: list[list[str]], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_owner, "_NAME_S", 0.3)
    answers = iter(told)
    last = told[-1]

    def infos(_: str) -> list[Any]:
        names = [EGO, *next(answers, last)]
        return [SimpleNamespace(node_name=n, node_namespace="/there") for n in names]

    node = SimpleNamespace(
        get_name=lambda: EGO, get_namespace=lambda: "/there", get_publishers_info_by_topic=infos
    )
    with pytest.raises(RunError, match=words) if words else nullcontext():
        refuse_second_clock(node)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("__ns:=/ego1/", "__ns:=/ego1"),
        ("__ns:=/a/b//", "__ns:=/a/b"),
        ("__ns:=/", "__ns:=/"),
        ("__ns:=//", "__ns:=/"),
        ("carla_ego:__ns:=/ego1/", "carla_ego:__ns:=/ego1"),
        ("__ns:=/ego1", "__ns:=/ego1"),
        ("scene:=/data/scene/", "scene:=/data/scene/"),
    ],
)
def test_a_namespace_may_end_in_a_slash(given: str, used: str) -> None:
    assert tidy_arguments(["carla_ego", "--ros-args", "-r", given])[-1] == used


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--ros-args", "--help"], "unknown ROS arguments ['--help']"),
        (["--dt", "0.1", "--ros-args", "-p", "a:=1"], "--dt 0.1: only ROS arguments are taken"),
    ],
)
def test_arguments_that_nobody_reads_are_refused_in_a_line(given: list[str], words: str) -> None:
    done = run(*given, module="carla_nurec_bridge.nodes.route_agent")
    assert done.returncode == InputError.exit_code
    assert done.stderr.startswith(f"route_agent: error: {words}")
    assert done.stderr.count("\n") == 1


def test_publishers_know_who_does_not_read_yet(context: Context) -> None:
    ego, recorder = Node(EGO, context=context), Node(RECORDER, context=context)
    stream = Stream("odometry", "odometry", EGO, 1, True)
    publishers = Publishers(ego, [stream])
    assert publishers.unmatched([EGO]) == []
    assert publishers.unmatched([EGO, RECORDER]) == ["cosmos_recorder does not read odometry"]
    recorder.create_subscription(Odometry, "odometry", lambda _: None, profile("state"))
    deadline = time.monotonic() + 60
    while publishers.unmatched([EGO, RECORDER]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert publishers.unmatched([EGO, RECORDER]) == []
    publishers.publish("odometry", Odometry())
    assert publishers.counts == {"odometry": 1}
    ego.destroy_node()
    recorder.destroy_node()


class _Inbox:
    """The inbox with its subscriptions' callbacks at hand."""

    def __init__(self, *, lockstep: bool, watchdog: str = "brake", cmd_vel: str = "off") -> None:
        self.callbacks: dict[str, object] = {}
        self.arrivals = 0
        self.warnings: list[str] = []
        log = SimpleNamespace(warning=lambda text, **_: self.warnings.append(text))
        node = SimpleNamespace(
            create_subscription=lambda kind, topic, callback, qos: self.callbacks.update(
                {topic: callback}
            ),
            get_logger=lambda: log,
        )
        self.inbox = CommandInbox(
            node,
            lockstep=lockstep,
            watchdog=Watchdog(500 * _MS, watchdog),
            cmd_vel=cmd_vel,
            on_arrival=self._count,
        )
        self.inbox.wheelbase_m = 2.8

    def _count(self) -> None:
        self.arrivals += 1

    def drive(self, stamp: int, speed: float, steer: float = 0.1) -> None:
        drive = AckermannDrive(speed=speed, steering_angle=steer)
        message = AckermannDriveStamped(header=header(stamp, "base_link"), drive=drive)
        self.callbacks["command/ackermann"](message)


def test_a_command_belongs_to_the_frame_whose_stamp_it_carries() -> None:
    box = _Inbox(lockstep=True)
    box.inbox.open(1000 * _MS)
    box.drive(1000 * _MS, 5.0)
    assert box.inbox.arrived("command/ackermann") == 1
    assert box.inbox.current() == Command("ackermann", pytest.approx(0.1), 5.0)
    box.inbox.open(1050 * _MS)
    box.drive(1000 * _MS, 9.0)  # late
    box.drive(1100 * _MS, 9.0)  # of no frame that is open
    box.drive(0, 9.0)
    assert box.inbox.arrived("command/ackermann") == 0
    assert box.inbox.current().speed_mps == 5.0
    counts = box.inbox.counts
    assert (counts.accepted, counts.late, counts.refused) == (1, 1, 2)
    assert box.arrivals == 1
    assert "stamp 1100000000 ns is not that of the open frame, 1050000000 ns" in box.warnings[0]


def test_refused_commands_leave_a_line_in_the_log() -> None:
    box = _Inbox(lockstep=False)
    box.inbox.open(1000 * _MS)
    box.drive(1000 * _MS, float("nan"))
    box.callbacks["command/direct"](JointState(name=["throttle"], position=[1.0]))
    box.callbacks["command/manual"](JointState())
    assert box.inbox.counts.refused == 3
    topics = ("command/ackermann", "command/direct", "command/manual")
    for topic, text in zip(topics, box.warnings, strict=True):
        assert f"on {topic} was refused: a number in it is missing or not finite" in text


def test_without_lockstep_a_command_holds_for_simulated_time() -> None:
    box = _Inbox(lockstep=False)
    assert box.inbox.current() == STAND_STILL
    box.inbox.open(1000 * _MS)
    box.drive(990 * _MS, 5.0)
    box.inbox.open(1400 * _MS)
    assert box.inbox.current().speed_mps == 5.0
    box.inbox.open(1500 * _MS)
    assert box.inbox.current() == STAND_STILL
    box.drive(900 * _MS, 7.0)
    assert box.inbox.counts.late == 1


def test_a_watchdog_may_let_the_last_command_stand() -> None:
    box = _Inbox(lockstep=False, watchdog="hold")
    box.inbox.open(1000 * _MS)
    box.drive(1000 * _MS, 5.0)
    box.inbox.open(9000 * _MS)
    assert box.inbox.current().speed_mps == 5.0


def test_a_person_takes_over_and_gives_back() -> None:
    box = _Inbox(lockstep=False)
    box.inbox.open(1000 * _MS)
    box.drive(1000 * _MS, 5.0)
    box.callbacks["command/manual_override"](Bool(data=True))
    assert box.inbox.current() == STAND_STILL
    names = ["throttle", "brake", "steer"]
    pedals = JointState(name=names, position=[0.3, 0.0, 0.1])
    box.callbacks["command/manual"](pedals)
    assert box.inbox.current() == Command("direct", steer=0.1, throttle=0.3)
    box.drive(1050 * _MS, 6.0)  # heard, but not obeyed
    assert box.inbox.current().kind == "direct"
    box.callbacks["command/manual_override"](Bool(data=False))
    assert box.inbox.current().speed_mps == 6.0


def test_teleop_sends_plain_twists() -> None:
    box = _Inbox(lockstep=False, cmd_vel="twist")
    box.inbox.open(1000 * _MS)
    box.callbacks["cmd_vel"](Twist(linear=Vector3(x=2.0), angular=Vector3(z=0.5)))
    # tan(steer) = 2.8 * 0.5 / 2
    assert box.inbox.current().steer == pytest.approx(0.61073, abs=1e-5)
    box.inbox.open(1600 * _MS)
    assert box.inbox.current() == STAND_STILL


def test_carla_msgs_steer_to_the_right() -> None:
    message = SimpleNamespace(throttle=0.4, brake=0.0, steer=0.2, reverse=False, hand_brake=False)
    assert carla_control(message) == Command("direct", steer=-0.2, throttle=0.4)


def test_numbers_that_are_none_are_refused() -> None:
    box = _Inbox(lockstep=False)
    box.inbox.open(1000 * _MS)
    box.drive(1000 * _MS, float("nan"))
    assert box.inbox.counts.refused == 1
    assert box.inbox.current() == STAND_STILL


def test_a_twist_steers_by_the_wheelbase() -> None:
    box = _Inbox(lockstep=True)
    box.inbox.open(1000 * _MS)
    twist = Twist(linear=Vector3(x=5.0), angular=Vector3(z=0.5))
    box.callbacks["command/twist"](TwistStamped(header=header(1000 * _MS, ""), twist=twist))
    # tan(steer) = wheelbase * yaw rate / speed = 2.8 * 0.5 / 5
    assert box.inbox.current().steer == pytest.approx(0.27300, abs=1e-5)


def test_a_slow_twist_steers_and_a_standing_one_turns_the_wheels_only() -> None:
    box = _Inbox(lockstep=False)
    box.inbox.open(1000 * _MS)
    for speed, turn in ((0.25, 0.02), (-0.25, 0.02), (0.0, 0.02)):
        twist = Twist(linear=Vector3(x=speed), angular=Vector3(z=turn))
        box.callbacks["command/twist"](TwistStamped(header=header(0, ""), twist=twist))
        expected = math.atan(2.8 * turn / (speed or 0.15))
        assert box.inbox.current().steer == pytest.approx(expected)
        assert box.inbox.current().speed_mps == speed


def test_a_drive_says_how_fast_it_is_to_be_reached() -> None:
    box = _Inbox(lockstep=True)
    box.inbox.open(1000 * _MS)
    drive = AckermannDrive(speed=5.0, acceleration=-1.5, jerk=0.5, steering_angle_velocity=0.25)
    message = AckermannDriveStamped(header=header(1000 * _MS, "base_link"), drive=drive)
    box.callbacks["command/ackermann"](message)
    assert box.inbox.current() == Command(
        "ackermann", 0.0, 5.0, acceleration_mps2=1.5, jerk_mps3=0.5, steer_radps=0.25
    )
    drive.jerk = float("inf")
    box.callbacks["command/ackermann"](message)
    assert box.inbox.counts.refused == 1


def test_pedals_need_their_three_joints() -> None:
    box = _Inbox(lockstep=True)
    box.inbox.open(1000 * _MS)
    head = header(1000 * _MS, "")
    box.callbacks["command/direct"](JointState(header=head, name=["throttle"], position=[1.0]))
    assert box.inbox.counts.refused == 1
    names = ["throttle", "brake", "steer", "reverse"]
    box.callbacks["command/direct"](
        JointState(header=head, name=names, position=[0.5, 0.0, -0.25, 1.0])
    )
    expected = Command("direct", steer=-0.25, throttle=0.5, reverse=True)
    assert box.inbox.current() == expected


def test_frames_are_joined_whatever_the_order() -> None:
    joiner = Joiner(("a", "b"), keep_all=True)
    joiner.add("b", 2, "b2")
    joiner.add("a", 1, "a1")
    joiner.add("a", 2, "a2")
    joiner.add("b", 1, "b1")
    first, second = joiner.next(0.1), joiner.next(0.1)
    assert first is not None
    assert second is not None
    assert (first.stamp_ns, dict(first.messages)) == (1, {"a": "a1", "b": "b1"})
    assert second.stamp_ns == 2
    assert joiner.next(0.01) is None


def test_a_slow_worker_gets_the_newest_frame_and_the_rest_are_counted() -> None:
    joiner = Joiner(("a",), keep_all=False)
    for stamp in (1, 2, 3):
        joiner.add("a", stamp, stamp)
    newest = joiner.next(0.1)
    assert newest is not None
    assert newest.stamp_ns == 3
    assert joiner.skipped == 2


def test_actors_are_bound_by_a_unique_role_never_by_their_number() -> None:
    actors = [
        SimpleNamespace(id=7, role_name="traffic_000"),
        SimpleNamespace(id=8, role_name="autopilot"),
        SimpleNamespace(id=9, role_name="autopilot"),
    ]
    binding = bind(actors, ["traffic_000", "autopilot", "actor_9"])
    assert binding == {7: "traffic_000", 8: None, 9: None}
    assert read_binding(binding_message(binding)) == {"7": "traffic_000", "8": None, "9": None}


_AUDI, _TRUCK = "vehicle.audi.tt", "vehicle.carlamotors.firetruck"
_SIZES = {_AUDI: (4.2, 1.9, 1.4), _TRUCK: (8.5, 2.9, 3.8)}


def _state(actor_id: int, blueprint: str, x: float, role: str = "twin") -> Any:
    actor = SimpleNamespace(
        id=actor_id, blueprint=blueprint, role_name=role, size_m=_SIZES[blueprint]
    )
    return SimpleNamespace(actor=actor, map_from_box=rigid(np.eye(3), (x, 2.0, 0.7)))


def _scene(*tracks: tuple[str, str, float], appearances: bool = True) -> Any:
    """Return a scene whose tracks drive at 10 m/s, 5 m left of the map's x axis in the world."""
    stamps = np.array([1_000_000, 3_000_000])
    made = []
    for name, blueprint, x in tracks:
        way = np.stack([rigid(np.eye(3), (x + 10.0 * s, -3.0, 0.0)) for s in (0.0, 2.0)])
        appearance = Appearance(blueprint, None) if appearances else None
        made.append(
            SceneTrack(name, "automobile", _SIZES[blueprint], stamps, way, appearance=appearance)
        )
    map_from_world = rigid(np.eye(3), (0.0, 5.0, 0.0))
    return SimpleNamespace(
        tracks=made, time_range_us=(1_000_000, 3_000_000), map_from_world=map_from_world
    )


@pytest.mark.parametrize("appearances", [True, False])
def test_replayed_actors_are_bound_by_who_they_are_where_ids_have_shifted(
    appearances: bool,
) -> None:
    scene = _scene(("actor_7", _AUDI, 0.0), ("actor_8", _TRUCK, 20.0), appearances=appearances)
    binder = TrackBinder(scene)
    shifted = [_state(8, _AUDI, 5.0), _state(9, _TRUCK, 25.0)]  # 0.5 s later
    assert binder.bind(shifted, (), 0.5) == {8: "actor_7", 9: "actor_8"}
    gone_on = [_state(8, _AUDI, 15.0), _state(9, _TRUCK, 15.1)]
    assert binder.bind(gone_on, (), 1.5) == {8: "actor_7", 9: "actor_8"}


def test_two_of_a_kind_beside_each_other_a_stranger_and_one_who_is_missing() -> None:
    scene = _scene(("a", _AUDI, 0.0), ("b", _AUDI, 4.5), ("c", _AUDI, 9.0), ("twin", _TRUCK, 30.0))
    states = [_state(3, _AUDI, 4.6), _state(2, _AUDI, 0.1), _state(1, _AUDI, 50.0, "edited")]
    binding = TrackBinder(scene).bind(states, ("edited",), 0.0)
    assert binding == {3: "b", 2: "a", 1: "edited"}
    assert TrackBinder(None).bind(states, (), 0.0) == {3: None, 2: None, 1: None}


def test_a_frame_waits_for_the_binding_of_its_own_actors() -> None:
    tracks = BoundTracks("a scene", ["traffic_000", "traffic_001"])
    assert tracks.latest() == {}
    tracks.hear(binding_message({7: "traffic_000"}))
    late = threading.Timer(
        0.1, tracks.hear, [binding_message({7: "traffic_000", 8: "traffic_001"})]
    )
    late.start()
    assert tracks.binding_of({"7", "8"}, 60.0) == {"7": "traffic_000", "8": "traffic_001"}
    late.join()
    with pytest.raises(DeadlineError, match="1 actors of a frame within 0.05 s"):
        tracks.binding_of({"9"}, 0.05)
    with pytest.raises(RunError, match="which scene a scene does not have"):
        tracks.hear(binding_message({7: "stranger"}))
