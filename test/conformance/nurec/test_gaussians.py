"""A package of Gaussians behind the real protocol: surroundings, tracks, meshes among them."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
from carla_nurec_bridge.core.rig.rig import Rig, RigCamera
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.cosmos.sensor_files.sensor_rig import SensorRig
from carla_nurec_bridge.dataset.record.sources.from_nurec import SceneWish, nurec_source
from carla_nurec_bridge.gaussians.classes import NO_CLASS
from carla_nurec_bridge.gaussians.cloud import GaussianCloud, concatenated
from carla_nurec_bridge.gaussians.formats.nurec.writing import encode_volume
from carla_nurec_bridge.gaussians.formats.ply import encode_ply
from carla_nurec_bridge.gaussians.harmonics import dc_from_colour
from carla_nurec_bridge.gaussians.scene import GaussianScene, Ppisp, RigidGaussians
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    ImageFormat,
    LidarRequest,
)
from carla_nurec_bridge.nurec.editing import inserted
from carla_nurec_bridge.nurec.stubs import common_pb2 as common
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.gpu.device import open_warp
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.mesh import empty_mesh
from carla_nurec_bridge.rendering.scene import Instance, RenderScene
from carla_nurec_bridge.scene import open_scene, write_scene
from carla_nurec_bridge.scene.drawn.appearances import ActorAppearance
from carla_nurec_bridge.scene.drawn.models import model_of
from carla_nurec_bridge.servers.nurec.options import NurecServerOptions
from carla_nurec_bridge.servers.nurec.scenes import drawn_gaussians
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

GREEN, RED, BLUE = (0.15, 0.45, 0.15), (0.8, 0.05, 0.05), (0.1, 0.1, 0.8)
WALL_X, FENCE_X = 30.0, 7.0
CAR_AT = np.array([12.0, 0.0])
CAR = "vehicle.tesla.model3"
SKY = (0.2, 0.4, 0.6)
CAMERA = OpenCVPinholeCamera.from_fov(480, 270, 70.0)


def grid(first: object, second: object, place: object, sigmas: object, colour: object):
    """Return flat Gaussians at ``place(a, b)`` of two ranges."""
    a, b = (g.ravel() for g in np.meshgrid(np.arange(*first), np.arange(*second)))  # type: ignore[misc]
    means = np.stack(np.broadcast_arrays(*place(a, b)), axis=1).astype(np.float32)  # type: ignore[operator]
    count = len(means)
    return GaussianCloud(
        means,
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.tile(np.array(sigmas, np.float32), (count, 1)),
        np.full(count, 0.99, np.float32),
        np.tile(dc_from_colour(colour), (count, 1))[:, None],
    )


def ground() -> GaussianCloud:
    return grid((0, 40, 0.5), (-14, 14, 0.5), lambda x, y: (x, y, 0.0), (0.4, 0.4, 0.01), GREEN)


def wall() -> GaussianCloud:
    return grid((-14, 14, 0.5), (0, 6, 0.5), lambda y, z: (WALL_X, y, z), (0.01, 0.4, 0.4), GREEN)


def fence() -> GaussianCloud:
    """Between y = -1.5 and 0, 2 m high: it hides the right half of a car behind it."""
    return grid((-1.4, 0, 0.1), (0, 2, 0.1), lambda y, z: (FENCE_X, y, z), (0.01, 0.1, 0.1), GREEN)


def scored(cloud: GaussianCloud, number: int) -> GaussianCloud:
    """Return a cloud whose Gaussians score one of five classes highest."""
    scores = np.zeros((len(cloud), 5), np.float32)
    scores[:, number] = 1.0
    return dataclasses.replace(cloud, semantic_logits=scores)


def ball(colour: object) -> GaussianCloud:
    """A ball of 0.5 m about the origin."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(600, 3))
    points *= 0.5 / np.linalg.norm(points, axis=1, keepdims=True)
    return GaussianCloud(
        points.astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (600, 1)),
        np.full((600, 3), 0.06, np.float32),
        np.full(600, 0.95, np.float32),
        np.tile(dc_from_colour(colour), (600, 1))[:, None],
    )


@pytest.fixture(scope="module")
def package(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("gaussians") / "scene.usdz"
    red = ball(RED)
    gaussians = GaussianScene(
        {
            "background": concatenated([scored(wall(), 2), scored(fence(), 3)]),
            "road": scored(ground(), 1),
        },
        RigidGaussians(red, np.zeros(len(red), np.int32), ("mover",)),
        np.broadcast_to(np.array(SKY, np.float32), (6, 4, 4, 3)).copy(),
    )
    volume = encode_volume(gaussians, {"mover": scene.time_range_us})
    members = {
        "scene.nurec": volume,
        "external_assets/globe/globe.ply": encode_ply(ball(BLUE)),
    }
    still = dataclasses.replace(scene, map_from_world=np.eye(4))
    write_scene(path, still, members)
    return open_scene(path)


@pytest.fixture(scope="module")
def target(package):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARLA_NUREC_ENGINE", "embree")  # then numba draws, beside a GPU as well
        with NurecServer([package], port=0) as running:  # which begins to load at once
            yield f"127.0.0.1:{running.port}"


@pytest.fixture(scope="module")
def client(target):
    with NurecClient(target) as opened:
        yield opened


@contextmanager
def drawn_by_warp(package):
    """Yield a client of a server whose Gaussians the kernels of the GPU draw, on the processor.

    Meanwhile, so do those of every other server of this process that is given something new.
    """
    pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")
    from carla_nurec_bridge.gaussians.gpu.drawing import WarpDrawing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_warp().config, "optimization_level", 0)
        patch.setattr(drawn_gaussians, "open_drawing", lambda cloud: WarpDrawing(cloud, "cpu"))
        with (
            NurecServer([package], port=0) as running,
            NurecClient(f"127.0.0.1:{running.port}") as opened,
        ):
            yield opened


def camera_pose() -> np.ndarray:
    """Return world_from_camera of a camera 1.5 m up, looking ahead."""
    return matrix_from_xyz_rpy([0.0, 0.0, 1.5], [0, 0, 0]) @ BODY_FROM_OPTICAL


def asked(package):
    start_us = package.time_range_us[0]
    return CameraRequest(
        "front",
        package.cameras[0].logical_id,
        CAMERA,
        Shutter.ROLLING_TOP_TO_BOTTOM,
        camera_pose(),
        camera_pose(),
        start_us,
        start_us + 30_000,
        image_format=ImageFormat.PNG,
    )


def picture(client, package, *actors):
    request = asked(package)
    (reply,) = client.render(package.scene_id, [request], (), actors).images
    assert reply.error is None, reply.error
    return reply.pixels


def at(track_id, x, y, z):
    pose = matrix_from_xyz_rpy([x, y, z], [0, 0, 0])
    return ActorMotion(track_id, pose, pose)


def chroma(image):
    values = image.astype(np.float64)
    return values / np.maximum(values.sum(axis=2, keepdims=True), 1.0)


def pixel(point):
    """Return the (row, column) of a point of the world."""
    pose = camera_pose()
    found, seen = CAMERA.project((np.array([point]) - pose[:3, 3]) @ pose[:3, :3])
    assert seen[0]
    return int(found[0, 1]), int(found[0, 0])


def test_surroundings_sky_and_a_moved_track_are_drawn(client, package):
    """The red ball is where the request has it; above the wall is sky."""
    image = picture(client, package, at("mover", 12.0, 3.0, 1.0))
    assert image[pixel((12.0, 3.0, 1.0))] == pytest.approx(255 * np.array(RED), abs=4)
    assert image[pixel((WALL_X, 5.0, 2.0))] == pytest.approx(255 * np.array(GREEN), abs=4)
    assert image[5, 240] == pytest.approx(255 * np.array(SKY), abs=2)
    moved = picture(client, package, at("mover", 12.0, -4.0, 1.0))
    assert moved[pixel((12.0, 3.0, 1.0))] == pytest.approx(255 * np.array(GREEN), abs=4)
    assert moved[pixel((12.0, -4.0, 1.0))] == pytest.approx(255 * np.array(RED), abs=4)
    hidden = picture(client, package)
    assert np.abs(chroma(hidden) - chroma(moved)).max() > 0.2
    assert not np.any(hidden[..., 0] > 120)


def test_a_recorded_views_exposure_is_for_those_who_ask_for_it(client, package, tmp_path):
    """Of two recorded frames the second, which ends with the picture, was exposed by half."""
    start_us = package.time_range_us[0]
    frames = np.array([[0, 1_000], [2_000, 30_000]]) + start_us
    camera = dataclasses.replace(package.cameras[0], frame_stamps_us=frames)
    response = np.tile(np.array((0.013659, 0.013659, 0.378165, 0.0), np.float32), (1, 3, 1))
    views = Ppisp(
        np.array([0.0, -1.0], np.float32),
        np.zeros((2, 8), np.float32),
        np.zeros((1, 3, 5), np.float32),
        response,
    )
    sky = np.broadcast_to(np.array(SKY, np.float32), (6, 4, 4, 3)).copy()
    gaussians = GaussianScene({"road": ground(), "background": wall()}, None, sky, ppisp=views)
    path = tmp_path / "scene.usdz"
    scene = dataclasses.replace(package, cameras=(camera,))
    write_scene(path, scene, {"scene.nurec": encode_volume(gaussians, {})})
    recorded = open_scene(path)
    pictures, told = [], []
    for wanted in (False, True):
        options = NurecServerOptions(recorded_views=wanted)
        with (
            NurecServer([recorded], port=0, options=options) as server,
            NurecClient(f"127.0.0.1:{server.port}") as opened,
        ):
            pictures.append(picture(opened, recorded).astype(float))
            told.append(opened.capabilities.config["recorded_views"])
    assert told == ["false", "true"]
    assert pictures[0][5, 240] == pytest.approx(255 * np.array(SKY), abs=2)
    assert np.abs(pictures[1] - 0.5 * pictures[0]).max() < 1.1


def test_a_car_that_only_the_client_knows_stands_among_the_gaussians(client, package):
    """Its mask is that of its mesh less what the fence hides; the road below it is darker."""
    car = load_catalogue()[CAR]
    before = picture(client, package)
    client.edit(package.scene_id, insert=[inserted("carla 7", CAR)])
    try:
        image = picture(client, package, at("carla 7", *CAR_AT, 0.5 * car.size_m[2]))
    finally:
        client.restore(package.scene_id)
    pose = matrix_from_xyz_rpy([*CAR_AT, 0.5 * car.size_m[2]], [0, 0, 0])
    with RenderScene(empty_mesh()) as alone:
        alone.add_asset("car", model_of(package, ActorAppearance(car.base_type, car.size_m, CAR)))
        alone.set_instances([Instance("car", pose, pose, 7)])
        rays = CAMERA.ray_table()
        instance = render_camera(
            alone, rays, camera_pose(), camera_pose(), np.zeros(270), "row", Lighting()
        ).instance
    towards = rays.astype(np.float64) @ camera_pose()[:3, :3].T
    on_fence = towards * (FENCE_X / towards[..., :1])
    hidden = (on_fence[..., 1] > -1.55) & (on_fence[..., 1] < 0.05) & (on_fence[..., 2] < 0.5)
    expected = (instance == 7) & ~hidden
    found = np.abs(chroma(image) - chroma(before)).max(axis=2) > 0.04
    overlap = np.count_nonzero(found & expected) / np.count_nonzero(found | expected)
    assert np.count_nonzero(expected) > 800
    assert np.count_nonzero((instance == 7) & hidden) > 800
    assert overlap > 0.9
    edge = CAR_AT + [-0.5 * car.size_m[0] - 0.15, 0.6]
    row, column = pixel((*edge, 0.0))
    assert image[row, column].sum() < 0.75 * before[row, column].sum()
    row, column = pixel((8.5, 3.5, 0.0))
    assert np.array_equal(image[row, column], before[row, column])


def test_distance_opacity_and_classes_are_told_of_each_pixel(client, package):
    """The ground is a plane, which rays meet where geometry says; meshes have no class."""
    height, place = 0.5 * load_catalogue()[CAR].size_m[2], (20.0, 9.0)
    client.edit(package.scene_id, insert=[inserted("carla 7", CAR)])
    try:
        actors = at("mover", 12.0, 3.0, 1.0), at("carla 7", *place, height)
        layers = client.layers(package.scene_id, asked(package), actors)
    finally:
        client.restore(package.scene_id)
    camera = camera_pose()[:3, 3]
    for point in ((10.0, -3.0, 0.0), (16.0, 2.0, 0.0), (25.0, -8.0, 0.0)):
        at_pixel = pixel(point)
        ray = CAMERA.ray_table()[at_pixel] @ camera_pose()[:3, :3].T
        assert layers.distance_m[at_pixel] == pytest.approx(-camera[2] / ray[2], rel=0.02)
        assert layers.opacity[at_pixel] > 0.98
        assert layers.classes[at_pixel] == 1
    assert layers.classes[pixel((WALL_X, 5.0, 4.0))] == 2
    assert layers.classes[pixel((FENCE_X, -0.7, 1.0))] == 3
    assert layers.classes[pixel((12.0, 3.0, 1.0))] == NO_CLASS  # a ball without scores
    ball_m = np.linalg.norm(np.array([12.0, 3.0, 1.0]) - camera) - 0.5
    assert layers.distance_m[pixel((12.0, 3.0, 1.0))] == pytest.approx(ball_m, abs=0.1)
    car = pixel((*place, 0.7))
    assert layers.classes[car] == NO_CLASS
    length, away = load_catalogue()[CAR].size_m[0], np.hypot(*place)
    assert away - 0.6 * length < layers.distance_m[car] < away
    sky = pixel((20.0, 0.0, 8.0))
    assert (layers.opacity[sky], layers.classes[sky]) == (0.0, NO_CLASS)
    assert np.isinf(layers.distance_m[sky])


def test_a_recorded_track_without_gaussians_is_drawn_only_when_asked(package):
    """Other renderers do not know it."""
    end_us = package.time_range_us[1]
    parked = (9.0, 5.0, 0.8)
    request = CameraRequest(
        "front",
        package.cameras[0].logical_id,
        CAMERA,
        Shutter.GLOBAL,
        camera_pose(),
        camera_pose(),
        end_us - 100_000,
        end_us - 99_999,
        image_format=ImageFormat.PNG,
    )
    images = []
    for hybrid in (False, True):
        options = NurecServerOptions(hybrid=hybrid)
        with (
            NurecServer([package], port=0, options=options) as running,
            NurecClient(f"127.0.0.1:{running.port}") as client,
        ):
            (reply,) = client.render(package.scene_id, [request]).images
        assert reply.error is None, reply.error
        images.append(reply.pixels)
    green = np.array(GREEN) / sum(GREEN)
    there = pixel(parked)
    assert chroma(images[0])[there] == pytest.approx(green, abs=0.03)
    assert np.abs(chroma(images[1])[there] - green).max() > 0.05


def test_a_server_may_draw_fewer_gaussians(package):
    total = len(ground()) + len(wall()) + len(fence()) + len(ball(RED))
    options = NurecServerOptions(gaussian_limit=4500)
    with (
        NurecServer([package], port=0, options=options) as running,
        NurecClient(f"127.0.0.1:{running.port}") as client,
    ):
        image = picture(client, package)
        config = client.ask("get_server_config", common.Empty()).server_config
    assert chroma(image)[pixel((10.0, -3.0, 0.0))] == pytest.approx(
        np.array(GREEN) / sum(GREEN), abs=0.03
    )
    told = config[f"gaussians of {package.scene_id}"]
    assert told.startswith("4500 Gaussians drawn")
    assert f"{total - 4500} Gaussians: the server was asked for 4500 at most" in told


def test_an_asset_of_splats_is_drawn_with_its_gaussians(client, package):
    client.edit(package.scene_id, insert=[inserted("globe 1", "globe")])
    try:
        image = picture(client, package, at("globe 1", 12.0, 3.0, 1.0))
    finally:
        client.restore(package.scene_id)
    assert image[pixel((12.0, 3.0, 1.0))] == pytest.approx(255 * np.array(BLUE), abs=4)


def sweep(client, package, request, *actors):
    (reply,) = client.render(package.scene_id, (), [request], actors).clouds
    assert reply.error is None, reply.error
    return reply.points_m


def test_lidar_measures_gaussians_and_meshes(client, package):
    """The wall is 30 m ahead; an inserted car hides part of it."""
    start_us = package.time_range_us[0]
    pose = matrix_from_xyz_rpy([0, 0, 1.5], [0, 0, 0])
    request = LidarRequest("top", "AT128", pose, pose, start_us, start_us + 100_000)
    points = sweep(client, package, request)
    ahead = (np.abs(points[:, 1] - 5.0) < 1.0) & (points[:, 2] > 0.5) & (points[:, 2] < 3.5)
    assert np.count_nonzero(ahead) > 100
    assert np.median(points[ahead, 0]) == pytest.approx(WALL_X, abs=0.02)
    below = points[:, 2] < -1.4
    assert np.median(points[below & (points[:, 0] < 20), 2]) == pytest.approx(-1.5, abs=0.02)
    client.edit(package.scene_id, insert=[inserted("carla 9", CAR)])
    try:
        points = sweep(client, package, request, at("carla 9", 15.0, 5.0, 0.8))
    finally:
        client.restore(package.scene_id)
    on_car = (np.abs(points[:, 1] - 5.0) < 0.8) & (points[:, 2] > -1.0) & (points[:, 2] < 0.0)
    assert np.median(points[on_car, 0]) == pytest.approx(13.5, abs=1.5)


def test_a_client_learns_of_gaussians_before_they_are_loaded(package):
    """``nurec_render`` may connect while the first scene is being read."""
    server = NurecServer([package], port=0)
    try:
        config = server._reading.get_server_config(common.Empty()).server_config
    finally:
        server.close()
    assert config[f"gaussians of {package.scene_id}"] == "not loaded yet"


def test_the_server_tells_what_it_draws(client, package):
    picture(client, package)
    config = client.ask("get_server_config", common.Empty()).server_config
    told = config[f"gaussians of {package.scene_id}"]
    assert "drawn by numba" in told
    assert "road" in told
    assert "not drawn unless inserted" in told


def test_a_gpu_draws_what_numba_draws(client, package):
    """A track, a car that has only a mesh, its shadow and the sky; and the server tells of it."""
    height = 0.5 * load_catalogue()[CAR].size_m[2]

    def drawn(by, engine):
        by.edit(package.scene_id, insert=[inserted("carla 7", CAR)])
        actors = at("mover", 12.0, 3.0, 1.0), at("carla 7", *CAR_AT, height)
        image = picture(by, package, *actors).astype(int)
        layers = by.layers(package.scene_id, asked(package), actors)
        by.restore(package.scene_id)
        told = by.ask("get_server_config", common.Empty()).server_config
        assert f"drawn by {engine}" in told[f"gaussians of {package.scene_id}"]
        return image, layers

    by_numba, first = drawn(client, "numba")
    with drawn_by_warp(package) as other:
        by_warp, second = drawn(other, "warp")
    apart = np.abs(by_numba - by_warp).max(axis=-1)
    assert np.mean(apart > 2) < 1e-3
    assert np.mean(apart > 0) < 0.05
    assert np.mean(first.classes != second.classes) < 1e-3
    assert np.abs(first.opacity - second.opacity).max() < 0.02
    seen = (first.opacity > 0.1) & (second.opacity > 0.1)
    away = np.abs(first.distance_m[seen] - second.distance_m[seen])
    assert np.quantile(away, 0.999) < 0.02


def test_no_labels_are_traced_in_meshes_of_a_scene_whose_gaussians_are_drawn(target, package):
    mounted = RigCamera("c", "nurec", "c", CAMERA, np.eye(4), 10.0, Shutter.GLOBAL, 0.0, ("rgb",))
    wish = SceneWish((SensorRig(Rig("one", (mounted,), ()), "base"),), 0.0, 0.0, 1, 10.0)
    with nurec_source(package, target, wish, Timings()) as source:
        assert not source.traced
