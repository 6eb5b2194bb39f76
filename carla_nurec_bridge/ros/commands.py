"""Commands for the ego: each belongs to the frame whose stamp it carries."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ackermann_msgs.msg import AckermannDriveStamped
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState

from ..core.command import STAND_STILL, Command
from ..core.topics import TOPICS
from .convert import stamp_ns
from .qos import profile

_TURN_MPS = 0.3


@dataclass(frozen=True)
class CommandCounts:
    """How many commands were taken, came after their frame, or fit no frame or no vehicle."""

    accepted: int = 0
    late: int = 0
    refused: int = 0


class CommandInbox:
    """Receives commands on ``command/*``.

    In lock-step a command must carry the stamp of the open frame. Otherwise the latest one holds
    for ``hold_ns`` of simulated time, then the vehicle is made to stand still.
    ``on_arrival`` is called from the executor whenever a command was accepted.
    """

    def __init__(
        self,
        node: Node,
        wheelbase_m: float,
        *,
        lockstep: bool,
        hold_ns: int,
        on_arrival: Callable[[], None],
    ) -> None:
        self._wheelbase_m = wheelbase_m
        self._lockstep = lockstep
        self._hold_ns = hold_ns
        self._on_arrival = on_arrival
        self._lock = threading.Lock()
        self._open_ns = -1
        self._command: Command | None = None
        self._command_ns = 0
        self._arrived: dict[str, int] = {}
        self._counts = {"accepted": 0, "late": 0, "refused": 0}
        for key, kind, read in (
            ("command_ackermann", AckermannDriveStamped, self._ackermann),
            ("command_twist", TwistStamped, self._twist),
            ("command_direct", JointState, self._direct),
        ):
            topic = TOPICS[key].name
            node.create_subscription(
                kind, topic, self._receiver(topic, read), profile(TOPICS[key].qos)
            )

    @property
    def counts(self) -> CommandCounts:
        """What has become of the commands so far."""
        with self._lock:
            return CommandCounts(**self._counts)

    def open(self, stamp: int) -> None:
        """Begin the frame stamped ``stamp`` (ns); its commands may come from now on."""
        with self._lock:
            self._open_ns = stamp
            self._arrived = {}

    def arrived(self, topic: str) -> int:
        """Return how many commands on ``topic`` were received for the open frame."""
        with self._lock:
            return self._arrived.get(topic, 0)

    def current(self) -> Command:
        """Return what the ego is to do now."""
        with self._lock:
            if self._command is None:
                return STAND_STILL
            aged = self._open_ns - self._command_ns > self._hold_ns
            return STAND_STILL if aged and not self._lockstep else self._command

    def _receiver(self, topic: str, read: Callable[[Any], Command | None]) -> Callable[[Any], None]:
        def receive(message: Any) -> None:
            stamp = stamp_ns(message.header.stamp)
            command = read(message)
            with self._lock:
                verdict = self._judge(stamp, command)
                self._counts[verdict] += 1
                if verdict == "accepted":
                    self._command, self._command_ns = command, stamp or self._open_ns
                    self._arrived[topic] = self._arrived.get(topic, 0) + 1
            if verdict == "accepted":
                self._on_arrival()

        return receive

    def _judge(self, stamp: int, command: Command | None) -> str:
        if command is None:
            return "refused"
        if self._lockstep:
            if stamp == self._open_ns:
                return "accepted"
            return "late" if 0 < stamp < self._open_ns else "refused"
        if stamp == 0:
            return "accepted"
        if stamp < max(self._command_ns, self._open_ns - self._hold_ns):
            return "late"
        return "accepted"

    def _ackermann(self, message: AckermannDriveStamped) -> Command | None:
        drive = message.drive
        return _finite(Command("ackermann", drive.steering_angle, drive.speed))

    def _twist(self, message: TwistStamped) -> Command | None:
        speed, turn = message.twist.linear.x, message.twist.angular.z
        steer = 0.0
        if abs(speed) > _TURN_MPS:
            steer = math.atan(self._wheelbase_m * turn / speed)
        return _finite(Command("ackermann", steer, speed))

    def _direct(self, message: JointState) -> Command | None:
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


def _finite(command: Command) -> Command | None:
    values = (command.steer, command.speed_mps, command.throttle, command.brake)
    return command if all(math.isfinite(v) for v in values) else None
