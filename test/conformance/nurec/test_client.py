"""The client against servers of every kind: ours, old ones, broken ones, none."""

import dataclasses
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest

from carla_nurec_bridge.core.errors import DeadlineError, InputError, ProtocolError
from carla_nurec_bridge.nurec.client import connection
from carla_nurec_bridge.nurec.client.client import Deadlines, NurecClient
from carla_nurec_bridge.nurec.client.instant import InstantRenderer
from carla_nurec_bridge.nurec.client.requests import ActorMotion, CameraRequest, LidarRequest
from carla_nurec_bridge.nurec.stubs import common_pb2 as common
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim

OLD = "sensorsim.SensorsimService"
ODD_BYTES = bytes(range(256)) * 3


@pytest.fixture
def cameras(rig, world):
    return [
        CameraRequest(
            camera.name,
            camera.logical_id,
            camera.model,
            camera.shutter,
            camera.rig_from_camera,
            camera.rig_from_camera,
            world.start_us,
            world.start_us + 30_000,
        )
        for camera in rig.cameras[:3]
    ]


@pytest.fixture
def sweep(rig, world):
    mount = rig.lidars[0].rig_from_lidar
    return LidarRequest("top", "AT128", mount, mount, world.start_us, world.start_us + 100_000)


def test_the_first_image_of_a_lens_may_take_long(server, scene, cameras, sweep):
    """A server makes ready for each lens and size; 1080p behind glass takes it seconds."""
    deadlines = Deadlines(call_s=50.0, first_render_s=70.0)
    limits = []
    with NurecClient(f"127.0.0.1:{server.port}", deadlines) as client:

        def noted(method, request, limit_s, scene_id):
            limits.append(limit_s)
            return client._start(method, request, limit_s, scene_id)

        renderer = InstantRenderer(noted, deadlines)
        first, second, third = cameras
        large = dataclasses.replace(first, size=(96, 54))
        ghost = dataclasses.replace(third, logical_id="ghost")
        for asked, swept in (
            *(([first], []), ([first], []), ([large], []), ([first, second], []), ([second], [])),
            *(([ghost], []), ([ghost], []), ([], [sweep]), ([], [sweep])),
            *(([first, ghost], []), ([ghost], [])),
        ):
            renderer.start(client.capabilities, scene.scene_id, asked, swept, []).replies()
    assert limits == [70, 50, 70, 70, 50, 70, 70, 70, 50, 70, 50]


def old_server(methods, service=OLD):
    """Start a gRPC server with just these methods: name -> (request type, function)."""
    server = grpc.server(ThreadPoolExecutor(4))
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            function,
            request_deserializer=request.FromString,
            response_serializer=lambda reply: reply.SerializeToString(),
        )
        for name, (request, function) in methods.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


def get_version(request, context):
    return common.VersionId(version_id="old")


def test_render_of_a_step_with_lidar_and_actors(server, scene, cameras, sweep):
    pose = np.eye(4)
    pose[:3, 3] = [9.0, 1.0, 0.8]
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        assert client.scenes() == (scene.scene_id,)
        assert client.capabilities.batches
        offered = client.cameras(scene.scene_id)
        replies = client.render(
            scene.sequence_id, cameras, [sweep], [ActorMotion("mover", pose, pose)]
        )
    assert [(c.logical_id, c.optics, c.size, c.shutter) for c in offered] == [
        (camera.logical_id, "ftheta", (640, 360), "ROLLING_TOP_TO_BOTTOM") for camera in cameras
    ]
    assert replies.errors == ()
    assert [image.name for image in replies.images] == [camera.name for camera in cameras]
    assert all(image.image.startswith(b"\xff\xd8") for image in replies.images)
    (cloud,) = replies.clouds
    assert cloud.points_m.shape == (len(cloud.intensities), 3)
    assert len(cloud.points_m) > 10_000


def test_one_bad_camera_leaves_the_others_alone(server, scene, cameras, sweep):
    cameras[1] = dataclasses.replace(cameras[1], logical_id="eye")
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        replies = client.render(scene.scene_id, cameras, [sweep])
    assert [image.error is None for image in replies.images] == [True, False, True]
    assert replies.images[1].error.startswith("cross_left_120fov: NOT_FOUND")
    assert replies.clouds[0].error is None


def test_an_old_server_is_called_by_its_name_and_one_by_one(cameras, sweep):
    seen = []

    def render_rgb(request, context):
        seen.append(request.camera_intrinsics.logical_id)
        if "left" in seen[-1]:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "GPU full")
        return sensorsim.RGBRenderReturn(image_bytes=ODD_BYTES)

    def render_lidar(request, context):
        return sensorsim.LidarRenderReturn(point_xyzs=[1, 2, 3, 4, 5, 6])

    server, target = old_server(
        {
            "get_version": (common.Empty, get_version),
            "render_rgb": (sensorsim.RGBRenderRequest, render_rgb),
            "render_lidar": (sensorsim.LidarRenderRequest, render_lidar),
        }
    )
    try:
        with NurecClient(target) as client:
            assert client.connection.service == OLD
            assert not client.capabilities.batches
            replies = client.render("scene", cameras, [sweep])
    finally:
        server.stop(None)
    assert sorted(seen) == sorted(camera.logical_id for camera in cameras)
    assert replies.images[0].image == ODD_BYTES
    assert replies.images[1].error == "cross_left_120fov: RESOURCE_EXHAUSTED: GPU full"
    assert replies.clouds[0].points_m.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert replies.clouds[0].intensities is None


@pytest.mark.parametrize(("setting", "sent"), [("false", 0), ("True", 1)])
def test_actors_go_only_to_servers_that_take_them(cameras, setting, sent):
    seen = []

    def render_rgb(request, context):
        seen.append(len(request.dynamic_objects))
        return sensorsim.RGBRenderReturn(image_bytes=b"x")

    def config(request, context):
        return sensorsim.ServerConfig(server_config={"--enable-editing-actors": setting})

    server, target = old_server(
        {
            "get_version": (common.Empty, get_version),
            "get_server_config": (common.Empty, config),
            "render_rgb": (sensorsim.RGBRenderRequest, render_rgb),
        }
    )
    try:
        with NurecClient(target) as client:
            actor = ActorMotion("mover", np.eye(4), np.eye(4))
            assert client.render("scene", cameras[:1], (), [actor]).errors == ()
            assert client.capabilities.generation == "D"
    finally:
        server.stop(None)
    assert seen == [sent]


def test_the_first_render_may_take_long_and_later_ones_may_not(cameras):
    naps = iter([1.5, 1.5])

    def render_rgb(request, context):
        time.sleep(next(naps))
        return sensorsim.RGBRenderReturn(image_bytes=b"x")

    server, target = old_server(
        {
            "get_version": (common.Empty, get_version),
            "render_rgb": (sensorsim.RGBRenderRequest, render_rgb),
        }
    )
    try:
        with NurecClient(target, Deadlines(call_s=1.0, first_render_s=60.0)) as client:
            first = client.render("scene", cameras[:1])
            second = client.render("scene", cameras[:1])
    finally:
        server.stop(None)
    assert first.errors == ()
    assert second.errors[0].startswith("front_wide_120fov: DEADLINE_EXCEEDED")


def test_calls_under_way_at_once_have_the_time_of_all(cameras, sweep):
    """A server that draws one after the other has as long for each as if it were asked so."""
    left_s = {}
    all_came = threading.Barrier(4)

    def render(reply):
        def held(request, context):
            left_s[request.scene_id, request.DESCRIPTOR.name] = context.time_remaining()
            if request.scene_id != "alone":
                all_came.wait(60.0)
            return reply

        return held

    drawn = sensorsim.RGBRenderReturn(image_bytes=b"x")
    server, target = old_server(
        {
            "get_version": (common.Empty, get_version),
            "render_rgb": (sensorsim.RGBRenderRequest, render(drawn)),
            "render_lidar": (sensorsim.LidarRenderRequest, render(sensorsim.LidarRenderReturn())),
        }
    )
    try:
        with NurecClient(target, Deadlines(call_s=1000.0, first_render_s=1000.0)) as client:
            under_way = [
                client.start("one", cameras[:1]),
                client.start("two", (), [sweep]),
                client.start("three", cameras[:1], [sweep]),
            ]
            assert [pending.replies().errors for pending in under_way] == [(), (), ()]
            assert client.render("alone", cameras[:1]).errors == ()
    finally:
        server.stop(None)
    assert {key: round(s / 1000.0) for key, s in left_s.items()} == {
        ("one", "RGBRenderRequest"): 1,
        ("two", "LidarRenderRequest"): 2,
        ("three", "RGBRenderRequest"): 4,
        ("three", "LidarRenderRequest"): 4,
        ("alone", "RGBRenderRequest"): 1,
    }


def test_a_cloud_that_does_not_add_up_is_an_error(sweep):
    def render_lidar(request, context):
        return sensorsim.LidarRenderReturn(num_points=3, point_xyzs_buffer=b"\0" * 24)

    server, target = old_server(
        {
            "get_version": (common.Empty, get_version),
            "render_lidar": (sensorsim.LidarRenderRequest, render_lidar),
        }
    )
    try:
        with NurecClient(target) as client:
            (cloud,) = client.render("scene", [], [sweep]).clouds
    finally:
        server.stop(None)
    assert cloud.error == "top: NuRec announced 3 points and sent 6 coordinates"


def test_nothing_there(monkeypatch, caplog):
    monkeypatch.setattr(connection, "_TOLD_AFTER_S", 0.05)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(DeadlineError, match=f"no NuRec server answered at {target} within"):
            NurecClient(target, Deadlines(connect_s=0.5))
    (told,) = caplog.messages
    assert told == f"no NuRec server answers at {target} yet; it is waited for up to 0.5 s"


def test_something_else_there():
    server, target = old_server({"hello": (common.Empty, get_version)}, "other.Service")
    try:
        with pytest.raises(ProtocolError, match="it is no NuRec render server"):
            NurecClient(target)
    finally:
        server.stop(None)


@pytest.mark.parametrize("target", ["192.0.2.7:46435", "nurec.example.org:46435"])
def test_other_machines_need_permission(target):
    with pytest.raises(InputError, match="not encrypted"):
        NurecClient(target)


@pytest.mark.parametrize("target", ["localhost", "localhost:0", ":46435", "localhost:http"])
def test_targets_are_host_and_port(target):
    with pytest.raises(InputError, match="HOST:PORT"):
        NurecClient(target)


def test_an_empty_frame_is_refused_before_it_is_sent(server, scene, cameras):
    cameras[0] = dataclasses.replace(cameras[0], end_us=cameras[0].start_us)
    with (
        NurecClient(f"127.0.0.1:{server.port}") as client,
        pytest.raises(InputError, match="front_wide_120fov: the frame .* is empty"),
    ):
        client.render(scene.scene_id, cameras)
