"""Clients and servers of every generation of the contract, from texts of their own.

``contracts/`` holds each generation's definitions, written apart from the package's. Their message
classes live in descriptor pools of their own, so that nothing of the package's stubs is used.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import cv2
import grpc
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.rig.lidar import LidarFilter, lidar_pattern
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    ImageFormat,
    LidarRequest,
)
from carla_nurec_bridge.nurec.client.service import CHANNEL_OPTIONS
from carla_nurec_bridge.nurec.editing import Replacement, inserted
from carla_nurec_bridge.nurec.stubs import common_pb2
from carla_nurec_bridge.scene.package.calibration import calibrated

NEW, OLD = "nre.grpc.protos.sensorsim.SensorsimService", "sensorsim.SensorsimService"
NEXT = "nurec.grpc.protos.sensorsim.SensorsimService"
PATHS = {"a": OLD, "b": NEW, "c": NEW, "d": NEW, "e": NEXT}
COUNTS = {"a": 8, "b": 8, "c": 10, "d": 14, "e": 17}


@pytest.fixture(scope="module")
def lists_channel(serve):
    """Return a channel to a server started for clients that read lists, as B's do."""
    with (
        serve(lidar_lists=True) as running,
        grpc.insecure_channel(f"127.0.0.1:{running.port}", options=CHANNEL_OPTIONS) as opened,
    ):
        yield opened


@pytest.fixture(params=PATHS)
def generation(request):
    return request.param


@pytest.fixture
def old_client(contracts, channel, lists_channel, generation):
    """Return a caller of the embedded server as a client of the generation."""
    contract = contracts[generation]
    reached = lists_channel if generation == "b" else channel

    def call(name, **fields):
        return contract.call(reached, name, **fields)

    return call


@pytest.fixture
def restricted(contracts, channel, lists_channel, generation):
    """Return the target of a server that is the embedded one without all that is newer."""
    behind = channel if generation in "cde" else lists_channel
    server = grpc.server(ThreadPoolExecutor(4), options=CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers((contracts[generation].handlers(behind),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def test_the_texts_are_those_generations(contracts, generation):
    contract = contracts[generation]
    assert contract.path == PATHS[generation]
    assert len(contract.methods) == COUNTS[generation]


def test_an_old_client_sees_the_scene(old_client, scene, world):
    assert "embedded" in old_client("get_version").version_id
    assert list(old_client("get_available_scenes").scene_ids) == [scene.scene_id]
    cameras = old_client("get_available_cameras", scene_id=scene.scene_id).available_cameras
    assert [camera.logical_id for camera in cameras] == [c.logical_id for c in scene.cameras]
    (way,) = old_client(
        "get_available_trajectories", scene_id=scene.scene_id
    ).available_trajectories
    assert way.trajectory.poses[0].timestamp_us == world.start_us
    assert not old_client("get_available_ego_masks").ego_mask_metadata


def picture_fields(scene, camera, world):
    """Return the fields of a request as CARLA 0.9.16 fills them: one pose, one microsecond."""
    return {
        "scene_id": scene.sequence_id,
        "resolution_h": 90,
        "resolution_w": 160,
        "camera_intrinsics": camera.intrinsics,
        "frame_start_us": world.start_us,
        "frame_end_us": world.start_us + 1,
        "sensor_pose": {"start_pose": camera.rig_to_camera, "end_pose": camera.rig_to_camera},
        "dynamic_objects": [
            {
                "track_id": "mover",
                "pose_pair": {
                    "start_pose": {"vec": {"x": 9.0, "z": 0.8}},
                    "end_pose": {"vec": {"x": 9.0, "z": 0.8}},
                },
            }
        ],
        "image_format": 1,
        "image_quality": 95.0,
    }


def test_an_old_client_gets_pictures_and_points(old_client, generation, scene, world):
    camera = old_client("get_available_cameras", scene_id=scene.scene_id).available_cameras[0]
    fields = picture_fields(scene, camera, world)
    data = old_client("render_rgb", **fields).image_bytes
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (90, 160, 3)
    assert image.std() > 30
    if generation in "cde":
        items = [{"camera_name": name, "request": fields} for name in "xy"]
        reply = old_client("batch_render_rgb", items=items)
        assert [(i.camera_name, i.success) for i in reply.items] == [("x", True), ("y", True)]
        assert reply.items[1].result.image_bytes == data
    sweep = {
        "scene_id": scene.scene_id,
        "lidar_config": {"lidar_type": 1},
        "frame_start_us": world.start_us,
        "frame_end_us": world.start_us + 100_000,
        "sensor_pose": {"start_pose": {"vec": {"z": 2.0}}, "end_pose": {"vec": {"z": 2.0}}},
    }
    cloud = old_client("render_lidar", **sweep)
    if generation in "cde":
        points = np.frombuffer(cloud.point_xyzs_buffer, "<f4").reshape(-1, 3)
        assert cloud.num_points == len(points)
    else:
        points = np.array(cloud.point_xyzs).reshape(-1, 3)
        assert len(cloud.point_intensities) == len(points)
    assert len(points) > 10_000
    if generation == "c":
        both = old_client("render_aggregated", rgb_requests=[fields], lidar_requests=[sweep])
        assert both.rgb_returns[0].image_bytes == data
        assert both.lidar_returns[0].point_xyzs_buffer == cloud.point_xyzs_buffer
        loaded = old_client("get_loaded_scenes")
        assert [entry.scene_id for entry in loaded.scenes] == [scene.scene_id]


def test_our_client_finds_out_who_answers(restricted, generation):
    with NurecClient(restricted) as client:
        found = client.capabilities
        assert client.connection.service == PATHS[generation]
        assert client.health() == "UNKNOWN"
    assert found.generation == generation.upper()
    assert found.batches == (generation in "cde")
    assert found.editing is (True if generation in "de" else None)


def test_our_client_knows_the_whole_server(server):
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        assert client.capabilities.generation == "C+E"
        assert client.health() == "SERVING"


def test_our_client_renders_on_every_generation(restricted, generation, rig, scene, world):
    cameras = [
        CameraRequest(
            c.name,
            c.logical_id,
            c.model,
            c.shutter,
            c.rig_from_camera,
            c.rig_from_camera,
            world.start_us,
            world.start_us + 30_000,
            size=(160, 90),
            image_format=ImageFormat.PNG,
        )
        for c in rig.cameras[:2]
    ]
    pinhole = OpenCVPinholeCamera.from_fov(160, 90, 80.0)
    cameras.insert(1, dataclasses.replace(cameras[0], name="pinhole", model=pinhole))
    mount = rig.lidars[0].rig_from_lidar
    sweep = LidarRequest("top", "AT128", mount, mount, world.start_us, world.start_us + 100_000)
    smooth = dataclasses.replace(sweep, filter=LidarFilter(0.5, 0.8, distance_threshold=0.005))
    pose = np.eye(4)
    pose[:3, 3] = [9.0, 1.0, 0.8]
    with NurecClient(restricted) as client:
        replies = client.render(
            scene.scene_id, cameras, [sweep, smooth], [ActorMotion("mover", pose, pose)]
        )
    assert [image.name for image in replies.images] == [c.name for c in cameras]
    front, middle, left = replies.images
    assert front.error is None
    assert left.error is None
    if generation in "ab":
        assert "has no parameters for pinhole cameras" in middle.error
    else:
        assert middle.error is None
    plain, filtered = replies.clouds
    assert len(plain.points_m) == len(plain.intensities) > 10_000
    if generation in "de":
        assert 0 < len(filtered.points_m) < len(plain.points_m)
    else:
        assert "top: a NuRec server of generation" in filtered.error
        assert "knows no lidar filter" in filtered.error


def test_editing_is_there_or_named_as_missing(restricted, generation, scene):
    with NurecClient(restricted) as client:
        if generation not in "de":
            with pytest.raises(ProtocolError, match="edit_assets: UNIMPLEMENTED"):
                client.edit(scene.scene_id, [Replacement("mover", "vehicle.carlamotors.firetruck")])
            return
        try:
            client.edit(
                scene.scene_id,
                [Replacement("mover", "vehicle.carlamotors.firetruck")],
                [inserted("child", "walker.pedestrian.0048")],
            )
            tracks = {track.track_id: track for track in client.dynamic_objects(scene.scene_id)}
            assert tracks["mover"].asset_id == "vehicle.carlamotors.firetruck"
            assert tracks["child"].label_class == "walker"
        finally:
            client.restore(scene.scene_id)
        assert [t.track_id for t in client.dynamic_objects(scene.scene_id)] == ["mover"]


def test_rays_are_told_where_a_server_tells_them(server, restricted, rig, scene, world):
    """The beams of a device are known: each point's own elevation must be its ring's."""
    lidar, mount = "PANDAR128", rig.lidars[0].rig_from_lidar
    asked = LidarRequest(
        "top", lidar, mount, mount, world.start_us, world.start_us + 100_000, rays=True
    )
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        (cloud,) = client.render(scene.scene_id, [], [asked]).clouds
        (plain,) = client.render(
            scene.scene_id, [], [dataclasses.replace(asked, rays=False)]
        ).clouds
    assert plain.rings is None
    assert np.array_equal(plain.points_m, cloud.points_m)
    pattern = lidar_pattern(lidar)
    row = pattern.rows - 1 - cloud.rings.astype(int)
    column = np.rint(cloud.times * (pattern.columns - 1)).astype(int)
    seen = cloud.points_m / np.linalg.norm(cloud.points_m, axis=1, keepdims=True)
    assert np.abs(seen - pattern.directions[row, column]).max() < 1e-5
    with NurecClient(restricted) as client:
        (refused,) = client.render(scene.scene_id, [], [asked]).clouds
    assert "does not tell which beam measured a point" in refused.error


@pytest.fixture
def next_target(contracts, channel):
    """Return the target of a server of the next generation: another name, another batch call."""
    contract = contracts["d"]

    class Next(grpc.GenericRpcHandler):
        def service(self, call):
            service, _, name = call.method.lstrip("/").rpartition("/")
            if service != NEXT or name == "batch_render_rgb":
                return None
            if name == "batch_render_camera":
                return grpc.unary_unary_rpc_method_handler(lambda request, _: request)
            old = f"/{contract.path}/{name}"
            behind = channel.unary_unary(old)

            def answer(message, context):
                try:
                    return behind(message)
                except grpc.RpcError as error:
                    context.abort(error.code(), error.details())

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(ThreadPoolExecutor(4), options=CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers((Next(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def test_the_next_generation_is_a_render_server_too(next_target, rig, scene, world, capsys):
    front = rig.cameras[0]
    pictures = [
        CameraRequest(
            name,
            front.logical_id,
            front.model,
            front.shutter,
            front.rig_from_camera,
            front.rig_from_camera,
            world.start_us,
            world.start_us + 30_000,
            size=(160, 90),
            image_format=ImageFormat.PNG,
        )
        for name in ("one", "two")
    ]
    with NurecClient(next_target) as client:
        assert client.connection.service == NEXT
        found = client.capabilities
        assert "E" in found.generation
        assert (found.batches, found.new_batches, found.knows_assets) == (False, True, True)
        one, two = client.render(scene.scene_id, pictures, [], []).images
        assert one.error is two.error is None
    assert main(["nurec", "info", next_target]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert NEXT in told
    assert "no (batch_render_camera is not public)" in told


def test_a_server_is_known_by_every_name(server, scene):
    for service in (NEW, OLD, NEXT):
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            asked = channel.unary_unary(
                f"/{service}/get_available_scenes",
                response_deserializer=common_pb2.AvailableScenesReturn.FromString,
            )
            assert list(asked(b"").scene_ids) == [scene.scene_id]


def test_a_camera_goes_by_its_full_name_too(server, rig, scene, world, tmp_path):
    """`NAME@SEQUENCE` is the key of a package's `rig_trajectories.json`."""
    front = rig.cameras[0]
    full = f"{front.logical_id}@{scene.sequence_id}"
    asked = CameraRequest(
        "front",
        full,
        front.model,
        front.shutter,
        front.rig_from_camera,
        front.rig_from_camera,
        world.start_us,
        world.start_us + 30_000,
        size=(160, 90),
    )
    other = dataclasses.replace(asked, logical_id=f"{front.logical_id}@another-sequence")
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        (picture,) = client.render(scene.scene_id, [asked], [], []).images
        assert picture.error is None
        (refused,) = client.render(scene.scene_id, [other], [], []).images
        assert "has no camera" in refused.error
    command = ["nurec", "render", "--port", str(server.port), "--camera-id", full, "--height", "90"]
    assert main([*command, "--frame-step", "30", "-o", str(tmp_path)]) == 0
    assert len(list((tmp_path / front.logical_id).iterdir())) == 1
    renamed = dataclasses.replace(front, logical_id=full)
    (same,) = calibrated(dataclasses.replace(rig, cameras=(renamed,)), scene).cameras
    assert same.logical_id == front.logical_id


def test_a_server_that_tells_its_version_alone_is_shown_as_that(capsys):
    class Bare(grpc.GenericRpcHandler):
        def service(self, call):
            if call.method != f"/{NEXT}/get_version":
                return None
            reply = common_pb2.VersionId(version_id="26.10").SerializeToString()
            return grpc.unary_unary_rpc_method_handler(lambda request, context: reply)

    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Bare(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert main(["nurec", "info", f"127.0.0.1:{port}"]) == 0
    finally:
        server.stop(None)
    words = capsys.readouterr().out
    assert "26.10" in words
    assert "does not tell which scenes it has" in words
