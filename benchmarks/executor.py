"""Time how a node hears bursts of messages, by its own executor and by rclpy's.

Run: ``python benchmarks/executor.py [BURSTS]``. Another process publishes to a node that has 30
subscriptions and 20 publishers: in one case on 20 topics at once, in the other on five topics 3 ms
apart, as the messages of a frame come. A figure is the processor time of the hearing process for a
burst, least of three rounds in turns. The peer is rclpy's executor.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import rclpy
from _figures import Figure, quick, tell
from _help import show_help
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from carla_nurec_bridge.core.machine.ports import held_domain
from carla_nurec_bridge.ros.runtime.kept_executor import KeptExecutor

BURSTS = 20 if quick() else 100
ROUNDS = 1 if quick() else 3
CASES = {"20 messages at once": (20, 0.0), "5 messages, 3 ms apart": (5, 0.003)}
"""By name how many messages a burst has, and the wall time between two of them in seconds."""
TOPICS, PUBLISHERS = 30, 20
BETWEEN_S, LIMIT_S = 0.03, 60.0
QOS = QoSProfile(depth=100)


def publish(count: int, gap_s: float, bursts: int) -> None:
    """Publish bursts once everything is heard and standard input has a line."""
    rclpy.init()
    node = Node("speaker")
    publishers = [node.create_publisher(String, f"heard_{n}", QOS) for n in range(count)]
    while not all(publisher.get_subscription_count() for publisher in publishers):
        time.sleep(0.02)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(bursts):
        for publisher in publishers:
            publisher.publish(String(data="x" * 200))
            time.sleep(gap_s)
        time.sleep(BETWEEN_S)
    sys.stdin.readline()


def hear_ms(kind: type[Executor], case: str, bursts: int) -> float:
    """Return the processor time in ms of hearing a burst; RuntimeError if a message is missed."""
    count, gap_s = CASES[case]
    rclpy.init()
    node, heard = Node("listener"), []
    for n in range(TOPICS):
        node.create_subscription(String, f"heard_{n}", heard.append, QOS)
    for n in range(PUBLISHERS):
        node.create_publisher(String, f"told_{n}", QOS)
    executor = kind()
    executor.add_node(node)
    argv = [sys.executable, __file__, "--publish", str(count), str(gap_s), str(bursts)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as speaker:
        assert speaker.stdin is not None
        assert speaker.stdout is not None
        speaker.stdout.readline()
        executor.spin_once(0.0)
        began_s, deadline_s = time.process_time(), time.monotonic() + LIMIT_S
        print(file=speaker.stdin, flush=True)
        while len(heard) < count * bursts:
            executor.spin_once(1.0)
            if time.monotonic() > deadline_s:
                speaker.kill()
                raise RuntimeError(f"{len(heard)} of {count * bursts} messages were heard")
        spent_s = time.process_time() - began_s
        speaker.communicate("\n", timeout=LIMIT_S)
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
    return spent_s / bursts * 1e3


def main() -> None:
    """Print the table."""
    bursts = int(sys.argv[1]) if len(sys.argv) > 1 else BURSTS
    with held_domain() as domain:
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        for case in CASES:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(hear_ms(KeptExecutor, case, bursts))
                theirs.append(hear_ms(SingleThreadedExecutor, case, bursts))
            tell(Figure("executor", case, min(ours), "CPU ms", "rclpy's executor", min(theirs)))
            print(f"{case:24} {min(ours):6.2f} ms a burst, {min(theirs):6.2f} by rclpy's executor")


if __name__ == "__main__":
    show_help(__doc__)
    if sys.argv[1:2] == ["--publish"]:
        publish(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
