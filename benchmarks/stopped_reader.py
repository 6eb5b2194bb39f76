"""Time what a stopped reader costs the thread that ticks: published there, and in lanes.

Run: ``python benchmarks/stopped_reader.py [ROUNDS]``. At 10 Hz a clock, an odometry and a depth
picture of 1600x900 go to two reliable readers, one of which sleeps (SIGSTOP) every other round. A
frame's cost is the wall time that the publishing thread spends on it; both ways take turns in one
run. The reader that is awake must get every picture.
"""

from __future__ import annotations

import array
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import rclpy
from _figures import Figure, quick, tell
from _help import show_help
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.dds import use_own_profile
from carla_nurec_bridge.ros.sending.lane import SendingLane
from carla_nurec_bridge.ros.sending.sender import Sender

DOMAIN = 95
ROUNDS, FRAMES, PERIOD_S, SETTLE_S = 1 if quick() else 4, 30, 0.1, 1.5
WIDTH, HEIGHT = 1600, 900
READER = """
import sys
import rclpy
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from carla_nurec_bridge.ros.publishers.qos import profile
rclpy.init(domain_id=int(sys.argv[1]))
node = rclpy.create_node("reader")
count = 0
def take(_):
    global count
    count += 1
    print(count, flush=True)
node.create_subscription(Clock, "/clock", lambda _: None, profile("clock"))
node.create_subscription(Odometry, "odometry", lambda _: None, profile("state"))
node.create_subscription(Image, "picture", take, profile("sensor"), raw=True)
rclpy.spin(node)
"""


def main(rounds: int) -> None:
    """Print a table of frame costs by way and by what the second reader does."""
    use_own_profile()
    rclpy.init(domain_id=DOMAIN)
    node = Node("writer")
    clock = node.create_publisher(Clock, "/clock", profile("clock"))
    odometry = node.create_publisher(Odometry, "odometry", profile("state"))
    pictures = node.create_publisher(Image, "picture", profile("sensor"))
    argv = [sys.executable, "-c", READER, str(DOMAIN)]
    readers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    states, lane = SendingLane("publishing of states"), SendingLane("publishing of pictures")
    senders = [Sender(publisher) for publisher in (clock, odometry, pictures)]
    data = array.array("B", bytes(WIDTH * HEIGHT * 4))
    picture = Image(height=HEIGHT, width=WIDTH, encoding="32FC1", step=WIDTH * 4, data=data)
    frame = (Clock(), Odometry(), picture)

    def in_the_tick() -> None:
        for publisher, message in zip((clock, odometry, pictures), frame, strict=True):
            publisher.publish(message)

    def in_lanes() -> None:
        for sender, message in zip(senders[:2], frame[:2], strict=True):
            told = states.put(partial(sender.send, message))
        lane.put(partial(states.wait_done, told))
        lane.put(partial(senders[2].send, picture), len(data))

    ways: dict[str, Callable[[], None]] = {"in the tick": in_the_tick, "in lanes": in_lanes}
    while pictures.get_subscription_count() < 2:
        time.sleep(0.05)
    time.sleep(SETTLE_S)
    costs_ms: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for state, number in (("awake", signal.SIGCONT), ("stopped", signal.SIGSTOP)):
            os.kill(readers[1].pid, number)
            time.sleep(SETTLE_S)
            for way, publish in ways.items():
                for _ in range(FRAMES):
                    began_s = time.perf_counter()
                    publish()
                    cost_s = time.perf_counter() - began_s
                    costs_ms.setdefault((way, state), []).append(1e3 * cost_s)
                    time.sleep(max(0.0, PERIOD_S - cost_s))
                lane.wait_idle(60.0)
    time.sleep(SETTLE_S)
    states.close(10.0)
    lane.close(10.0)
    os.kill(readers[1].pid, signal.SIGCONT)
    for reader in readers:
        reader.kill()
    assert readers[0].stdout is not None
    got = len(readers[0].stdout.read().splitlines())
    for (way, state), costs in sorted(costs_ms.items()):
        p50, p99 = np.percentile(costs, (50, 99))
        print(f"{way:12} second reader {state:8} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
    for way in ways:
        stopped, awake = (np.median(costs_ms[way, state]) for state in ("stopped", "awake"))
        named = f"a frame {way}, a reader stopped"
        tell(Figure("stopped_reader", named, float(stopped), "ms", "all awake", float(awake)))
    print(f"the reader that is awake got {got} of {rounds * 4 * FRAMES} pictures")
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    show_help(__doc__)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
