"""Who is drawn, where lidar points lie, and in which fields they travel."""

import dataclasses

import grpc
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    ImageFormat,
    LidarRequest,
    dynamic_objects,
    lidar_request,
    rgb_request,
)
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2_grpc

RECORDED = [9.0, -2.0, 0.8]


def motion(track_id, position):
    pose = matrix_from_xyz_rpy(position, [0, 0, 0])
    return ActorMotion(track_id, pose, pose)


@pytest.fixture
def picture(rig, scene, world):
    """Return a maker of front images as uint8 (3, H, W) arrays."""
    front = rig.cameras[0]
    camera = CameraRequest(
        "front",
        front.logical_id,
        front.model,
        Shutter.GLOBAL,
        front.rig_from_camera,
        front.rig_from_camera,
        world.start_us,
        world.start_us + 1,
        image_format=ImageFormat.RGB_UINT8_PLANAR,
    )

    def take(stub, *actors, at_us=world.parked_us):
        request = rgb_request(
            scene.scene_id,
            dataclasses.replace(camera, start_us=at_us, end_us=at_us + 1),
            dynamic_objects(actors),
        )
        data = stub.render_rgb(request).image_bytes
        return np.frombuffer(data, np.uint8).reshape(3, 360, 640)

    return take


@pytest.fixture
def pixel_of(rig, world):
    front = rig.cameras[0]

    def pixel(position):
        point = world.in_frame(np.array([position]), front.rig_from_camera)
        (found,), _ = front.model.project(point)
        return tuple(int(value) for value in found)

    return pixel


def differs(a, b, pixel):
    u, v = pixel
    return bool(np.any(a[:, v - 2 : v + 3, u - 2 : u + 3] != b[:, v - 2 : v + 3, u - 2 : u + 3]))


def test_controllable_tracks_are_where_the_request_says_or_nowhere(stub, picture, pixel_of):
    nobody = picture(stub)
    here, there = RECORDED, [9.0, 1.0, 0.8]
    assert differs(picture(stub, motion("mover", here)), nobody, pixel_of(here))
    moved = picture(stub, motion("mover", there))
    assert differs(moved, nobody, pixel_of(there))
    assert not differs(moved, nobody, pixel_of([9.0, -2.6, 0.8]))


def test_other_tracks_are_where_they_were_recorded(stub, picture, pixel_of, world):
    parked = pixel_of([9.0, 5.0, 0.8])
    here = picture(stub)
    before_it_came = picture(stub, at_us=world.parked_us - 2)
    assert differs(here, before_it_came, parked)
    assert not differs(here, picture(stub, motion("mover", [9.0, 1.0, 0.8])), parked)
    with pytest.raises(grpc.RpcError, match="not controllable"):
        picture(stub, motion("parked", [9.0, 1.0, 0.8]))
    with pytest.raises(grpc.RpcError, match="no track 'ghost'"):
        picture(stub, motion("ghost", [9.0, 1.0, 0.8]))
    with pytest.raises(grpc.RpcError, match="listed twice"):
        picture(stub, motion("mover", RECORDED), motion("mover", RECORDED))


def test_without_editing_the_recording_rules(serve, stub, picture):
    with serve(editing=False) as recorded:
        channel = grpc.insecure_channel(f"127.0.0.1:{recorded.port}")
        with channel:
            other = sensorsim_pb2_grpc.SensorsimServiceStub(channel)
            listed_elsewhere = picture(other, motion("mover", [9.0, 1.0, 0.8]))
            assert np.array_equal(listed_elsewhere, picture(other))
            assert np.array_equal(listed_elsewhere, picture(stub, motion("mover", RECORDED)))


@pytest.fixture
def sweep_request(scene, world):
    def make(start, end, device="AT128"):
        lidar = LidarRequest("top", device, start, end, world.start_us, world.start_us + 100_000)
        return lidar_request(scene.scene_id, lidar, ())

    return make


def points_of(reply):
    return np.frombuffer(reply.point_xyzs_buffer, "<f4").reshape(-1, 3)


def test_lidar_points_lie_on_the_board_in_the_frame_of_the_sweep_end(stub, sweep_request, world):
    start = matrix_from_xyz_rpy([0.0, 0.0, 2.0], [0, 0, 0.0])
    end = matrix_from_xyz_rpy([1.5, 0.4, 2.0], [0, 0, 0.1])
    reply = stub.render_lidar(sweep_request(start, end))
    points = points_of(reply).astype(np.float64)
    assert reply.num_points == len(points) > 20_000
    assert not reply.point_xyzs
    in_world = points @ end[:3, :3].T + end[:3, 3]
    on_board = in_world[:, 0] > 12.0
    assert on_board.mean() > 0.7
    assert np.abs(in_world[on_board, 0] - world.board_x).max() < 2e-3
    assert np.abs(in_world[on_board, 1]).max() < world.columns / 2 + 0.01
    intensities = np.frombuffer(reply.point_intensities_buffer, "<f4")
    assert len(intensities) == len(points)
    assert intensities.min() >= 0.0
    assert intensities.max() <= 1.0


def test_clients_of_the_old_service_name_get_lists(stub, channel, sweep_request):
    pose = matrix_from_xyz_rpy([0.0, 0.0, 2.0], [0, 0, 0.0])
    request = sweep_request(pose, pose)
    old = channel.unary_unary(
        "/sensorsim.SensorsimService/render_lidar",
        request_serializer=sensorsim.LidarRenderRequest.SerializeToString,
        response_deserializer=sensorsim.LidarRenderReturn.FromString,
    )(request)
    new = stub.render_lidar(request)
    assert not old.point_xyzs_buffer
    assert old.num_points == 0
    lists = np.array(old.point_xyzs, np.float32).reshape(-1, 3)
    assert np.array_equal(lists, points_of(new))
    assert len(old.point_intensities) == new.num_points


def test_unknown_lidar_devices_are_refused(stub, sweep_request):
    pose = np.eye(4)
    request = sweep_request(pose, pose)
    request.lidar_config.lidar_type = 7
    with pytest.raises(grpc.RpcError, match="unknown lidar_type 7; use one of PANDAR128, AT128"):
        stub.render_lidar(request)
