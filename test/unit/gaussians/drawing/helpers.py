"""Small clouds, cameras, and the formula of a picture in float64, Gaussian by Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carla_nurec_bridge.core.cameras.models import FThetaCamera, FThetaReference
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import interpolate
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing.frame import Drawing, GaussianDrawing, GaussianFrame
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion, motion_of
from carla_nurec_bridge.gaussians.drawing.particles import Particles, joined, rules_of
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.harmonics import basis, dc_from_colour
from carla_nurec_bridge.gaussians.scene import RenderSettings

Matrix = NDArray[np.float64]
HERE = np.eye(4)


def cloud(
    means: ArrayLike,
    scales: ArrayLike,
    opacities: ArrayLike,
    colours: ArrayLike,
    rotations: ArrayLike | None = None,
    sh: NDArray[np.float32] | None = None,
) -> GaussianCloud:
    """Return a cloud of N rows; a scale may be one number a row, a rotation is w, x, y, z."""
    count = len(np.asarray(means))
    sides = np.asarray(scales, np.float32)
    sides = np.repeat(sides[:, None], 3, axis=1) if sides.ndim == 1 else sides
    turns = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)) if rotations is None else rotations
    quaternions = np.asarray(turns, np.float64)
    quaternions = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    return GaussianCloud(
        np.asarray(means, np.float32),
        quaternions.astype(np.float32),
        sides,
        np.asarray(opacities, np.float32),
        dc_from_colour(colours)[:, None, :] if sh is None else sh,
    )


def random_cloud(count: int, seed: int, degree: int = 1, reach: float = 1.0) -> GaussianCloud:
    """Return Gaussians of all shapes about (0, 0, 4)."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0.0, reach, (count, 3)) + [0.0, 0.0, 4.0]
    sh = rng.normal(0.0, 0.3, (count, (degree + 1) ** 2, 3)).astype(np.float32)
    return cloud(
        means,
        np.exp(rng.uniform(-4.5, -1.5, (count, 3))),
        rng.uniform(0.1, 1.0, count),
        np.zeros((count, 3)),
        rng.normal(size=(count, 4)),
        sh,
    )


def ftheta(
    width: int,
    height: int,
    polynomial: Sequence[float],
    centre: tuple[float, float] | None = None,
    cde: tuple[float, float, float] = (1.0, 0.0, 0.0),
    widest: float = 1.5,
) -> FThetaCamera:
    """Return an F-theta camera of an exact angle to pixel distance polynomial."""
    middle = (width / 2 - 0.5, height / 2 - 0.5)
    return FThetaCamera(
        width,
        height,
        centre or middle,
        (0.0, 1.0 / polynomial[1]),
        tuple(polynomial),
        FThetaReference.ANGLE_TO_PIXELDIST,
        widest,
        cde,
    )


def opened(particles: Particles) -> Drawing:
    """Return what draws particles; the fixture ``back_end`` puts others in its place."""
    return GaussianDrawing(particles)


def draw(
    particles: GaussianCloud,
    camera: Any,
    start: Matrix = HERE,
    end: Matrix | None = None,
    shutter: Shutter = Shutter.ROLLING_TOP_TO_BOTTOM,
    settings: RenderSettings | None = None,
    bodies: Sequence[GaussianCloud] = (),
    poses: Sequence[BodyMotion | None] = (),
    **more: Any,
) -> GaussianFrame:
    """Draw one image of a cloud, and of clouds of moving bodies."""
    view = camera_view(camera, shutter)
    motion = motion_of(start, start if end is None else end, view.fractions, poses)
    drawing = opened(joined(particles, bodies))
    return drawing.draw(view, motion, rules_of(settings or RenderSettings()), **more)


def rotations_of(particles: GaussianCloud) -> Matrix:
    """Return the (N, 3, 3) rotations of the quaternions, float64."""
    w, x, y, z = particles.rotations_wxyz.astype(np.float64).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def brute_force(
    particles: GaussianCloud,
    camera: Any,
    pixels: NDArray[np.int64],
    start: Matrix = HERE,
    end: Matrix | None = None,
    least: float = 0.0113,
    *,
    z_order: bool = False,
) -> tuple[Matrix, Matrix, Matrix]:
    """Return colour (P, 3), transmittance (P,), depth sum (P,) of pixels (P, 2), row and column.

    Every Gaussian more than 0.2 m before the camera at mid-shutter is tried at every pixel.
    """
    end = start if end is None else end
    middle = interpolate(start, end, 0.5)
    means = particles.means_m.astype(np.float64)
    away = means - middle[:3, 3]
    distance = np.linalg.norm(away, axis=1)
    depth = away @ middle[:3, 2]
    order = np.argsort(depth if z_order else distance, kind="stable")
    order = order[(depth[order] >= 0.2) & (particles.opacities[order] >= 1 / 255)]
    colours = np.einsum(
        "nk,nkc->nc", basis(away / distance[:, None], particles.sh_degree), particles.sh
    )
    colours = np.maximum(0.5 + colours.astype(np.float64), 0.0)
    scaled = rotations_of(particles).swapaxes(1, 2) / particles.scales_m[:, :, None]
    rays, _ = camera.unproject(pixels[:, ::-1] + 0.5)
    fractions = pixels[:, 0] / max(camera.height - 1, 1)
    poses = interpolate(start, end, fractions)
    opacities = particles.opacities[order].astype(np.float64)
    results = []
    for chunk in np.array_split(np.arange(len(pixels)), 1 + len(pixels) * len(order) // 500_000):
        towards = np.einsum("pij,pj->pi", poses[chunk, :3, :3], rays[chunk])
        direction = np.einsum("nij,pj->pni", scaled[order], towards)
        away = poses[chunk, None, :3, 3] - means[order]
        origin = np.einsum("nij,pnj->pni", scaled[order], away)
        length = np.sum(direction**2, axis=2)
        square = np.sum(np.cross(direction, origin) ** 2, axis=2) / length
        along = -np.sum(direction * origin, axis=2) / length
        response = np.exp(-0.5 * square)
        alpha = np.minimum(0.99, opacities * response)
        alpha[(response <= least) | (alpha <= 1 / 255) | (along <= 0.0)] = 0.0
        left = np.cumprod(1.0 - alpha, axis=1)
        before = np.column_stack([np.ones(len(chunk)), left[:, :-1]])
        weight = np.where(before < 1e-4, 0.0, before * alpha)
        results.append(
            (weight @ colours[order], 1.0 - weight.sum(axis=1), np.sum(weight * along, axis=1))
        )
    colour, passed, depths = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return colour, passed, depths


def psnr(found: ArrayLike, expected: ArrayLike) -> float:
    """Return the peak signal to noise ratio in dB of values of 0 to 1."""
    error = np.mean((np.asarray(found, np.float64) - np.asarray(expected, np.float64)) ** 2)
    return float(-10.0 * np.log10(max(error, 1e-30)))
