"""A policy of carla-driver-interface drives the demo town through egodriver_agent."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import programs
import pytest
import rclpy
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.runtime.spinner import Spinner
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import RunResult, Supervisor

pytestmark = pytest.mark.ros

_SEEN = 100
"""So many of the 341 frames are seen at least: nobody waits for the witness to be connected."""
_TOWN = config_path("maps", "demo_town.xodr")


class Witness:
    """Keeps where the ego was and what its route is."""

    def __init__(self) -> None:
        self.poses: list[np.ndarray] = []
        self.route = np.zeros((0, 2))
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = Node("witness", context=self._context)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._node.create_subscription(
            Odometry, "odometry", lambda m: self.poses.append(pose_matrix(m.pose.pose)), 1000
        )
        self._node.create_subscription(PathMessage, "route", self._take, latched)
        self._spinner = Spinner(self._node)

    def _take(self, message: PathMessage) -> None:
        points = [pose.pose.position for pose in message.poses]
        self.route = np.array([(p.x, p.y) for p in points])

    def __enter__(self) -> Witness:
        self._spinner.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._spinner.close()
        self._node.destroy_node()
        self._context.try_shutdown()


@contextmanager
def served(port: int, written: Path) -> Iterator[None]:
    program = "import sys; from carla_driver_interface.cli import main; sys.exit(main())"
    options = ("serve", "--policy", "route_follower", "--host", "127.0.0.1", "--port", str(port))
    argv = [sys.executable, "-c", program, *options]
    with written.open("w") as log, subprocess.Popen(argv, stderr=log) as server:
        try:
            while not listens(port):
                assert server.poll() is None, written.read_text()  # another program has the port
                time.sleep(0.05)
            yield
        finally:
            server.terminate()


@pytest.fixture
def policy(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("carla_driver_interface")
    port = free_port()
    with served(port, tmp_path / "policy.log"):
        yield f"127.0.0.1:{port}"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(run_dir: Path, policy: str, **fields: Any) -> RunResult:
    rig = run_dir / "rig.yaml"
    run_dir.mkdir(parents=True, exist_ok=True)
    rig.write_text("name: none\ncameras: []\nlidars: []\n")
    values: dict[str, Any] = {
        "run_dir": run_dir,
        "map": _TOWN,
        "rig": str(rig),
        "dt_s": 0.1,
        "ticks_per_frame": 2,
        "vehicles": 0,
        "nurec": False,
        "record": False,
        "frame_deadline_s": 120.0,  # on a busy machine the policy's process may wait long
        "egodriver": policy,
        "carla_port": free_port(pair=True),
        "domain_id": int(os.environ["ROS_DOMAIN_ID"]),
    }
    return Supervisor(build_graph(RunConfig(**{**values, **fields}))).run()


def beyond_lane_m(town: Any, map_from_base: np.ndarray, route: np.ndarray) -> float:
    """How far the corner of the ego that is furthest out lies beyond the lane that it drives in.

    CARLA's own client says where the lanes of a map are; the route says which one is meant.
    """
    import carla

    worst = -math.inf
    for x, y in ((3.9, 0.92), (3.9, -0.92), (-1.0, 0.92), (-1.0, -0.92)):
        corner = (map_from_base @ (x, y, 0.0, 1.0))[:2]
        foot = route[np.argmin(np.linalg.norm(route - corner, axis=1))]
        lane = town.get_waypoint(carla.Location(float(foot[0]), float(-foot[1]), 0.0))
        centre, yaw = lane.transform.location, -math.radians(lane.transform.rotation.yaw)
        offset = corner - (centre.x, -centre.y)
        aside = abs(offset @ (-math.sin(yaw), math.cos(yaw)))
        worst = max(worst, aside - lane.lane_width / 2.0)
    return worst


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_route_follower_drives_200_m_within_its_lane(tmp_path: Path, policy: str) -> None:
    carla = pytest.importorskip("carla")
    with Witness() as witness:
        result = run(tmp_path / "run", policy, frames=340, route_length_m=280.0)
        assert result.ok, result.sentence
        deadline = time.monotonic() + 120.0
        while len(witness.poses) < _SEEN and time.monotonic() < deadline:
            time.sleep(0.05)
    places = np.array([pose[:2, 3] for pose in witness.poses])
    assert len(places) >= _SEEN
    town = carla.Map("demo_town", _TOWN.read_text())
    worst = max(beyond_lane_m(town, pose, witness.route) for pose in witness.poses)
    assert worst < 0.0, f"a corner of the ego is {worst:.2f} m beyond its lane"

    told = json.loads((tmp_path / "run/parts/egodriver_agent.json").read_text())
    assert told["policy"].startswith("route_follower")
    assert told["route_travelled_m"] > 200.0
    assert told["tracked"] == {"solved": 341}
    assert told["sent"]["drive"] == told["counts"]["plan"] == 341
    assert told["counts"]["command/ackermann"] == 341
    ego = json.loads((tmp_path / "run/parts/carla_ego.json").read_text())
    assert (ego["commands_accepted"], ego["commands_late"], ego["late"]) == (341, 0, {})


def test_a_run_begins_when_the_policy_has_answered(tmp_path: Path) -> None:
    pytest.importorskip("carla_driver_interface")
    port, log = free_port(), tmp_path / "run/logs/carla_ego.log"
    waits = f"egodriver_agent waits: the policy server 127.0.0.1:{port} has not answered yet"
    over = threading.Event()

    def come_late() -> bool:
        while not (log.exists() and waits in log.read_text()):
            if over.wait(0.05):
                return False
        with served(port, tmp_path / "policy.log"):
            return over.wait()

    with ThreadPoolExecutor() as pool:
        came = pool.submit(come_late)
        try:
            result = run(tmp_path / "run", f"127.0.0.1:{port}", frames=2)
        finally:
            over.set()
    assert result.ok, result.sentence
    assert came.result()


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = f"127.0.0.1:{free_port()}"
    given = ("--ros-args", "-p", f"policy.target:={target}", "-p", "deadlines.start_s:=0.5")
    done = programs.run(*given, module="carla_nurec_bridge.nodes.egodriver_agent", timeout=60)
    assert done.returncode == 1
    assert f"the policy server {target} did not answer get_version within 0.5 s" in done.stderr
