"""The embedded server against the contract, called through the generated stubs."""

import re

import cv2
import grpc
import numpy as np
import pytest
import simplejpeg
from grpc_health.v1 import health_pb2, health_pb2_grpc

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.nurec.client.conversion import camera_model, camera_spec, pose_matrix
from carla_nurec_bridge.nurec.client.requests import CameraRequest, ImageFormat, rgb_request
from carla_nurec_bridge.nurec.stubs import common_pb2 as common
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2_grpc

Code = grpc.StatusCode
NEW, OLD = "nre.grpc.protos.sensorsim.SensorsimService", "sensorsim.SensorsimService"
NEXT = "nurec.grpc.protos.sensorsim.SensorsimService"


@pytest.fixture
def request_of(rig, scene, world):
    """Return a maker of requests for the front camera."""

    def make(**changes):
        front = rig.cameras[0]
        fields = {
            "name": "front",
            "logical_id": front.logical_id,
            "model": front.model,
            "shutter": Shutter.GLOBAL,
            "world_from_camera_start": front.rig_from_camera,
            "world_from_camera_end": front.rig_from_camera,
            "start_us": world.start_us,
            "end_us": world.start_us + 1,
            "image_format": ImageFormat.RGB_UINT8_PLANAR,
        } | changes
        return rgb_request(scene.scene_id, CameraRequest(**fields), ())

    return make


def refused(code, call, request):
    with pytest.raises(grpc.RpcError) as error:
        call(request)
    assert error.value.code() is code, error.value.details()
    return error.value.details()


def test_health_of_the_server_and_of_all_its_names(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", NEW, OLD, NEXT):
        reply = health.Check(health_pb2.HealthCheckRequest(service=service))
        assert reply.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("service", [NEW, OLD, NEXT])
def test_all_service_names_answer(channel, service):
    call = channel.unary_unary(
        f"/{service}/get_available_scenes",
        request_serializer=common.Empty.SerializeToString,
        response_deserializer=common.AvailableScenesReturn.FromString,
    )
    assert list(call(common.Empty()).scene_ids) == ["clip-of-the-test"]


def test_version_and_config_say_what_the_server_is(stub):
    assert "embedded" in stub.get_version(common.Empty()).version_id
    config = stub.get_server_config(common.Empty()).server_config
    assert "ray casting" in config["renderer"]
    assert config["enable_editing_actors"] == "true"


def test_the_first_scene_is_there_from_the_start(serve):
    with serve() as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        loaded = sensorsim_pb2_grpc.SensorsimServiceStub(channel).get_loaded_scenes(common.Empty())
    assert [entry.scene_id for entry in loaded.scenes] == ["clip-of-the-test"]


@pytest.mark.parametrize("name", ["clip-of-the-test", "sequence-of-the-test"])
def test_cameras_come_with_optics_and_mounts(stub, rig, name):
    reply = stub.get_available_cameras(sensorsim.AvailableCamerasRequest(scene_id=name))
    assert len(reply.available_cameras) == 3
    for got, want in zip(reply.available_cameras, rig.cameras, strict=False):
        assert got.logical_id == got.intrinsics.logical_id == want.logical_id
        assert camera_model(got.intrinsics) == want.model
        assert got.intrinsics.shutter_type == sensorsim.ROLLING_TOP_TO_BOTTOM
        assert np.allclose(pose_matrix(got.rig_to_camera), want.rig_from_camera, atol=1e-6)


def test_trajectory_and_tracks(stub, scene, world):
    request = sensorsim.AvailableTrajectoriesRequest(scene_id=scene.scene_id)
    (entry,) = stub.get_available_trajectories(request).available_trajectories
    assert [
        p.timestamp_us for p in entry.trajectory.poses
    ] == scene.rig_trajectory.stamps_us.tolist()
    assert entry.trajectory.poses[7].pose.vec.x == pytest.approx(0.7)
    request = sensorsim.AvailableDynamicObjectsRequest(scene_id=scene.scene_id)
    tracks = stub.get_dynamic_objects(request).dynamic_objects
    assert [track.id for track in tracks] == ["mover"], "the parked one cannot be moved"
    assert tracks[0].object_size.size_x == 4.5
    assert tracks[0].trajectory.poses[0].pose.vec.y == -2.0
    assert list(stub.get_available_ego_masks(common.Empty()).ego_mask_metadata) == []


def test_formats_hold_the_same_picture(stub, request_of):
    planar = stub.render_rgb(request_of()).image_bytes
    assert len(planar) == 3 * 360 * 640
    rgb = np.frombuffer(planar, np.uint8).reshape(3, 360, 640).transpose(1, 2, 0)
    assert rgb.std() > 30
    png = stub.render_rgb(request_of(image_format=ImageFormat.PNG)).image_bytes
    assert png.startswith(b"\x89PNG")
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded[..., ::-1], rgb)
    undefined = request_of()
    undefined.image_format = sensorsim.UNDEFINED
    assert stub.render_rgb(undefined).image_bytes == png
    jpeg = stub.render_rgb(request_of(image_format=ImageFormat.JPEG)).image_bytes
    error = simplejpeg.decode_jpeg(jpeg).astype(int) - rgb
    assert np.abs(error).mean() < 2.0
    small = stub.render_rgb(request_of(image_format=ImageFormat.JPEG, quality=20.0)).image_bytes
    assert len(small) < 0.5 * len(jpeg)


def test_the_image_may_be_larger_than_grpc_allows_by_itself(stub, request_of):
    reply = stub.render_rgb(request_of(size=(1920, 1080)))
    assert len(reply.image_bytes) == 3 * 1920 * 1080 > 4 * 1024 * 1024


def test_a_width_of_one_follows_the_height(stub, request_of):
    reply = stub.render_rgb(request_of(size=(1, 90)))
    assert len(reply.image_bytes) == 3 * 90 * 160


def test_an_unset_quaternion_turns_nothing(stub, request_of):
    bare = request_of()
    bare.sensor_pose.start_pose.ClearField("quat")
    bare.sensor_pose.end_pose.ClearField("quat")
    unit = request_of()
    for pose in (unit.sensor_pose.start_pose, unit.sensor_pose.end_pose):
        pose.quat.CopyFrom(common.Quat(w=1.0))
    assert stub.render_rgb(bare).image_bytes == stub.render_rgb(unit).image_bytes


def test_a_quaternion_of_hardly_any_length_is_refused(stub, request_of):
    request = request_of()
    request.sensor_pose.start_pose.quat.CopyFrom(common.Quat(w=1e-20))
    assert "unit quaternion" in refused(Code.INVALID_ARGUMENT, stub.render_rgb, request)


def test_a_batch_without_end_is_refused(stub):
    batch = sensorsim.BatchRGBRenderRequest()
    for _ in range(65):
        batch.items.add()
    assert "may hold 64" in refused(Code.INVALID_ARGUMENT, stub.batch_render_rgb, batch)


def test_all_zero_cde_is_the_identity(stub, request_of):
    one, none = request_of(), request_of()
    one.camera_intrinsics.ftheta_param.linear_cde.CopyFrom(sensorsim.LinearCde(linear_c=1.0))
    none.camera_intrinsics.ftheta_param.ClearField("linear_cde")
    assert stub.render_rgb(one).image_bytes == stub.render_rgb(none).image_bytes


def _change(request, **fields):
    for path, value in fields.items():
        target, *names = path.split("__")
        holder = request
        for name in [target, *names][:-1]:
            holder = getattr(holder, name)
        setattr(holder, [target, *names][-1], value)


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"scene_id": "nowhere"}, Code.NOT_FOUND, "unknown scene 'nowhere'.*clip-of-the-test"),
        ({"camera_intrinsics__logical_id": "eye"}, Code.NOT_FOUND, "no camera 'eye'"),
        ({"frame_end_us": 0}, Code.INVALID_ARGUMENT, r"is empty; an instant is \[t, t \+ 1\)"),
        ({"frame_start_us": 1}, Code.OUT_OF_RANGE, "not inside the scene's"),
        ({"frame_end_us": 1 << 60}, Code.OUT_OF_RANGE, "not inside the scene's"),
        ({"resolution_h": 0}, Code.INVALID_ARGUMENT, "at least 1 x 1, not 640 x 0"),
        ({"resolution_h": 60000}, Code.INVALID_ARGUMENT, "does not fit a message"),
        ({"image_format": sensorsim.AV1}, Code.INVALID_ARGUMENT, "image_format 6.*JPEG"),
        ({"image_quality": 101.0}, Code.INVALID_ARGUMENT, "image_quality must be in 0 to 100"),
        ({"camera_intrinsics__shutter_type": 0}, Code.INVALID_ARGUMENT, "shutter_type"),
        ({"camera_intrinsics__ftheta_param__max_angle": 0.0}, Code.INVALID_ARGUMENT, "max_angle"),
        ({"insert_ego_mask": True}, Code.NOT_FOUND, "no ego mask of .*server has none"),
        (
            {"sensor_pose__start_pose__vec__x": float("nan")},
            Code.INVALID_ARGUMENT,
            "not finite",
        ),
        ({"sensor_pose__end_pose__vec__y": 1e30}, Code.INVALID_ARGUMENT, "further than 1e"),
    ],
)
def test_refusals(stub, request_of, fields, code, text):
    request = request_of()
    _change(request, **fields)
    with pytest.raises(grpc.RpcError) as error:
        stub.render_rgb(request)
    assert error.value.code() is code
    assert re.search(text, error.value.details()), error.value.details()


def test_wrong_coefficient_counts_are_named(stub, request_of, rig):
    request = request_of()
    pinhole = camera_spec(rig.cameras[3].model, Shutter.GLOBAL, "camera_front_wide_120fov")
    request.camera_intrinsics.CopyFrom(pinhole)
    assert len(stub.render_rgb(request).image_bytes) == 3 * 360 * 640
    request.camera_intrinsics.opencv_pinhole_param.ClearField("thin_prism_coeffs")
    details = refused(Code.INVALID_ARGUMENT, stub.render_rgb, request)
    assert "thin_prism_coeffs needs exactly 4 numbers, not 0" in details
    request.camera_intrinsics.ClearField("opencv_pinhole_param")
    assert "ftheta_param" in refused(Code.INVALID_ARGUMENT, stub.render_rgb, request)


def test_half_a_windshield_is_refused(stub, request_of):
    request = request_of()
    request.camera_intrinsics.bivariate_windshield_model_param.horizontal_poly.extend([0, 1, 0])
    details = refused(Code.INVALID_ARGUMENT, stub.render_rgb, request)
    assert "windshield vertical is the exact polynomial" in details


def test_a_batch_fails_item_by_item(stub, request_of):
    wrong = request_of()
    wrong.camera_intrinsics.logical_id = "eye"
    batch = sensorsim.BatchRGBRenderRequest()
    for name, request in (("a", request_of()), ("b", wrong), ("c", request_of(size=(64, 36)))):
        batch.items.add(camera_name=name, request=request)
    reply = stub.batch_render_rgb(batch)
    assert [(item.camera_name, item.success) for item in reply.items] == [
        ("a", True),
        ("b", False),
        ("c", True),
    ]
    assert reply.items[1].error_message.startswith("NOT_FOUND: ")
    assert reply.items[0].result.image_bytes == stub.render_rgb(request_of()).image_bytes
    assert len(reply.items[2].result.image_bytes) == 3 * 64 * 36


def test_shut_down_is_passed_on(serve):
    with serve() as running, grpc.insecure_channel(f"127.0.0.1:{running.port}") as channel:
        assert not running.wait_for_shut_down(0.0)
        channel.unary_unary(
            f"/{NEW}/shut_down",
            request_serializer=common.Empty.SerializeToString,
            response_deserializer=common.Empty.FromString,
        )(common.Empty())
        assert running.wait_for_shut_down(1.0)
