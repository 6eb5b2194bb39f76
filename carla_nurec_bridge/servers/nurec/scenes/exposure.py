"""How bright meshes must be to look as if they stood in a scene of Gaussians."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....core.cameras.models import OpenCVPinholeCamera
from ....core.frames import Matrix, rigid
from ....core.loading.deferred import deferred
from ....core.semantic_tag import Tag
from ....gaussians.cloud import GaussianCloud
from ....gaussians.harmonics import colour_from_dc
from ....rendering.camera import render_camera
from ....rendering.kernels.surfaces import linear_from_srgb
from ....rendering.lighting import Lighting
from ....rendering.primitives import quad
from ....rendering.scene import RenderScene
from ....town.street.pavement import ASPHALT

spatial = deferred("scipy.spatial")

_ROAD_TAG = Tag.ROAD
_BESIDE_M, _HEIGHT_M = 6.0, 0.4
_LEAST_GAUSSIANS = 50
_RANGE = (0.2, 5.0)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def exposure_gain(static: GaussianCloud, nre_from_rig: Matrix, light: Lighting) -> float:
    """Return the factor of linear light by which drawn meshes match a scene.

    It makes a road of ours as bright as the scene's: the median of the Gaussians within 6 m of the
    rig's way (N, 4, 4) at its height. 1 where there are too few of them; 0.2 to 5 at most.
    """
    way = nre_from_rig[:, :3, 3]
    near, which = spatial.cKDTree(way[:, :2]).query(
        static.means_m[:, :2], distance_upper_bound=_BESIDE_M
    )
    found = np.isfinite(near) & (static.opacities > 0.1)
    height = static.means_m[:, 2] - way[np.minimum(which, len(way) - 1), 2]
    found &= np.abs(height) < _HEIGHT_M
    if np.count_nonzero(found) < _LEAST_GAUSSIANS:
        return 1.0
    road = static.select(found)
    sizes = np.sort(road.scales_m, axis=1)
    weight = (road.opacities * sizes[:, 1] * sizes[:, 2]).astype(np.float64)
    bright = linear_from_srgb(255.0 * colour_from_dc(road.sh[:, 0])) @ _LUMINANCE
    order = np.argsort(bright)
    half = np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())
    scene = float(bright[order[min(half, len(order) - 1)]])
    return float(np.clip(scene / _own_road(light), *_RANGE))


def shown(rgb: NDArray[np.uint8], gain: float) -> NDArray[np.uint8]:
    """Return an sRGB picture with its linear light multiplied."""
    if abs(gain - 1.0) < 1e-3:
        return rgb
    linear = linear_from_srgb(np.arange(256)).astype(np.float64) * gain
    bent = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    table = np.clip(255.0 * bent + 0.5, 0.0, 255.0).astype(np.uint8)
    lit: NDArray[np.uint8] = table[rgb]
    return lit


def _own_road(light: Lighting) -> float:
    """Return the luminance, linear, of a road of ours seen from 10 m ahead."""
    corners = [(-50.0, -50.0, 0.0), (50.0, -50.0, 0.0), (50.0, 50.0, 0.0), (-50.0, 50.0, 0.0)]
    down = rigid([[0.0, -0.6, 0.8], [-1.0, 0.0, 0.0], [0.0, -0.8, -0.6]], [0.0, 0.0, 8.0])
    rays = OpenCVPinholeCamera.from_fov(16, 16, 20.0).ray_table()
    times = np.zeros(16)
    with RenderScene(quad(corners, colour=ASPHALT, tag=_ROAD_TAG)) as road:
        frame = render_camera(road, rays, down, down, times, "row", light, frozenset({"rgb"}))
    assert frame.rgb is not None
    return float(np.median(linear_from_srgb(frame.rgb) @ _LUMINANCE))
