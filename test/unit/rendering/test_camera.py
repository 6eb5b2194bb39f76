"""Cameras against formulas: where each ray meets ground, ball, wall and box."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import invert, matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import (
    ALL_OUTPUTS,
    CameraFrame,
    Viewpoint,
    render_camera,
    render_cameras,
)
from carla_nurec_bridge.rendering.kernels.camera_kernel import draw
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.scene import RenderScene

from .helpers import PLAIN, optical_pose, photograph, pinhole

POSE = optical_pose(-2.0, 0.5, 1.7, yaw=0.05, pitch=0.04)
WIDTH, HEIGHT, FOCAL = 200, 120, 150.0


def exact(rays: np.ndarray) -> dict[str, np.ndarray]:
    """Nearest of ground, ball, wall and box along each ray, in float64."""
    origin = POSE[:3, 3]
    d = rays.astype(np.float64) @ POSE[:3, :3].T
    shape = d.shape[:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        ground = -origin[2] / d[..., 2]
        within = np.abs(origin + ground[..., None] * d)[..., :2].max(axis=-1) <= 200
        ground = np.where(within, ground, np.inf)
        to_ball = origin - [10, 0, 2]
        b, c = d @ to_ball, to_ball @ to_ball - 4.0
        ball = -b - np.sqrt(b * b - c)
        wall = (30 - origin[0]) / d[..., 0]
        at_wall = origin + wall[..., None] * d
        inside = (np.abs(at_wall[..., 1]) <= 9) & (at_wall[..., 2] >= 0) & (at_wall[..., 2] <= 9)
        wall = np.where(inside, wall, np.inf)
        box_from_map = invert(matrix_from_xyz_rpy([8, 6, 0.5], [0, 0, 0.3]))
        o = box_from_map[:3, :3] @ origin + box_from_map[:3, 3]
        e = d @ box_from_map[:3, :3].T
        corner = np.array([1.0, 0.5, 0.5])
        first, second = (-corner - o) / e, (corner - o) / e
        enter = np.minimum(first, second).max(axis=-1)
        leave = np.maximum(first, second).min(axis=-1)
        crate = np.where(enter <= leave, enter, np.inf)
    distances = np.stack([ground, ball, wall, crate])
    distances = np.where(distances > 0, distances, np.inf)
    nearest = np.argmin(distances, axis=0)
    distance = distances.min(axis=0)
    points = origin + np.where(np.isfinite(distance), distance, 0)[..., None] * d
    normals = np.zeros((*shape, 3))
    normals[nearest == 0] = (0, 0, 1)
    normals[nearest == 1] = ((points - [10, 0, 2]) / 2)[nearest == 1]
    normals[nearest == 2] = (-1, 0, 0)
    return {"distance": distance, "nearest": nearest, "normals": normals}


@pytest.fixture(scope="module")
def shot(yard: RenderScene) -> tuple[CameraFrame, np.ndarray, dict[str, np.ndarray]]:
    rays = pinhole(WIDTH, HEIGHT, FOCAL)
    return photograph(yard, rays, POSE), rays, exact(rays)


def test_depth_is_along_the_optical_axis(
    shot: tuple[CameraFrame, np.ndarray, dict[str, np.ndarray]],
) -> None:
    frame, rays, truth = shot
    same = frame.semantic == np.array([1, 20, 3, 21])[truth["nearest"]]
    hit = np.isfinite(truth["distance"])
    # The ball is a polyhedron: only pixels at its outline may differ.
    assert np.count_nonzero(~same & hit) < 30
    same &= hit
    depth = truth["distance"] * rays[..., 2]
    flat = same & (truth["nearest"] != 1)
    assert np.abs(frame.depth[flat] / depth[flat] - 1).max() < 1e-4
    ball = same & (truth["nearest"] == 1)
    assert np.median(np.abs(frame.depth[ball] / depth[ball] - 1)) < 1e-4


def test_semantic_and_instance_name_what_was_hit(
    shot: tuple[CameraFrame, np.ndarray, dict[str, np.ndarray]],
) -> None:
    frame, _, truth = shot
    hit = np.isfinite(truth["distance"])
    tags = np.where(hit, np.array([1, 20, 3, 21])[truth["nearest"]], 11)
    owners = np.where(hit, np.array([0, 5, 6, 77])[truth["nearest"]], 0)
    assert np.count_nonzero(frame.semantic != tags) < 30
    assert np.count_nonzero(frame.instance != owners) < 30
    assert set(np.unique(frame.semantic)) == {1, 3, 11, 20, 21}


def test_normals_are_in_the_map_frame_and_face_the_camera(
    shot: tuple[CameraFrame, np.ndarray, dict[str, np.ndarray]],
) -> None:
    frame, rays, truth = shot
    hit = np.isfinite(truth["distance"]) & (truth["nearest"] < 3)
    angle = np.einsum("hwc,hwc->hw", frame.normals, truth["normals"])[hit]
    assert np.quantile(angle, 0.01) > 0.9999
    crate = frame.semantic == 21
    assert np.allclose(np.linalg.norm(frame.normals[crate], axis=-1), 1.0, atol=1e-5)
    towards = np.einsum("hwc,hwc->hw", frame.normals, rays @ POSE[:3, :3].T.astype(np.float32))
    assert np.all(towards[frame.semantic != 11] <= 0)


def test_what_is_missed_is_written(shot: tuple[CameraFrame, np.ndarray, dict]) -> None:
    frame, _, truth = shot
    sky = ~np.isfinite(truth["distance"]) & (frame.semantic == 11)
    assert sky.any()
    assert np.all(np.isinf(frame.depth[sky]))
    assert np.all(frame.normals[sky] == 0)
    assert np.all(frame.instance[sky] == 0)
    assert np.all(frame.rgb[sky][:, 2] > 60)


def test_pixels_outside_the_lens_are_black(yard: RenderScene) -> None:
    rays = pinhole(50, 40, 40.0)
    rays[:, :7] = 0.0
    frame = photograph(yard, rays, POSE)
    assert np.all(frame.rgb[:, :7] == 0)
    assert np.all(np.isinf(frame.depth[:, :7]))
    assert np.all(frame.semantic[:, :7] == 0)
    assert np.all(frame.semantic[:, 7:] != 0)


def test_an_instance_wears_its_colour(yard: RenderScene) -> None:
    frame = photograph(yard, pinhole(WIDTH, HEIGHT, FOCAL), POSE)
    red, green, _ = frame.rgb[frame.instance == 77].mean(axis=0)
    assert green > 2 * red


def test_only_what_is_asked_for_is_drawn(yard: RenderScene) -> None:
    rays = pinhole(40, 30, 30.0)
    wanted = frozenset({"depth", "instance"})
    frame = render_camera(yard, rays, POSE, POSE, np.zeros(30), "row", PLAIN, wanted)
    assert frame.rgb is None
    assert frame.normals is None
    assert frame.semantic is None
    whole = photograph(yard, rays, POSE)
    assert np.array_equal(frame.depth, whole.depth)
    assert np.array_equal(frame.instance, whole.instance)


@pytest.mark.parametrize("samples", [1, 4])
def test_images_drawn_together_are_those_drawn_alone(yard: RenderScene, samples: int) -> None:
    light, later = Lighting(samples=samples), optical_pose(-1.5, 0.5, 1.7, yaw=0.05, pitch=0.04)
    viewpoints = [
        Viewpoint(pinhole(40, 30, 30.0), POSE, later, np.linspace(0, 1, 30), "row"),
        Viewpoint(pinhole(64, 8, 40.0), later, POSE, np.linspace(0, 1, 64), "column"),
        Viewpoint(pinhole(3, 2, 4.0), POSE, POSE, np.zeros(2), "row"),
    ]
    together = render_cameras(yard, viewpoints, light)
    for viewpoint, frame in zip(viewpoints, together, strict=True):
        alone = render_camera(
            yard,
            viewpoint.rays,
            viewpoint.map_from_camera_start,
            viewpoint.map_from_camera_end,
            viewpoint.fractions,
            viewpoint.axis,
            light,
        )
        for name in ALL_OUTPUTS:
            assert np.array_equal(getattr(frame, name), getattr(alone, name)), name


def test_rays_that_may_be_written_are_drawn_by_the_same_code(yard: RenderScene) -> None:
    rays = pinhole(16, 8, 12.0)
    assert rays.flags.writeable
    photograph(yard, rays, POSE)
    assert rays.flags.writeable
    assert [arguments[4].mutable for arguments in draw.signatures] == [False]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rays": np.zeros((4, 5, 3))}, "float64"),
        ({"fractions": np.zeros(5)}, "needs \\(4,\\)"),
        ({"axis": "diagonal"}, "diagonal"),
        ({"outputs": frozenset({"rgb", "flow"})}, "flow"),
    ],
)
def test_input_that_does_not_fit_is_refused(
    yard: RenderScene, change: dict[str, object], words: str
) -> None:
    arguments: dict[str, object] = {
        "rays": np.zeros((4, 5, 3), np.float32),
        "map_from_camera_start": POSE,
        "map_from_camera_end": POSE,
        "fractions": np.zeros(4),
        "axis": "row",
        "light": PLAIN,
        "outputs": frozenset({"rgb"}),
    }
    with pytest.raises(InputError, match=words):
        render_camera(yard, **(arguments | change))
