"""AlpaSim's side played by carla-driver-interface and by hand, against a stack on our topics."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
import pytest
import rclpy
import simplejpeg
from plan_stack import SPEED_MPS, PlanStack
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.alpasim.calls import DriverDeadlines, EgodriverCalls
from carla_nurec_bridge.alpasim.contract import METHODS, REVISION_HEADER, SERVICE
from carla_nurec_bridge.alpasim.server import EgodriverServer
from carla_nurec_bridge.alpasim.stubs import egodriver_pb2 as egodriver
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.nurec.client.conversion import pose_message
from carla_nurec_bridge.nurec.stubs import common_pb2 as common
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim
from carla_nurec_bridge.recording.read_back.messages import transform_matrix
from carla_nurec_bridge.ros.alpasim.ros_stack import RosStack, StackSettings
from carla_nurec_bridge.ros.plans.inbox import InboxSettings
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros

_STEP_US = 100_000
_MOUNT = matrix_from_xyz_rpy((2.0, 0.1, 1.5), (0, 0, 0.3)) @ BODY_FROM_OPTICAL
_JPEG = simplejpeg.encode_jpeg(np.full((24, 32, 3), 90, np.uint8), colorspace="RGB")


class Bridge:
    """The driver and a stack in this process."""

    def __init__(self, context: Context, parts: ExitStack, **options: Any) -> None:
        hold, lockstep = options.pop("hold", False), options.pop("lockstep", True)
        wait_s, deadlines = options.pop("wait_s", 0.0), DriverDeadlines(20.0, 20.0, 20.0)
        self.node = Node("alpasim_driver", context=context)
        self.stack = PlanStack(context)
        for node in (self.node, self.stack):
            parts.callback(node.destroy_node)
        settings = StackSettings(InboxSettings(lockstep, 0.5), 2.85, 4.0, hold)
        self.ros = RosStack(self.node, settings)
        self.calls = EgodriverCalls(self.ros, options.pop("deadlines", deadlines), wait_s, 600.0)
        threads = MultiThreadedExecutor(2, context=context)
        parts.enter_context(Spinner(self.node, self.stack, executor=threads))
        self.server = parts.enter_context(EgodriverServer(self.calls, "127.0.0.1", free_port()))
        self.target = f"127.0.0.1:{self.server.port}"
        self.channel = parts.enter_context(grpc.insecure_channel(self.target))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a call of the contract."""
        method = METHODS[name]
        call = self.channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return lambda request, **more: call(request, timeout=60.0, **more)

    def start(self, name: str = "", *, camera: Any = None, revision: str = "") -> str:
        """Start a session with one camera; return its name."""
        name = name or str(uuid.uuid4())
        request = egodriver.DriveSessionRequest(session_uuid=name, random_seed=7)
        request.debug_info.scene_id = "scene"
        request.rollout_spec.vehicle.available_cameras.append(camera or declared())
        metadata = ((REVISION_HEADER, revision),) if revision else ()
        self.start_session(request, metadata=metadata)
        return name

    def pose(self, name: str, time_us: int, x: float = 0.0, yaw: float = 0.0) -> None:
        pose = pose_message(matrix_from_xyz_rpy((x, 0, 0), (0, 0, yaw)))
        item = common.PoseAtTime(pose=pose, timestamp_us=time_us)
        state = common.DynamicState(linear_velocity=common.Vec3(x=SPEED_MPS))
        self.submit_egomotion_observation(
            egodriver.RolloutEgoTrajectory(
                session_uuid=name,
                trajectory=common.Trajectory(poses=[item]),
                dynamic_states=[state],
            )
        )

    def image(self, name: str, time_us: int, image: bytes = _JPEG, camera: str = "front@a") -> None:
        sent = egodriver.RolloutCameraImage.CameraImage(
            frame_start_us=time_us - 30_000,
            frame_end_us=time_us,
            image_bytes=image,
            logical_id=camera,
        )
        self.submit_image_observation(
            egodriver.RolloutCameraImage(session_uuid=name, camera_image=sent)
        )

    def ask(self, name: str, now_us: int, until_us: int | None = None) -> Any:
        return self.drive(
            egodriver.DriveRequest(
                session_uuid=name,
                time_now_us=now_us,
                time_query_us=now_us + _STEP_US if until_us is None else until_us,
            )
        )

    def end(self, name: str) -> None:
        self.close_session(egodriver.DriveSessionCloseRequest(session_uuid=name))


def declared(mount: Matrix = _MOUNT, logical_id: str = "front@a", width: int = 64) -> Any:
    """A camera of 64 x 48 pixels without distortion."""
    return sensorsim.AvailableCamerasReturn.AvailableCamera(
        logical_id=logical_id,
        rig_to_camera=pose_message(mount),
        intrinsics=sensorsim.CameraSpec(
            logical_id=logical_id,
            resolution_w=width,
            resolution_h=48,
            shutter_type="GLOBAL",
            opencv_pinhole_param=sensorsim.OpenCVPinholeCameraParam(
                principal_point_x=32, principal_point_y=24, focal_length_x=50, focal_length_y=50
            ),
        ),
    )


def eventually(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def bridges() -> Iterator[Callable[..., Bridge]]:
    context = Context()
    rclpy.init(context=context)
    with ExitStack() as parts:
        parts.callback(context.try_shutdown)
        yield lambda **options: Bridge(context, parts, **options)


@pytest.fixture
def bridge(bridges: Callable[..., Bridge]) -> Bridge:
    return bridges()


def refused(call: Callable[[], object]) -> SimpleNamespace:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return SimpleNamespace(code=raised.value.code().name, text=raised.value.details())


def test_the_demo_loop_of_carla_driver_interface_is_driven(bridge: Bridge) -> None:
    """FakeLoop runs in its own process: both define the same messages."""
    pytest.importorskip("carla_driver_interface")
    loop = (
        "import json, sys; from carla_driver_interface.testing import FakeCamera, FakeLoop\n"
        "camera = FakeCamera(width=64, height=36)\n"
        "with FakeLoop(sys.argv[1], [camera], initial_speed_mps=8.0) as loop:\n"
        "    done = [loop.run(12) for _ in range(2)]\n"
        "print(json.dumps([[r.steps, r.ego.positions[-1].tolist()] for r in done]))"
    )
    argv = [sys.executable, "-c", loop, bridge.target]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    # The loop is where the plan says: 11 steps of 0.1 s at 8 m/s behind the start.
    for steps, place in json.loads(done.stdout):
        assert steps == 12
        assert place == pytest.approx([11 * 0.1 * SPEED_MPS, 0.0, 0.0], abs=1e-4)
    first, second = bridge.calls.ended
    assert first.counts == second.counts
    assert first.counts == {"poses": 12, "images": 12, "routes": 12, "drives": 12}
    assert bridge.ros.inbox.counts == {"accepted": 24}

    base = "camera/camera_front"
    topics = ("odometry", f"{base}/image_raw/compressed", f"{base}/camera_info", "/clock")
    eventually(lambda: all(bridge.stack.counts[topic] == 24 for topic in topics))
    stamps = bridge.stack.stamps
    # The loop begins at 0, which ROS has its own uses for, and its second run there again: that
    # begins a second after the last time that the first one asked about, 1.0 s + 12 * 0.1 s.
    began = [1_000_000_000, 3_200_000_000]
    assert stamps["odometry"] == [b + 100_000_000 * i for b in began for i in range(12)]
    assert all(stamps[topic] == stamps["odometry"] for topic in topics)


def test_what_a_camera_sees_keeps_its_bytes_and_gets_its_lens(bridge: Bridge) -> None:
    name = bridge.start(camera=declared(logical_id="camera_front@2025"))
    bridge.pose(name, 5_000_000)
    bridge.image(name, 5_000_000, camera="camera_front@2025")
    base, last = "camera/camera_front", bridge.stack.last
    eventually(lambda: {f"{base}/image_raw", f"{base}/calibration", "/tf_static"} <= last.keys())
    assert bytes(last[f"{base}/image_raw/compressed"].data) == _JPEG
    assert last[f"{base}/image_raw/compressed"].format.startswith("rgb8; jpeg")
    raw = last[f"{base}/image_raw"]
    assert (raw.width, raw.height, raw.encoding) == (32, 24, "rgb8")
    assert bytes(raw.data) == simplejpeg.decode_jpeg(_JPEG, colorspace="RGB").tobytes()
    # Half of what was declared in both directions; ROS counts pixel centres as whole numbers.
    info = last[f"{base}/camera_info"]
    assert (info.width, info.height, info.distortion_model) == (32, 24, "plumb_bob")
    assert list(info.k) == [25.0, 0, 15.5, 0, 25.0, 11.5, 0, 0, 1]
    told = json.loads(last[f"{base}/calibration"].data)
    assert told["shutter_s"] == pytest.approx(0.03)
    np.testing.assert_allclose(told["rig_from_camera"], _MOUNT, atol=1e-6)
    frames = {
        t.child_frame_id: transform_matrix(t.transform) for t in last["/tf_static"].transforms
    }
    optical = frames["camera_front_link"] @ frames["camera_front_optical_frame"]
    np.testing.assert_allclose(optical, _MOUNT, atol=1e-6)
    session = json.loads(last["alpasim/session"].data)
    assert session["session"] == name
    assert session["cameras"] == {"camera_front": "camera_front@2025"}
    assert session["stamp_offset_ns"] == 0


def test_a_camera_of_revision_1_is_declared_by_its_body(bridge: Bridge) -> None:
    body = _MOUNT @ np.linalg.inv(BODY_FROM_OPTICAL)
    bridge.start(camera=declared(body), revision="1")
    (camera,) = bridge.calls.desk._open.info.cameras
    np.testing.assert_allclose(camera.rig_from_camera, _MOUNT, atol=1e-6)


@pytest.mark.parametrize("answer", ["base_link", "map", "command"])
def test_the_plan_comes_back_in_the_local_frame(bridge: Bridge, answer: str) -> None:
    bridge.stack.frame, bridge.stack.command = answer, answer == "command"
    yaw = 0.0 if answer == "map" else math.pi / 2
    name = bridge.start()
    bridge.pose(name, 5_000_000, x=30.0, yaw=yaw)
    poses = bridge.ask(name, 5_000_000).trajectory.poses
    assert [p.timestamp_us for p in poses] == [5_000_000 + _STEP_US * i for i in range(41)]
    ahead = SPEED_MPS * 4.0
    expected = (30.0 + ahead, 0.0) if answer == "map" else (30.0, ahead)
    assert (poses[0].pose.vec.x, poses[0].pose.vec.y) == (30.0, 0.0)
    assert (poses[-1].pose.vec.x, poses[-1].pose.vec.y) == pytest.approx(expected, abs=1e-4)


def test_the_route_is_put_into_the_map_even_if_it_comes_before_its_pose(bridge: Bridge) -> None:
    name = bridge.start()
    route = egodriver.Route(
        waypoints=[common.Vec3(x=x) for x in (0.0, 10.0)], timestamp_us=5_000_000
    )
    bridge.submit_route(egodriver.RouteRequest(session_uuid=name, route=route))
    bridge.pose(name, 5_000_000, x=3.0, yaw=math.pi / 2)
    eventually(lambda: "route" in bridge.stack.last)
    points = [p.pose.position for p in bridge.stack.last["route"].poses]
    assert [(p.x, p.y) for p in points] == [
        pytest.approx(place, abs=1e-5) for place in ((3.0, 0.0), (3.0, 10.0))
    ]


def test_a_stack_that_does_not_answer_in_time_is_named_or_its_last_plan_holds(
    bridges: Callable[..., Bridge],
) -> None:
    bridge = bridges(hold=True, deadlines=DriverDeadlines(20.0, 0.5, 0.5))
    name = bridge.start()
    bridge.stack.mute = True
    bridge.pose(name, 5_000_000)
    wrong = refused(lambda: bridge.ask(name, 5_000_000))
    assert wrong.code == "DEADLINE_EXCEEDED"
    assert "no plan stamped 5000000000 ns came from the stack within 0.5 s" in wrong.text
    eventually(lambda: "odometry" in bridge.stack.last)
    bridge.stack.answer(bridge.stack.last["odometry"])  # for a frame that is over
    eventually(lambda: bridge.ros.inbox.counts["late"] == 1)
    bridge.stack.mute = False
    bridge.pose(name, 5_100_000)
    eventually(lambda: bridge.ros.inbox.counts["accepted"] == 1)
    bridge.ask(name, 5_100_000)
    bridge.stack.mute = True
    bridge.pose(name, 5_200_000)
    held = bridge.ask(name, 5_200_000).trajectory.poses
    assert held[-1].timestamp_us == 9_100_000
    assert bridge.ros.inbox.counts["held"] == 1


def test_a_plan_that_ends_too_early_is_refused(bridge: Bridge) -> None:
    bridge.stack.reach = 3
    name = bridge.start()
    bridge.pose(name, 5_000_000)
    wrong = refused(lambda: bridge.ask(name, 5_000_000, 5_500_000))
    assert wrong.code == "FAILED_PRECONDITION"
    assert "ends at 5300000000 ns, before 5500000000 ns" in wrong.text


def test_without_lockstep_the_newest_plan_holds(bridges: Callable[..., Bridge]) -> None:
    bridge = bridges(lockstep=False)
    bridge.stack.late_ns = 40_000_000
    name = bridge.start()
    bridge.pose(name, 5_000_000)
    assert bridge.ask(name, 5_000_000).trajectory.poses[-1].timestamp_us == 8_960_000


def test_before_the_first_pose_the_plan_is_empty(bridge: Bridge) -> None:
    name = bridge.start()
    assert not bridge.ask(name, 5_000_000).trajectory.poses


def test_a_session_that_is_closed_ends_its_drive(bridge: Bridge) -> None:
    name = bridge.start()
    bridge.stack.mute = True
    bridge.pose(name, 5_000_000)
    timer = threading.Timer(0.3, lambda: bridge.end(name))
    timer.start()
    wrong = refused(lambda: bridge.ask(name, 5_000_000))
    timer.join()
    assert (wrong.code, "session was closed" in wrong.text) == ("ABORTED", True)


def test_sessions_are_one_at_a_time(bridge: Bridge) -> None:
    name = bridge.start("first")
    for other, code in (("second", "RESOURCE_EXHAUSTED"), ("first", "ALREADY_EXISTS")):
        assert refused(lambda other=other: bridge.start(other)).code == code
    bridge.end(name)
    assert refused(lambda: bridge.end(name)).text == "the session 'first' is over"
    bridge.start("second")


def test_bad_requests_are_answered_with_their_status_and_a_sentence(bridge: Bridge) -> None:
    assert refused(lambda: bridge.ask("nobody", 1)).code == "NOT_FOUND"
    odd = declared()
    odd.intrinsics.ClearField("camera_param")
    for call, words in (
        (lambda: bridge.start("x" * 300), "session_uuid must have 1 to 200"),
        (lambda: bridge.start("a", camera=odd), "camera 'front@a': camera_intrinsics must hold"),
        (lambda: bridge.start("a", camera=declared(logical_id="@")), "neither letter nor digit"),
    ):
        wrong = refused(call)
        assert (wrong.code, words in wrong.text) == ("INVALID_ARGUMENT", True), wrong.text
    assert refused(lambda: bridge.start("a", revision="9")).code == "FAILED_PRECONDITION"
    name = bridge.start()
    for call, words in (
        (lambda: bridge.image(name, 5_000_000, b"no image"), "neither JPEG nor PNG"),
        (lambda: bridge.image(name, 5_000_000, _JPEG[:9]), "neither JPEG nor PNG"),
        (lambda: bridge.image(name, 5_000_000, camera="rear"), "'rear' was not declared"),
        (lambda: bridge.pose(name, 5_000_000, x=math.nan), "not finite"),
        (lambda: bridge.pose(name, 1 << 60), "lies outside what a ROS stamp can hold"),
        (lambda: bridge.ask(name, 5_000_000, 4_000_000), "lies before time_now_us"),
    ):
        wrong = refused(call)
        assert (wrong.code, words in wrong.text) == ("INVALID_ARGUMENT", True), wrong.text
    bridge.pose(name, 5_000_000)
    bridge.image(name, 5_000_000)
    bridge.image(name, 5_000_000)
    assert bridge.ask(name, 5_000_000).trajectory.poses, "it drives on after all that"
    bridge.end(name)
    assert bridge.calls.ended[-1].counts["images_repeated"] == 1


def test_without_a_stack_a_session_is_refused_in_words(bridges: Callable[..., Bridge]) -> None:
    bridge = bridges(deadlines=DriverDeadlines(0.5, 1.0, 1.0))
    bridge.stack.destroy_publisher(bridge.stack._plan)
    bridge.stack.destroy_publisher(bridge.stack._command)
    eventually(lambda: bridge.node.count_publishers("plan") == 0)
    wrong = refused(bridge.start)
    assert wrong.code == "UNAVAILABLE"
    assert "nobody publishes /plan or /command/ackermann" in wrong.text
    assert refused(bridge.start).code == "UNAVAILABLE", "the stack is free again"
