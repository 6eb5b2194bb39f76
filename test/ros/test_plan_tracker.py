"""A planner without a controller drives 60 m of the demo town through plan_tracker."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path as FilePath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Pose
from nav_msgs.msg import Path
from rclpy.context import Context
from rclpy.node import Node
from ros_domain import in_own_domain

from carla_nurec_bridge.agents.corridor import Corridor
from carla_nurec_bridge.agents.tracking import PlanTracker
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.nodes.plan_tracker import PlanTrackerNode
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.messages.convert import header, vector_array
from carla_nurec_bridge.ros.parameters.tracker import TrackerParameters
from carla_nurec_bridge.ros.plans.autoware import read_autoware
from carla_nurec_bridge.ros.plans.messages import poses_along, timed_path_message
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.publishers.subscriptions import subscribe
from carla_nurec_bridge.ros.runtime.spinner import Spinner
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import Supervisor
from carla_nurec_bridge.world.states import EgoState
from carla_nurec_bridge.world.timed_path import TimedPath
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

pytestmark = pytest.mark.ros

_FRAMES, _SPEED_MPS, _STEP_NS = 140, 6.0, 200_000_000
_BAD = 70
"""The frame whose plan is refused."""


@pytest.fixture(autouse=True)
def domain() -> Iterator[int]:
    with in_own_domain() as domain:
        yield domain


class Planner:
    """Plans 4 s of the route at 6 m/s in each frame, from rest at 2 m/s^2; no controller."""

    def __init__(self, context: Context) -> None:
        self.node = Node("my_planner", context=context)
        self._spinner = Spinner(self.node)
        self._publisher = self.node.create_publisher(Path, "plan", profile("command"))
        self.route: np.ndarray | None = None
        self.told: list[str] = []
        self.places: list[np.ndarray] = []
        self.frame = -1
        subscribe(self.node, "route", self._take)
        subscribe(self.node, "diagnostics", self._hear)
        settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir="")
        self._part = Participation(self.node, self._spinner, settings, keys=("odometry",))
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Planner:
        self._spinner.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._spinner.close()
        self.node.destroy_node()

    def _take(self, message: Path) -> None:
        self.route = np.array([vector_array(pose.pose.position) for pose in message.poses])

    def _hear(self, message: DiagnosticArray) -> None:
        self.told += [s.message for s in message.status if s.name == "plan_tracker"]

    def _work(self) -> None:
        self._part.wait_begin()
        waiting = []
        for frame in self._part.turns():
            waiting += [frame] if frame is not None else []
            while waiting and self.route is not None:
                self._plan(waiting.pop(0), self.route)

    def _plan(self, frame: Any, route: np.ndarray) -> None:
        self.frame += 1
        odometry = frame.messages["odometry"]
        here, speed = pose_matrix(odometry.pose.pose), float(odometry.twist.twist.linear.x)
        self.places.append(here)
        corridor = Corridor(route[:, :2])
        along_m, _ = corridor.places(here[None, :2, 3], 0.0, 1e4)
        travelled = [float(along_m[0])]
        for _ in range(20):
            speed = min(_SPEED_MPS, speed + 2.0 * _STEP_NS * 1e-9)
            travelled.append(travelled[-1] + speed * _STEP_NS * 1e-9)
        points = np.array([[*corridor.point(m), here[2, 3]] for m in travelled])
        stamps_ns = frame.stamp_ns + _STEP_NS * np.arange(len(points), dtype=np.int64)
        message = timed_path_message(TimedPath(stamps_ns, poses_along(points)), frame.stamp_ns)
        if self.frame == _BAD:
            message.poses[3].pose.position.x = float("nan")
        self._publisher.publish(message)
        self._part.answer(frame.stamp_ns, {})


@pytest.mark.slow
def test_a_planner_drives_60_m_and_a_bad_plan_is_told(tmp_path: FilePath) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("name: none\ncameras: []\nlidars: []\n")
    config = RunConfig(
        run_dir=tmp_path / "run",
        map=config_path("maps", "demo_town.xodr"),
        rig=str(rig),
        frames=_FRAMES,
        dt_s=0.1,
        ticks_per_frame=2,
        vehicles=0,
        nurec=False,
        record=False,
        agent="plan_tracker",
        agent_nodes=("my_planner",),
        policy="hold",
        frame_deadline_s=120.0,
        carla_port=free_port(pair=True),
        domain_id=int(os.environ["ROS_DOMAIN_ID"]),
    )
    context = Context()
    rclpy.init(context=context)
    with Planner(context) as planner:
        result = Supervisor(build_graph(config)).run()
    context.try_shutdown()
    assert result.ok, result.sentence
    told = json.loads((tmp_path / "run/parts/plan_tracker.json").read_text())
    frames = _FRAMES + 1
    assert told["counts"] == {"command/ackermann": frames}
    assert (told["plans_accepted"], told["plans_refused"]) == (frames - 1, 1)
    assert (told["plans_late"], told["plans_missing"]) == (0, 0)
    assert (told["solved"], told["held"], told["braked"]) == (frames, 0, 0)
    assert told["route_travelled_m"] > 60.0
    assert planner.route is not None
    corridor = Corridor(planner.route[:, :2])
    places = np.array([pose[:2, 3] for pose in planner.places])
    along_m, left_m = corridor.places(places, 0.0, 1e4)
    assert np.abs(left_m[along_m > 2.0]).max() < 0.3
    refused = [text for text in planner.told if "was refused" in text]
    assert len(refused) == 1
    assert "a number in it is not finite" in refused[0]


def test_a_plan_that_does_not_come_is_said_and_counted() -> None:
    vehicle = VehicleInfo("car", 2.85, 1.2, (4.9, 1.84, 1.5), (1.4, 0.0, 0.75), ((0.0, 1.2),))
    still = EgoState(np.eye(4), np.zeros(3), np.zeros(3), np.zeros(3), None)
    context = Context()
    rclpy.init(context=context)
    node = Node("plan_tracker", context=context)
    try:
        with Spinner(node) as spinner:
            p = TrackerParameters(lockstep=True, frame_s=0.1)
            made, tracker = PlanTrackerNode(node, spinner, p), PlanTracker(vehicle, p.dt_s)
            why = made._hear_plan(tracker, still, _STEP_NS, 0)
            assert why == "no plan for the frame of 200000000 ns came within 0.08 s"
            assert made._hear_plan(tracker, still, _STEP_NS, 1) == "", "none is due there"
            assert made._health().plans_missing == 1
    finally:
        node.destroy_node()
        context.try_shutdown()


def test_your_own_nodes_are_not_named_as_ours(tmp_path: FilePath) -> None:
    config = RunConfig(run_dir=tmp_path, map=config_path("maps", "demo_town.xodr"), nurec=False)
    graph = build_graph(config.model_copy(update={"agent": "none", "agent_nodes": ("mine",)}))
    assert "mine" not in [process.name for process in graph.processes]
    assert "mine" in graph.parameters["carla_ego"]["lockstep.participants"]
    assert "route" in {stream.topic for stream in graph.streams}
    with pytest.raises(InputError, match="agent_nodes names route_agent, which is a node of ours"):
        build_graph(config.model_copy(update={"agent_nodes": ("route_agent",)}))


def test_a_follower_of_nothing_is_refused_before_anything_starts(tmp_path: FilePath) -> None:
    config = RunConfig(run_dir=tmp_path, map=config_path("maps", "demo_town.xodr"), nurec=False)
    with pytest.raises(InputError, match="give agent_recording"):
        build_graph(config.model_copy(update={"agent": "recorded"}))


def autoware(points: list[tuple[float, float, float]], frame: str = "map") -> Any:
    """An autoware_planning_msgs/Trajectory of (x, speed, time_from_start): it has no wheel."""
    made = [
        SimpleNamespace(
            time_from_start=Duration(sec=int(t), nanosec=round(1e9 * (t - int(t)))),
            pose=Pose(),
            longitudinal_velocity_mps=speed,
        )
        for _, speed, t in points
    ]
    for point, (x, *_) in zip(made, points, strict=True):
        point.pose.position.x = x
    return SimpleNamespace(header=header(5_000_000_000, frame), points=made)


def here(_: int) -> Matrix:
    return matrix_from_xyz_rpy((4.1, 0.0, 0.0), (0, 0, 0))


def test_a_trajectory_with_times_is_read_by_them() -> None:
    found = read_autoware(autoware([(0, 4, 0.0), (2, 4, 0.5), (4, 4, 1.0)]), here)
    assert (found.stamps_ns - 5_000_000_000).tolist() == [0, 500_000_000, 1_000_000_000]


def test_a_trajectory_without_times_is_reached_by_its_speeds_from_the_ego_on() -> None:
    found = read_autoware(autoware([(2 * i, 4.0, 0.0) for i in range(5)]), here)
    # The ego is nearest to the third point; the points are half a second apart.
    assert ((found.stamps_ns - 5_000_000_000) / 5e8).tolist() == [-2, -1, 0, 1, 2]


def test_a_trajectory_that_stops_ends_standing() -> None:
    points = [(0, 4, 0), (4, 4, 0), (8, 4, 0), (10, 0, 0), (10, 0, 0), (12, 0, 0)]
    found = read_autoware(autoware([(float(x), float(v), float(t)) for x, v, t in points]), here)
    # 8 to 10 m at 2 m/s on average takes a second, and then it stands.
    assert ((found.stamps_ns - 5_000_000_000) / 1e9).tolist() == [-1, 0, 1, 2, 3]
    assert found.map_from_base[-2:, 0, 3].tolist() == [10.0, 10.0]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (autoware([]), "has no poses"),
        (autoware([(0, float("nan"), 0), (1, 1, 0)]), "a speed in it is not finite"),
        (autoware([(0, 1, 0.0), (1, 1, 0.5), (2, 1, 0.2)]), "not later"),
        (autoware([(0, 1, 0), (1, 1, 0)], "viewer"), "its frame is 'viewer'"),
    ],
)
def test_a_trajectory_that_is_none_is_refused(message: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_autoware(message, here)
