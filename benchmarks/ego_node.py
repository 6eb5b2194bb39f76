"""Time ``carla_ego`` with a full rig: messages a second, CPU a frame, nothing lost.

Run: ``python benchmarks/ego_node.py [FRAMES]``. The embedded CARLA serves the demo town; the rig
has two cameras 1280x720, a lidar 64x1024, an IMU and a GNSS, all at 20 Hz. A subscriber in this
process counts the serialized messages. The floor is what no bridge can avoid: the pictures as JPEG
and one copy of the cloud.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import rclpy
import simplejpeg
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.streams import EGO, Stream, expected_count
from carla_nurec_bridge.graph import GraphConfig, build_graph
from carla_nurec_bridge.ros.convert import byte_array
from carla_nurec_bridge.ros.publishers import message_class
from carla_nurec_bridge.ros.qos import profile
from carla_nurec_bridge.supervisor import Supervisor

FRAMES = 100
DOMAIN = 94
POINTS = 64 * 1024
RIG = """
name: bench
cameras:
  - {name: left, source: carla, resolution: [1280, 720], rate_hz: 20, outputs: [rgb],
     mount: {position_m: [1.5, 0.5, 1.5], rpy_deg: [0, 0, 30]},
     model: {type: fov, horizontal_fov_deg: 90}}
  - {name: right, source: carla, resolution: [1280, 720], rate_hz: 20, outputs: [rgb],
     mount: {position_m: [1.5, -0.5, 1.5], rpy_deg: [0, 0, -30]},
     model: {type: fov, horizontal_fov_deg: 90}}
sensors:
  - {name: roof, type: lidar, rate_hz: 20, channels: 64, points_per_sweep: 65536, range_m: 100,
     mount: {position_m: [1.3, 0.0, 1.9]}}
  - {name: body, type: imu, rate_hz: 20, mount: {position_m: [1.4, 0.0, 0.5]}}
  - {name: antenna, type: gnss, rate_hz: 20, mount: {position_m: [0.5, 0.0, 1.6]}}
"""


class Counter:
    """Counts the messages of streams as they arrive, serialized."""

    def __init__(self, streams: list[Stream]) -> None:
        self.counts = dict.fromkeys((s.topic for s in streams), 0)
        self._node = Node("counter")
        for stream in streams:
            ours = profile(stream.row.qos)
            ours.depth = 100
            self._node.create_subscription(
                message_class(stream.row.type), stream.topic,
                lambda _, topic=stream.topic: self._count(topic), ours, raw=True,
            )  # fmt: skip
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _count(self, topic: str) -> None:
        self.counts[topic] += 1

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def close(self) -> None:
        """Stop listening."""
        time.sleep(0.5)
        self._executor.shutdown()
        self._thread.join(2.0)


def floor_ms() -> float:
    """Return the time of two JPEGs 1280x720 of a smooth picture and one copy of a cloud."""
    ramp = np.linspace(0, 255, 1280, dtype=np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(ramp[:, None], (720, 1280, 3)))
    cloud = np.zeros((POINTS, 4), np.float32)
    best = float("inf")
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(2):
            simplejpeg.encode_jpeg(picture, quality=90, colorspace="RGB")
        byte_array(cloud)
        best = min(best, time.perf_counter() - started)
    return best * 1e3


def main() -> int:
    """Print the table; return 1 when a message was lost."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    os.environ["ROS_DOMAIN_ID"] = str(DOMAIN)
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        rig = run_dir / "rig.yaml"
        rig.write_text(RIG)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        graph = build_graph(
            GraphConfig(
                run_dir=run_dir, map=config_path("maps", "demo_town.xodr"), rig=str(rig),
                frames=frames, vehicles=10, nurec=False, agent=False, record=False,
                carla_port=port, domain_id=DOMAIN, carla_timeout_s=30.0,
            )
        )  # fmt: skip
        rclpy.init()
        counter = Counter([s for s in graph.streams if s.producer == EGO])
        result = Supervisor(graph).run()
        counter.close()
        rclpy.try_shutdown()
        if not result.ok:
            print(result.sentence)
            return 1
        summary = json.loads((run_dir / "parts" / "carla_ego.json").read_text())
    received = sum(counter.counts.values())
    expected = sum(expected_count(s, frames) for s in graph.streams if s.producer == EGO)
    wall_s, cpu_ms = summary["wall_s"], summary["cpu_s"] / frames * 1e3
    print(f"{len(counter.counts)} topics, {frames} frames of 50 ms in {wall_s:.1f} s of wall time")
    print(f"messages    {received} of {expected} received, {received / wall_s:.0f} a second")
    print(f"CPU         {cpu_ms:.1f} ms a frame in carla_ego (floor {floor_ms():.1f} ms)")
    for stage, times in summary["timings"].items():
        print(f"  {stage:16} {times}")
    return int(received < expected)


if __name__ == "__main__":
    sys.exit(main())
