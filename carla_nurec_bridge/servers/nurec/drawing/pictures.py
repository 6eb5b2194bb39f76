"""One picture or sweep of a scene: meshes, Gaussians, or both in front of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....core.frames import Matrix
from ....core.rig.lidar import LidarPattern
from ....gaussians.drawing.sweeps import Sector
from ....gaussians.picture import Backdrop
from ....gaussians.ppisp import ViewResponse
from ....rendering.camera import render_camera
from ....rendering.lidar import LidarFrame, render_lidar
from ..scenes.drawn_scene import DrawnScene
from ..scenes.exposure import shown
from .views import RequestView

RGB = frozenset({"rgb"})
_RGB_AND_DEPTH = frozenset({"rgb", "depth"})


def draw_image(
    drawn: DrawnScene,
    view: RequestView,
    start: Matrix,
    end: Matrix,
    response: ViewResponse | None = None,
) -> NDArray[np.uint8]:
    """Return the picture uint8 (H, W, 3) of a camera that moves from ``start`` to ``end``.

    These are map_from_camera. Where something of meshes stands, the Gaussians before it blend over
    it and those behind it are hidden; in a scene of Gaussians it is as bright as that and darkens
    the ground around it. ``response`` is what the camera makes of what it sees there.
    """
    gaussians = drawn.gaussians
    if not gaussians.visible:
        return _meshes(drawn, view, start, end, RGB)[0]
    gaussian_view = view.of_gaussians(gaussians.settings.image_margin_factor)
    if gaussians.has_surroundings and not drawn.meshes:
        return gaussians.picture(gaussian_view, start, end, Backdrop(gaussians.sky), response)
    rgb, depth = _meshes(drawn, view, start, end, _RGB_AND_DEPTH)
    assert depth is not None
    far = np.full_like(depth, np.inf)
    np.divide(depth, view.rays[..., 2], out=far, where=np.isfinite(depth))
    if not gaussians.has_surroundings:
        backdrop = Backdrop(image=rgb, far_m=far, everywhere=True)
        return gaussians.picture(gaussian_view, start, end, backdrop)
    behind = shown(rgb, drawn.exposure_gain)
    backdrop = Backdrop(gaussians.sky, behind, far, footprints=drawn.footprints)
    return gaussians.picture(gaussian_view, start, end, backdrop, response)


def draw_sweep(
    drawn: DrawnScene,
    pattern: LidarPattern,
    sectors: Sequence[Sector],
    start: Matrix,
    end: Matrix,
    max_range_m: float,
) -> LidarFrame:
    """Measure a sweep of a lidar that moves from one map_from_lidar to another."""
    table, times = pattern.directions, pattern.column_fraction
    seen = render_lidar(drawn.render_scene, table, times, start, end, max_range_m)
    gaussians = drawn.gaussians
    if not gaussians.visible:
        return seen
    reach = min(max_range_m, gaussians.settings.lidar_far_m)
    far = np.minimum(seen.range_m, np.float32(reach))
    found = gaussians.measure(sectors, times, start, end, far)
    met = np.isfinite(found.range_m)
    seen.range_m[met] = found.range_m[met]
    seen.intensity[met] = found.intensity[met]
    return seen


def _meshes(
    drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix, outputs: frozenset[str]
) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    frame = render_camera(
        drawn.render_scene,
        view.rays,
        start,
        end,
        view.fractions,
        view.axis,
        drawn.light,
        outputs,
    )
    assert frame.rgb is not None
    return frame.rgb, frame.depth
