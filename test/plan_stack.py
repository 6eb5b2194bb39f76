"""A stack of one node for tests: it answers every odometry with a plan along x, and keeps count."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry, Path
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from carla_nurec_bridge.ros.messages.convert import nanoseconds_of, stamp_message

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_DEEP = QoSProfile(depth=200)
SPEED_MPS = 8.0


class PlanStack(Node):
    """Answers in ``frame`` (map or base_link), or with ``command`` by speed and steering angle.

    ``stamps`` has what came by topic, ``last`` the last message; ``mute`` answers nothing.
    """

    def __init__(self, context: Context, camera: str = "camera_front") -> None:
        super().__init__("stack", context=context)
        self.stamps: dict[str, list[int]] = {}
        self.last: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()
        self.frame, self.command, self.mute, self.late_ns, self.reach = (
            "base_link",
            False,
            False,
            0,
            40,
        )
        self._plan = self.create_publisher(Path, "plan", 10)
        self._command = self.create_publisher(AckermannDriveStamped, "command/ackermann", 10)
        base = f"camera/{camera}"
        for kind, topic, qos in (
            (Odometry, "odometry", _DEEP),
            (Clock, "/clock", _DEEP),
            (Path, "route", _LATCHED),
            (CompressedImage, f"{base}/image_raw/compressed", _DEEP),
            (Image, f"{base}/image_raw", _DEEP),
            (CameraInfo, f"{base}/camera_info", _DEEP),
            (String, f"{base}/calibration", _LATCHED),
            (String, "alpasim/session", _LATCHED),
            (TFMessage, "/tf_static", _LATCHED),
        ):
            self.create_subscription(kind, topic, lambda m, t=topic: self._take(t, m), qos)

    def _take(self, topic: str, message: Any) -> None:
        stamp = message.clock if topic == "/clock" else None
        if hasattr(message, "header"):
            stamp = message.header.stamp
        if stamp is not None:
            self.stamps.setdefault(topic, []).append(nanoseconds_of(stamp))
        self.counts[topic] += 1
        self.last[topic] = message
        if topic == "odometry" and not self.mute:
            self.answer(message)

    def answer(self, odometry: Odometry) -> None:
        """Answer an odometry."""
        now_ns = nanoseconds_of(odometry.header.stamp) - self.late_ns
        if self.command:
            message = AckermannDriveStamped(drive=AckermannDrive(speed=SPEED_MPS))
            message.header.stamp = stamp_message(now_ns)
            self._command.publish(message)
            return
        plan = Path()
        plan.header.frame_id = self.frame
        plan.header.stamp = stamp_message(now_ns)
        start_m = odometry.pose.pose.position.x if self.frame == "map" else 0.0
        for i in range(1, self.reach + 1):
            pose = PoseStamped()
            pose.header.stamp = stamp_message(now_ns + i * 100_000_000)
            pose.pose.position.x = start_m + 0.1 * i * SPEED_MPS
            plan.poses.append(pose)
        self._plan.publish(plan)
