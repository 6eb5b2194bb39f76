"""Commands: the frame that they belong to, how long they hold, who may give them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from geometry_msgs.msg import Twist, TwistStamped, Vector3
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from carla_nurec_bridge.ros.lockstep.commands import CommandInbox, Watchdog, carla_control
from carla_nurec_bridge.ros.messages.convert import header
from carla_nurec_bridge.world.command import STAND_STILL, Command

pytestmark = pytest.mark.ros

_MS = 1_000_000


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
    assert "command/ackermann was left out: its stamp lies 0.600 s before" in box.warnings[0]


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
