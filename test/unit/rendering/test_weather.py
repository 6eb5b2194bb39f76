"""Fog, lamps, wet ground and exposure against their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.kernels.sky import light_table
from carla_nurec_bridge.rendering.lighting import Lamp, Lighting
from carla_nurec_bridge.rendering.primitives import box
from carla_nurec_bridge.rendering.scene import RenderScene

WIDTH, HEIGHT = 64, 48
DAY = Lighting(haze_m=float("inf"), shadows=False, cloudiness=0.0)
NIGHT = replace(DAY, sun_altitude_deg=-60.0)
WALL_M = 20.0


@pytest.fixture(scope="module")
def scene() -> RenderScene:
    """Return a grey wall whose face stands 20 m ahead of the origin, on dark ground."""
    wall = box((WALL_M + 1, 0, 0), (2, 200, 30), colour=(120, 120, 120), tag=3)
    return RenderScene(wall)


def linear(scene: RenderScene, light: Lighting) -> np.ndarray:
    """Return the linear colour in the middle of the image, as far as 8 bits tell."""
    rays = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 60.0).ray_table()
    pose = matrix_from_xyz_rpy([0, 0, 2], [0, 0, 0]) @ BODY_FROM_OPTICAL
    frame = render_camera(
        scene, rays, pose, pose, np.zeros(HEIGHT), "row", light, frozenset({"rgb"})
    )
    assert frame.rgb is not None
    byte = frame.rgb[HEIGHT // 2, WIDTH // 2].astype(float) / 255
    return np.where(byte <= 0.04045, byte / 12.92, ((byte + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("thinning", [0.0, 0.05])
def test_fog_hides_by_beer_and_lambert(scene: RenderScene, thinning: float) -> None:
    per_m, first_m = 0.04, 5.0
    foggy = replace(DAY, fog_per_m=per_m, fog_from_m=first_m, fog_thinning_per_m=thinning)
    depth = per_m * np.exp(-thinning * 2.0) * (WALL_M - first_m)
    horizon = light_table(DAY).colours[5]
    expected = horizon + np.exp(-depth) * (linear(scene, DAY) - horizon)
    shown = np.where(expected < 0.6, expected, np.nan)
    got = linear(scene, foggy)
    assert got[np.isfinite(shown)] == pytest.approx(shown[np.isfinite(shown)], abs=0.012)
    assert np.isfinite(shown).any()


def test_a_lamp_lights_by_the_inverse_square_and_its_cone(scene: RenderScene) -> None:
    def added(distance_m: float, yaw_deg: float = 0.0) -> float:
        turn = np.radians(yaw_deg)
        lamp = Lamp(
            (WALL_M - distance_m, 0.0, 2.0),
            (float(np.cos(turn)), float(np.sin(turn)), 0),
            (9.0, 9.0, 9.0),
            10.0,
            20.0,
        )
        lit = linear(scene, replace(NIGHT, lamps=(lamp,)))[0]
        return float(lit - linear(scene, NIGHT)[0])

    assert added(4.0) / added(8.0) == pytest.approx((64 + 1) / (16 + 1), rel=0.03)
    assert added(4.0, 25.0) == pytest.approx(0.0, abs=1e-3)
    assert 0.0 < added(4.0, 15.0) < added(4.0)


def test_exposure_multiplies_light(scene: RenderScene) -> None:
    once, twice = linear(scene, NIGHT), linear(scene, replace(NIGHT, exposure=2.0))
    assert twice == pytest.approx(2 * once, rel=0.06)


def test_wet_ground_is_darker_seen_from_above() -> None:
    ground = box((0, 0, -1), (50, 50, 2), colour=(120, 120, 120), tag=1)
    with RenderScene(ground) as scene:
        rays = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 60.0).ray_table()
        pose = matrix_from_xyz_rpy([0, 0, 5], [0, np.pi / 2, 0]) @ BODY_FROM_OPTICAL
        means = []
        for wetness in (0.0, 0.5, 1.0):
            frame = render_camera(
                scene,
                rays,
                pose,
                pose,
                np.zeros(HEIGHT),
                "row",
                replace(DAY, wetness=wetness),
                frozenset({"rgb"}),
            )
            assert frame.rgb is not None
            means.append(frame.rgb.mean())
    assert means[0] > means[1] > means[2]


def test_senseless_weather_is_refused() -> None:
    with pytest.raises(InputError, match="fog_per_m"):
        Lighting(fog_per_m=-1.0)
    with pytest.raises(InputError, match="exposure"):
        Lighting(exposure=0.0)
