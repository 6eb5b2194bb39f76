"""Edits show in pictures, hoods lie over them, filters drop returns."""

import cv2
import grpc
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    EgoMask,
    ImageFormat,
    LidarRequest,
    lidar_request,
)
from carla_nurec_bridge.nurec.editing import Replacement, inserted

SIZE = (160, 90)


@pytest.fixture
def client(server):
    with NurecClient(f"127.0.0.1:{server.port}") as opened:
        yield opened


@pytest.fixture
def take(rig, scene, world):
    """Return a maker of front images (H, W, 3) by a client."""
    front = rig.cameras[0]
    mount = front.rig_from_camera

    def take(client, *actors, mask=None):
        request = CameraRequest(
            "front",
            front.logical_id,
            front.model,
            Shutter.GLOBAL,
            mount,
            mount,
            world.start_us,
            world.start_us + 1,
            size=SIZE,
            image_format=ImageFormat.RGB_UINT8_PLANAR,
            ego_mask=mask,
        )
        (reply,) = client.render(scene.scene_id, [request], (), actors).images
        assert reply.error is None, reply.error
        return np.frombuffer(reply.image, np.uint8).reshape(3, *SIZE[::-1]).transpose(1, 2, 0)

    return take


def here(track_id):
    pose = matrix_from_xyz_rpy([9.0, 0.5, 0.9], [0, 0, 0])
    return ActorMotion(track_id, pose, pose)


def changed(a, b):
    return int(np.any(np.abs(a.astype(int) - b) > 8, axis=2).sum())


def test_replaced_and_inserted_actors_are_drawn_until_restored(client, take, scene):
    empty, car = take(client), take(client, here("mover"))
    scene_id = scene.scene_id
    truck = "vehicle.carlamotors.firetruck"
    assert truck in client.external_assets(scene_id)
    try:
        client.edit(scene_id, [Replacement("mover", truck)], [inserted("child", "mover")])
        assert changed(take(client, here("mover")), empty) > 2 * changed(car, empty)
        assert changed(take(client, here("child")), empty) > 0, "it looks like the recorded car"
        assert changed(take(client), empty) == 0, "what is not listed is not drawn"
        client.edit(scene_id, [Replacement("mover", "walker.pedestrian.0001", (0.5, 0.5, 1.2))])
        assert 0 < changed(take(client, here("mover")), empty) < 0.5 * changed(car, empty)
        sizes = {track.track_id: track.size_m for track in client.dynamic_objects(scene_id)}
        assert sizes["mover"] == pytest.approx((0.5, 0.5, 1.2))
    finally:
        client.restore(scene_id)
    assert np.array_equal(take(client, here("mover")), car)


@pytest.mark.parametrize(
    ("replace", "insert", "text"),
    [
        ([Replacement("ghost", "mover")], [], "NOT_FOUND.*no track 'ghost'"),
        ([Replacement("mover", "vehicle.of.dreams")], [], "NOT_FOUND.*unknown asset"),
        ([Replacement("mover", "parked", (1, 1, 1000))], [], "INVALID_ARGUMENT.*object_size"),
        ([], [inserted("parked", "mover")], "INVALID_ARGUMENT.*'parked'"),
        ([], [inserted("new", "")], "INVALID_ARGUMENT.*give asset_id"),
        ([Replacement("mover", "parked")] * 501, [], "RESOURCE_EXHAUSTED.*may have 500"),
    ],
)
def test_edits_are_done_whole_or_not_at_all(client, scene, replace, insert, text):
    good = Replacement("mover", "vehicle.carlamotors.firetruck")
    with pytest.raises(ProtocolError, match=text):
        client.edit(scene.scene_id, [good, *replace], insert)
    assert {track.asset_id for track in client.dynamic_objects(scene.scene_id)} == {""}


def test_a_server_without_editing_refuses_edits(serve, scene):
    with serve(editing=False) as running, NurecClient(f"127.0.0.1:{running.port}") as client:
        assert client.capabilities.editing is False
        with pytest.raises(ProtocolError, match="FAILED_PRECONDITION.*--enable-editing-actors"):
            client.edit(scene.scene_id, [Replacement("mover", "parked")])


def test_the_hood_lies_over_the_picture(serve, client, take, tmp_path):
    """A hood of a solid, a half clear and a clear third, against blending done here."""
    hood = np.zeros((270, 480, 4), np.uint8)
    hood[180:, :, :] = (30, 90, 200, 255)
    hood[90:180, :, :] = (30, 90, 200, 128)
    (tmp_path / "hyperion_8_1").mkdir()
    path = tmp_path / "hyperion_8_1" / "camera_front_wide_120fov.png"
    assert cv2.imwrite(str(path), hood)
    bare = take(client)
    with serve(hood_dir=tmp_path) as running, NurecClient(f"127.0.0.1:{running.port}") as covered:
        (mask,) = covered.ego_masks()
        assert mask == EgoMask("hyperion_8_1", "camera_front_wide_120fov")
        dotted = EgoMask("hyperion8.1", "camera_front_wide_120fov")
        image = take(covered, mask=mask)
        assert np.array_equal(image, take(covered, mask=dotted))
        assert np.array_equal(take(covered), bare), "only where it is asked for"
        with pytest.raises(AssertionError, match=r"NOT_FOUND.*hyperion_8_1/camera_front_wide"):
            take(covered, mask=EgoMask("other", "camera_front_wide_120fov"))
    assert np.array_equal(image[:28], bare[:28])
    assert (image[62:] == (200, 90, 30)).all()
    blend = bare[32:58] * (127 / 255) + np.array([200, 90, 30]) * (128 / 255)
    assert np.abs(image[32:58] - blend).max() <= 1.0


def test_a_hood_folder_without_hoods(serve, tmp_path):
    with pytest.raises(InputError, match=r"no hood image RIG/CAMERA\.png"):
        serve(hood_dir=tmp_path)


def test_the_lidar_filter_means_what_it_can(stub, scene, world):
    pose = matrix_from_xyz_rpy([0, 0, 2.0], [0, 0, 0])
    lidar = LidarRequest("top", "AT128", pose, pose, world.start_us, world.start_us + 100_000)

    def points(**fields):
        request = lidar_request(scene.scene_id, lidar, ())
        for name, value in fields.items():
            setattr(request.render_filter, name, value)
        reply = stub.render_lidar(request)
        assert len(reply.point_intensities_buffer) == 4 * reply.num_points
        return reply.num_points

    every = points()
    assert points(raydrop_threshold=0.5, opacity_threshold=0.8) == every, "nothing is half there"
    assert points(opacity_threshold=1.0) == 0
    assert points(raydrop_threshold=-0.1) == 0
    assert points(distance_filter_threshold=0.0) == every, "off unless enabled"
    smooth = points(enable_distance_filter=True)
    assert 0.9 * every < smooth <= every
    assert points(enable_distance_filter=True, distance_filter_threshold=0.0) < 0.2 * every
    with pytest.raises(grpc.RpcError, match="opacity_threshold must be finite"):
        points(opacity_threshold=float("nan"))
