"""A minimal agent: along the route, and behind what is on it, in lock-step, by topics alone."""

import json
import math
from functools import partial

import rclpy
from ackermann_msgs.msg import AckermannDriveStamped
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
READS = {"odometry": Odometry, "objects": Detection3DArray}
SPEED_MPS, REACH_M, WHEELBASE_M = 7.0, 6, 2.85
STOP_M, HALF_WIDTH_M = 17.0, 2.0


class MyAgent(Node):
    """Answers each frame with a command, and then with word that the frame is done."""

    def __init__(self) -> None:
        super().__init__("my_agent")
        self.route: list[tuple[float, float]] = []
        self.run: dict = {}
        self.frames: dict[tuple[int, int], dict] = {}
        self.command = self.create_publisher(AckermannDriveStamped, "command/ackermann", 10)
        self.done = self.create_publisher(DiagnosticArray, "lockstep/done", 100)
        self.create_subscription(String, "lockstep/run", self.on_run, LATCHED)
        self.create_subscription(Path, "route", self.on_route, LATCHED)
        for topic, kind in READS.items():
            self.create_subscription(kind, topic, partial(self.on_frame, topic), 100)
        self.create_timer(0.2, self.announce)

    def announce(self) -> None:
        """Ask to take part until the run has us among its members."""
        members = [member["of"]["name"] for member in self.run.get("members", ())]
        if self.get_name() not in members:
            reads = KeyValue(key="lockstep.reads", value=",".join([*READS, "route"]))
            status = DiagnosticStatus(name=self.get_name(), values=[reads])
            self.done.publish(DiagnosticArray(status=[status]))

    def on_run(self, message: String) -> None:
        """Keep the latest word about the run, and end with it."""
        self.run = json.loads(message.data)
        if self.run["state"] != "running":
            raise SystemExit(0)
        self.work()

    def on_route(self, message: Path) -> None:
        """Keep the way, in the map."""
        self.route = [(p.pose.position.x, p.pose.position.y) for p in message.poses]
        self.work()

    def on_frame(self, topic: str, message: Odometry | Detection3DArray) -> None:
        """Keep a part of a frame: topics are not ordered, so the rest may still be under way."""
        stamp = message.header.stamp
        self.frames.setdefault((stamp.sec, stamp.nanosec), {})[topic] = message
        self.work()

    def work(self) -> None:
        """Answer the frames that are whole."""
        whole = [at for at, parts in sorted(self.frames.items()) if len(parts) == len(READS)]
        for at in whole if self.run and self.route else ():
            odometry, objects = (self.frames[at][topic] for topic in READS)
            self.frames = {later: parts for later, parts in self.frames.items() if later > at}
            command = AckermannDriveStamped(header=odometry.header)
            command.drive.steering_angle, command.drive.speed = self.drive(odometry, objects)
            self.command.publish(command)
            sent = KeyValue(key="command/ackermann", value="1")
            status = DiagnosticStatus(
                name=self.get_name(), hardware_id=self.run["run_id"], values=[sent]
            )
            answer = DiagnosticArray(status=[status])
            answer.header.stamp = odometry.header.stamp
            self.done.publish(answer)

    def drive(self, odometry: Odometry, objects: Detection3DArray) -> tuple[float, float]:
        """Return the front wheels' angle (rad, left positive) and the speed (m/s)."""
        place, q = odometry.pose.pose.position, odometry.pose.pose.orientation
        yaw = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))

        def seen(x: float, y: float) -> tuple[float, float]:
            """Return how far (m) a place of the map is ahead of the rear axle, and to its left."""
            x, y = x - place.x, y - place.y
            return (
                math.cos(yaw) * x + math.sin(yaw) * y,
                math.cos(yaw) * y - math.sin(yaw) * x,
            )

        last = len(self.route) - 1
        nearest = min(range(last + 1), key=lambda i: math.dist(self.route[i], (place.x, place.y)))
        ahead_m, left_m = seen(*self.route[min(nearest + REACH_M, last)])
        curvature = 2.0 * left_m / max(ahead_m**2 + left_m**2, 1.0)
        others = (seen(p.x, p.y) for p in (o.bbox.center.position for o in objects.detections))
        blocked = any(0.0 < x < STOP_M and abs(y) < HALF_WIDTH_M for x, y in others)
        stands = blocked or nearest == last
        return math.atan(WHEELBASE_M * curvature), 0.0 if stands else SPEED_MPS


def main() -> None:
    """Drive until the run is over."""
    rclpy.init()
    rclpy.spin(MyAgent())


if __name__ == "__main__":
    main()
