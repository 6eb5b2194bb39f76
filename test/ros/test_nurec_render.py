"""What nurec_render asks for, what it does when a camera fails, and novel views."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage
from tf2_msgs.msg import TFMessage

from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, invert, matrix_from_xyz_rpy
from carla_nurec_bridge.core.lockstep.latency import Latency
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.nurec.client.replies import ImageReply, Replies
from carla_nurec_bridge.nurec.client.requests import ImageFormat
from carla_nurec_bridge.ros.messages.convert import header, pose_message, transform_message
from carla_nurec_bridge.ros.nurec.novel_view import FRAME, NovelView, view_camera
from carla_nurec_bridge.ros.nurec.render_step import RenderStep
from carla_nurec_bridge.ros.nurec.sensor_renderer import SensorRenderer
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.runs.config import checked_config
from carla_nurec_bridge.runs.graph import NUREC_SERVER, server_processes

pytestmark = pytest.mark.ros

_MS = 1_000_000
RIG = load_rig("demo")
MAP_FROM_WORLD = matrix_from_xyz_rpy((100.0, 50.0, 3.0), (0.0, 0.02, 1.0))
SCENE: Any = SimpleNamespace(
    scene_id="s", time_range_us=(1_000_000, 3_000_000), map_from_world=MAP_FROM_WORLD
)


def _pose(x: float, yaw: float = 0.0) -> Any:
    return matrix_from_xyz_rpy((x, 0.0, 0.0), (0.0, 0.0, yaw))


def test_exposures_are_half_open_instants_and_within_the_scene() -> None:
    step = RenderStep(SCENE)
    window = step.window(2_000 * _MS, 30 * _MS)
    assert (window.start_us, window.end_us, window.clamped) == (1_970_000, 2_000_000, False)
    instant = step.window(2_000 * _MS, 0)
    assert (instant.start_us, instant.end_us, instant.clamped) == (1_999_999, 2_000_000, False)
    early = step.window(1_010 * _MS, 30 * _MS)
    assert (early.start_us, early.end_us, early.clamped) == (1_000_000, 1_010_000, True)
    late = step.window(3_500 * _MS, 30 * _MS)
    assert (late.start_us, late.end_us, late.clamped) == (2_999_999, 3_000_000, True)
    outside = step.window(3_500 * _MS, 0)
    assert (outside.start_us, outside.end_us, outside.clamped) == (2_999_999, 3_000_000, True)


def test_poses_are_those_at_shutter_open_and_close() -> None:
    step = RenderStep(SCENE)
    step.observe(1_950 * _MS, _pose(10.0), {"car": _pose(20.0)})
    step.observe(2_000 * _MS, _pose(11.0, 0.1), {"car": _pose(22.0)})
    camera = replace(RIG.cameras[0], ego_mask="hyperion_8_1", image_format="png", quality=80.0)
    window = step.window(2_000 * _MS, 30 * _MS)
    request = step.camera(camera, window)
    opened = MAP_FROM_WORLD @ request.world_from_camera_start @ invert(camera.rig_from_camera)
    closed = MAP_FROM_WORLD @ request.world_from_camera_end @ invert(camera.rig_from_camera)
    assert opened == pytest.approx(_pose(10.4, 0.04), abs=1e-9)
    assert closed == pytest.approx(_pose(11.0, 0.1), abs=1e-9)
    assert request.image_format is ImageFormat.PNG
    assert request.quality == 80.0
    assert request.ego_mask is not None
    assert request.ego_mask.camera_logical_id == camera.logical_id
    (actor,) = step.actors(window)
    assert MAP_FROM_WORLD @ actor.world_from_box_start == pytest.approx(_pose(20.8), abs=1e-9)
    view = step.view(camera, _pose(5.0) @ BODY_FROM_OPTICAL, window)
    assert view.ego_mask is None
    assert np.array_equal(view.world_from_camera_start, view.world_from_camera_end)


class _Client:
    """Answers every request but those of the cameras that fail."""

    def __init__(self, failing: str, *, editing: bool | None = True) -> None:
        self.failing = failing
        self.capabilities = SimpleNamespace(editing=editing)
        self.actors: list[int] = []
        self.events: list[str] = []

    def start(self, _scene: str, cameras: Any, lidars: Any, actors: Any) -> Any:
        self.actors.append(len(actors))
        what = "images" if cameras else "sweep"
        self.events.append(f"{what} asked")

        def replies() -> Replies:
            self.events.append(f"{what} awaited")
            return self._replies(cameras, lidars)

        return SimpleNamespace(replies=replies)

    def render(self, scene: str, cameras: Any, lidars: Any, actors: Any) -> Replies:
        replies: Replies = self.start(scene, cameras, lidars, actors).replies()
        return replies

    def _replies(self, cameras: Any, lidars: Any) -> Replies:
        clouds = tuple(
            SimpleNamespace(points_m=None, error=f"{lidar.name}: no") for lidar in lidars
        )
        images = tuple(
            ImageReply(c, None, f"{c.name}: NOT_FOUND: no such camera")
            if c.name == self.failing
            else ImageReply(c, b"picture")
            for c in cameras
        )
        return Replies(images, clouds)  # type: ignore[arg-type]


def rendered(renderer: SensorRenderer, client: Any, frame: int, stamp_ns: int) -> list[str]:
    asked = renderer.ask(client, frame, stamp_ns)
    renderer.deliver(asked)
    while renderer.publish(asked):
        pass
    return asked.errors


def test_a_camera_that_fails_is_counted_and_leaves_the_others_alone() -> None:
    shown: list[str] = []
    publisher: Any = SimpleNamespace(image=lambda camera, *_: shown.append(camera.name))
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, RenderStep(SCENE), publisher)
    renderer.observe(1_950 * _MS, _pose(0.0), {"car": _pose(3.0)})
    client: Any = _Client("cross_left_120fov")
    errors = rendered(renderer, client, 1, 1_950 * _MS)
    assert errors == ["cross_left_120fov: NOT_FOUND: no such camera"]
    assert shown == ["front_wide_120fov", "cross_right_120fov"]
    assert renderer.failed == {"cross_left_120fov": 1}
    assert client.actors == [1]
    rendered(renderer, client, 2, 2_000 * _MS)
    assert renderer.failed == {"cross_left_120fov": 2, "top": 1}


def test_a_sweep_is_asked_for_before_the_images_are_waited_for() -> None:
    publisher: Any = SimpleNamespace(image=lambda *_: client.events.append("image published"))
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, RenderStep(SCENE), publisher)
    renderer.observe(1_950 * _MS, _pose(0.0), {})
    client: Any = _Client("")
    renderer.observe(2_000 * _MS, _pose(0.1), {})
    rendered(renderer, client, 2, 2_000 * _MS)
    images = ["image published"] * 3
    assert client.events == [
        *("images asked", "sweep asked", "images awaited", *images, "sweep awaited")
    ]


def test_what_was_under_way_goes_out_before_the_pictures_of_its_frame_are_there() -> None:
    publisher: Any = SimpleNamespace(image=lambda *_: client.events.append("image published"))
    latency = Latency(50 * _MS)
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, RenderStep(SCENE), publisher, latency)
    client: Any = _Client("")
    renderer.observe(1_950 * _MS, _pose(0.0), {})
    assert rendered(renderer, client, 1, 1_950 * _MS) == []
    assert renderer.under_way == 3
    renderer.observe(2_000 * _MS, _pose(0.1), {})
    asked = renderer.ask(client, 2, 2_000 * _MS)
    client.events.clear()
    renderer.deliver(asked)
    assert client.events == ["image published"] * 3


def test_a_part_that_cannot_be_published_is_not_forgotten() -> None:
    def refuse(*_: Any) -> None:
        raise ProtocolError("no picture")

    publisher: Any = SimpleNamespace(image=refuse)
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, RenderStep(SCENE), publisher)
    renderer.observe(1_950 * _MS, _pose(0.0), {})
    client: Any = _Client("")
    asked = renderer.ask(client, 1, 1_950 * _MS)
    for _ in range(2):  # whoever swallows the first one hears it again
        with pytest.raises(ProtocolError, match="no picture"):
            renderer.publish(asked)
    assert len(asked.parts) == 1


def test_a_server_without_editing_is_sent_no_actors() -> None:
    publisher: Any = SimpleNamespace(image=lambda *_: None)
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, RenderStep(SCENE), publisher)
    renderer.observe(1_950 * _MS, _pose(0.0), {"car": _pose(3.0)})
    client: Any = _Client("", editing=False)
    rendered(renderer, client, 1, 1_950 * _MS)
    assert client.actors == [0]


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    rclpy.init(context=made)
    yield made
    made.try_shutdown()


def _spin(executor: SingleThreadedExecutor, done: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not done() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.05)
    assert done()


def test_a_pose_in_any_frame_becomes_a_picture(context: Context) -> None:
    node, user = Node("nurec_render", context=context), Node("user", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    executor.add_node(user)
    view = NovelView(node, RIG.cameras[0])
    step = RenderStep(SCENE)
    step.observe(2_000 * _MS, _pose(0.0), {})
    publisher: Any = SimpleNamespace()
    renderer = SensorRenderer(SCENE, RIG, 50 * _MS, step, publisher)
    client: Any = _Client("")
    assert renderer.render_view(client, view) == ""  # nobody has asked

    pictures: list[CompressedImage] = []
    infos: list[CameraInfo] = []
    seen: list[PoseStamped] = []
    sensor, topic = profile("sensor"), "/nurec_render/novel_view/"
    user.create_subscription(
        CompressedImage, topic + "image_raw/compressed", pictures.append, sensor
    )
    user.create_subscription(CameraInfo, topic + "camera_info", infos.append, sensor)
    user.create_subscription(PoseStamped, topic + "camera_pose", seen.append, sensor)
    poses = user.create_publisher(PoseStamped, topic + "pose", sensor)
    frames = user.create_publisher(TFMessage, "/tf_static", profile("tf_static"))
    map_from_mast = matrix_from_xyz_rpy((7.0, 8.0, 9.0), (0.0, 0.0, 0.5))
    frames.publish(TFMessage(transforms=[transform_message(map_from_mast, "map", "mast", 0)]))
    _spin(executor, lambda: poses.get_subscription_count() > 0)
    _spin(executor, lambda: view._tree._edges.keys() >= {"mast"})
    mast_from_view = matrix_from_xyz_rpy((1.0, 0.0, 0.0), (0.0, 0.3, 0.0))
    asked = PoseStamped(header=header(0, "mast"), pose=pose_message(mast_from_view))
    poses.publish(asked)
    _spin(executor, lambda: view.wanted == 1)
    assert renderer.render_view(client, view) == ""
    _spin(executor, lambda: bool(pictures and infos and seen))
    assert bytes(pictures[0].data) == b"picture"
    assert pictures[0].header.frame_id == infos[0].header.frame_id == FRAME
    position = seen[0].pose.position
    wanted = (map_from_mast @ mast_from_view)[:3, 3]
    assert (position.x, position.y, position.z) == pytest.approx(wanted)

    asked.header.frame_id = "moon"
    poses.publish(asked)
    _spin(executor, lambda: view.wanted == 2)
    assert "no transform connects 'moon' with 'map'" in renderer.render_view(client, view)
    assert renderer.failed == {"novel_view": 1}
    executor.shutdown()
    for each in (node, user):
        each.destroy_node()


def test_the_camera_of_novel_views_is_found_by_name() -> None:
    assert view_camera(RIG, "", "") is RIG.cameras[0]
    found = view_camera(RIG, "cross_left_120fov", "demo")
    assert found is not None
    assert found.name == "cross_left_120fov"
    with pytest.raises(InputError, match="'carla_front' is no NuRec camera.*front_wide_120fov"):
        view_camera(RIG, "carla_front", "")


@pytest.mark.parametrize(
    ("mode", "words"), [("embedded", ["serve"]), ("container", ["container"]), ("external", [])]
)
def test_the_graph_starts_nurec_as_asked(mode: str, words: list[str], tmp_path: Path) -> None:
    scene = tmp_path / "scene.usdz"
    write_archive(scene, {})
    values = {"nurec_mode": mode, "scene": scene, "embedded_carla": False}
    found = [p for p in server_processes(checked_config(values, "test")) if p.name == NUREC_SERVER]
    assert [p.argv[4] for p in found] == words
    if found:
        assert found[0].argv[found[0].argv.index("--scene") + 1] == str(scene)
