"""A minimal agent: at 5 m/s along the route, in lock-step, by topics alone."""

import json
import math

import rclpy
from ackermann_msgs.msg import AckermannDriveStamped
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SPEED_MPS, REACH_M, WHEELBASE_M = 5.0, 6, 2.85


class MyAgent(Node):
    """Answers each odometry with a command, and then with word that the frame is done."""

    def __init__(self) -> None:
        super().__init__("my_agent")
        self.route: list[tuple[float, float]] = []
        self.run: dict = {}
        self.frames: list[Odometry] = []
        self.command = self.create_publisher(AckermannDriveStamped, "command/ackermann", 10)
        self.done = self.create_publisher(DiagnosticArray, "lockstep/done", 100)
        self.create_subscription(String, "lockstep/run", self.on_run, LATCHED)
        self.create_subscription(Path, "route", self.on_route, LATCHED)
        self.create_subscription(Odometry, "odometry", self.on_odometry, 100)
        self.create_timer(0.2, self.announce)

    def announce(self) -> None:
        """Ask to take part until the run has us among its members."""
        members = [member["of"]["name"] for member in self.run.get("members", ())]
        if self.get_name() not in members:
            reads = KeyValue(key="lockstep.reads", value="odometry,route")
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

    def on_odometry(self, message: Odometry) -> None:
        """Keep a frame: topics are not ordered, so run and route may still be under way."""
        self.frames.append(message)
        self.work()

    def work(self) -> None:
        """Answer the frames that have come."""
        while self.frames and self.run and self.route:
            frame = self.frames.pop(0)
            command = AckermannDriveStamped(header=frame.header)
            command.drive.steering_angle, command.drive.speed = self.drive(frame)
            self.command.publish(command)
            sent = KeyValue(key="command/ackermann", value="1")
            status = DiagnosticStatus(
                name=self.get_name(), hardware_id=self.run["run_id"], values=[sent]
            )
            answer = DiagnosticArray(status=[status])
            answer.header.stamp = frame.header.stamp
            self.done.publish(answer)

    def drive(self, frame: Odometry) -> tuple[float, float]:
        """Return the front wheels' angle (rad, left positive) and the speed (m/s)."""
        place, q = frame.pose.pose.position, frame.pose.pose.orientation
        yaw = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))
        last = len(self.route) - 1
        nearest = min(range(last + 1), key=lambda i: math.dist(self.route[i], (place.x, place.y)))
        x, y = self.route[min(nearest + REACH_M, last)]
        left_m = math.cos(yaw) * (y - place.y) - math.sin(yaw) * (x - place.x)
        curvature = 2.0 * left_m / max(math.dist((x, y), (place.x, place.y)) ** 2, 1.0)
        return math.atan(WHEELBASE_M * curvature), 0.0 if nearest == last else SPEED_MPS


def main() -> None:
    """Drive until the run is over."""
    rclpy.init()
    rclpy.spin(MyAgent())


if __name__ == "__main__":
    main()
