"""Commands for the ego: each belongs to the frame whose stamp it carries."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, get_args

from ackermann_msgs.msg import AckermannDriveStamped
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from ...core.lockstep.command_queue import CommandQueue, Verdict
from ...core.lockstep.latency import NO_LATENCY, Latency
from ...core.run_contract.topics import TOPICS
from ...world.command import STAND_STILL, Command
from ..messages.convert import nanoseconds_of
from ..publishers.qos import profile

CMD_VEL = "cmd_vel"
CARLA_CONTROL = "command/carla"
_TELL_S = 5.0
_PRECEDENCE = (
    TOPICS["command_direct"].name,
    CARLA_CONTROL,
    TOPICS["command_ackermann"].name,
    TOPICS["command_twist"].name,
    CMD_VEL,
)
"""Which of several commands for one frame acts in lock-step: the most direct."""
_CRAWL_MPS = 0.15
"""Who asks for a turn at less speed gets the wheels turned as for this one."""


@dataclass(frozen=True)
class Watchdog:
    """What happens without lock-step to a command older than ``hold_ns`` of simulated time.

    ``brake`` makes the vehicle stand still, ``hold`` lets the command stand.
    """

    hold_ns: int
    action: str = "brake"


@dataclass(frozen=True)
class CommandCounts:
    """How many commands were taken, were late, fit no frame or vehicle, or came a second time."""

    accepted: int = 0
    late: int = 0
    refused: int = 0
    repeated: int = 0


class CommandInbox:
    """Receives commands on ``command/*``.

    In lock-step a command must carry the stamp of the open frame. Otherwise the latest one holds
    for ``watchdog.hold_ns`` of simulated time; then the vehicle brakes, or ``watchdog`` says to
    go on. Each acts ``latency`` after its stamp. While ``command/manual_override`` is true only
    ``command/manual`` drives.
    ``cmd_vel`` is the type of the topic of that name: ``twist``, ``twist_stamped`` or ``off``.
    ``wheelbase_m`` is the ego's, set before the first frame; ``on_arrival`` is called from the
    executor whenever a command was accepted.
    """

    def __init__(
        self,
        node: Node,
        *,
        lockstep: bool,
        watchdog: Watchdog,
        cmd_vel: str = "off",
        latency: Latency = NO_LATENCY,
        on_arrival: Callable[[], None],
    ) -> None:
        self.wheelbase_m = 0.0
        self._log = node.get_logger()
        self._lockstep = lockstep
        self._watchdog = watchdog
        self._on_arrival = on_arrival
        self._lock = threading.Lock()
        self._open_ns = -1
        self._queue: CommandQueue[Command] = CommandQueue(
            _PRECEDENCE, lockstep=lockstep, hold_ns=watchdog.hold_ns, latency=latency
        )
        self._manual: Command | None = None
        self._overridden = False
        self._counts: dict[Verdict, int] = dict.fromkeys(get_args(Verdict), 0)
        for key, kind, read in (
            ("command_ackermann", AckermannDriveStamped, self._ackermann),
            ("command_twist", TwistStamped, self._twist),
            ("command_direct", JointState, _direct),
        ):
            self._subscribe(node, TOPICS[key].name, kind, self._receiver(TOPICS[key].name, read))
        row = TOPICS["manual_override"]
        node.create_subscription(Bool, row.name, self._override, profile(row.qos))
        self._subscribe(node, TOPICS["command_manual"].name, JointState, self._take_manual)
        if cmd_vel == "twist":
            receive = self._receiver(CMD_VEL, lambda m: self._turn(m.linear.x, m.angular.z))
            self._subscribe(node, CMD_VEL, Twist, receive)
        elif cmd_vel == "twist_stamped":
            self._subscribe(node, CMD_VEL, TwistStamped, self._receiver(CMD_VEL, self._twist))
        control = carla_control_class()
        if control is not None:
            receive = self._receiver(CARLA_CONTROL, carla_control)
            self._subscribe(node, CARLA_CONTROL, control, receive)

    @staticmethod
    def _subscribe(node: Node, topic: str, kind: Any, receive: Callable[[Any], None]) -> None:
        node.create_subscription(kind, topic, receive, profile("command"))

    @property
    def counts(self) -> CommandCounts:
        """What has become of the commands so far."""
        with self._lock:
            return CommandCounts(**self._counts)

    def forget(self) -> None:
        """Drop all commands: whoever gave them is gone."""
        with self._lock:
            self._queue.forget()

    def open(self, stamp_ns: int) -> None:
        """Begin the frame stamped ``stamp_ns`` (ns); its commands may come from now on."""
        with self._lock:
            self._open_ns = stamp_ns
            self._queue.open(stamp_ns)

    def arrived(self, topic: str) -> int:
        """Return how many commands on ``topic`` were received for the open frame."""
        with self._lock:
            return self._queue.arrived(topic)

    def current(self) -> Command:
        """Return what the ego is to do now."""
        with self._lock:
            if self._overridden:
                return self._manual or STAND_STILL
            acting = self._queue.acting()
            if acting is None:
                return STAND_STILL
            command, age_ns = acting
            aged = age_ns > self._watchdog.hold_ns
            expired = aged and not self._lockstep and self._watchdog.action == "brake"
            return STAND_STILL if expired else command

    @property
    def heard(self) -> bool:
        """Whether anybody has asked for anything yet."""
        with self._lock:
            return self._queue.heard or self._overridden

    @property
    def overridden(self) -> bool:
        """Whether a person drives."""
        with self._lock:
            return self._overridden

    def _receiver(self, topic: str, read: Callable[[Any], Command | None]) -> Callable[[Any], None]:
        def receive(message: Any) -> None:
            head = getattr(message, "header", None)
            stamp_ns = nanoseconds_of(head.stamp) if head is not None else 0
            command = read(message)
            with self._lock:
                verdict: Verdict = "refused"
                if command is not None:
                    verdict = self._queue.offer(topic, stamp_ns, command)
                self._counts[verdict] += 1
            if verdict == "accepted":
                self._on_arrival()
            elif verdict == "refused":
                self._tell_refused(topic, command, stamp_ns)
            elif verdict == "late" and not self._lockstep:
                self._tell_late(topic, stamp_ns)

        return receive

    def _tell_refused(self, topic: str, command: Command | None, stamp_ns: int) -> None:
        """Say in the log why a command was refused, now and then."""
        why = "a number in it is missing or not finite"
        if command is not None:
            why = f"its stamp {stamp_ns} ns is not that of the open frame, {self._open_ns} ns"
        self._log.warning(
            f"a message on {topic} was refused: {why} ({self.counts.refused} so far)",
            throttle_duration_sec=_TELL_S,
        )

    def _tell_late(self, topic: str, stamp_ns: int) -> None:
        """Say in the log that a command was too old to act, now and then."""
        behind_s = (self._open_ns - stamp_ns) * 1e-9
        self._log.warning(
            f"a message on {topic} was left out: its stamp lies {behind_s:.3f} s before the clock, "
            "or before that of the command before it; does its node have use_sim_time? "
            f"({self.counts.late} so far)",
            throttle_duration_sec=_TELL_S,
        )

    def _ackermann(self, message: AckermannDriveStamped) -> Command | None:
        drive = message.drive
        return _finite(
            Command(
                "ackermann",
                drive.steering_angle,
                drive.speed,
                acceleration_mps2=abs(drive.acceleration),
                jerk_mps3=abs(drive.jerk),
                steer_radps=abs(drive.steering_angle_velocity),
            )
        )

    def _twist(self, message: TwistStamped) -> Command | None:
        return self._turn(message.twist.linear.x, message.twist.angular.z)

    def _turn(self, speed_mps: float, turn_radps: float) -> Command | None:
        speed = math.copysign(max(abs(speed_mps), _CRAWL_MPS), speed_mps)
        steer = math.atan(self.wheelbase_m * turn_radps / speed)
        return _finite(Command("ackermann", steer, speed_mps))

    def _override(self, message: Bool) -> None:
        with self._lock:
            self._overridden, self._manual = message.data, None

    def _take_manual(self, message: JointState) -> None:
        command = _direct(message)
        with self._lock:
            if command is None:
                self._counts["refused"] += 1
            else:
                self._manual = command
        if command is None:
            self._tell_refused(TOPICS["command_manual"].name, command, 0)


def _direct(message: JointState) -> Command | None:
    given = dict(zip(message.name, message.position, strict=False))
    if not {"throttle", "brake", "steer"} <= given.keys():
        return None
    return _finite(
        Command(
            "direct",
            steer=given["steer"],
            throttle=given["throttle"],
            brake=given["brake"],
            reverse=given.get("reverse", 0.0) > 0.5,
            hand_brake=given.get("hand_brake", 0.0) > 0.5,
        )
    )


def carla_control_class() -> Any | None:
    """Return ``CarlaEgoVehicleControl`` where the package ``carla_msgs`` is installed."""
    if find_spec("carla_msgs") is None:
        return None
    return import_module("carla_msgs.msg").CarlaEgoVehicleControl


def carla_control(message: Any) -> Command | None:
    """Read a ``CarlaEgoVehicleControl``, whose positive steer is to the right."""
    return _finite(
        Command(
            "direct",
            steer=-message.steer,
            throttle=message.throttle,
            brake=message.brake,
            reverse=message.reverse,
            hand_brake=message.hand_brake,
        )
    )


def _finite(command: Command) -> Command | None:
    numbers = [value for value in vars(command).values() if isinstance(value, float)]
    return command if all(math.isfinite(number) for number in numbers) else None
