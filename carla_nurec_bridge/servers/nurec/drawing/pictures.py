"""One picture or sweep of a scene: meshes, Gaussians, or both in front of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....core.frames import Matrix
from ....core.rig.lidar import LidarPattern
from ....gaussians.classes import NO_CLASS
from ....gaussians.drawing.sweeps import Sector
from ....gaussians.drawing.views import GaussianView
from ....gaussians.picture import Backdrop
from ....gaussians.ppisp import ViewResponse
from ....rendering.camera import (
    CameraFrame,
    JpegFormat,
    Viewpoint,
    render_cameras,
    render_jpeg,
)
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
    backdrop = _backdrop(drawn, view, start, end)
    if not gaussians.has_surroundings:
        response = None
    return gaussians.picture(_gaussian_view(drawn, view), start, end, backdrop, response)


def draw_images(
    drawn: DrawnScene, views: Sequence[tuple[RequestView, Matrix, Matrix]]
) -> list[NDArray[np.uint8]]:
    """Return the pictures of ``draw_image`` of several views, each with its start and end.

    For scenes in which no Gaussians are visible.
    """
    pictures = []
    for frame in _frames(drawn, views, RGB):
        assert frame.rgb is not None
        pictures.append(frame.rgb)
    return pictures


def encodes_jpeg(drawn: DrawnScene) -> bool:
    """Say whether what draws this scene now can give its pictures as JPEG."""
    gaussians = drawn.gaussians
    return gaussians.encodes_jpeg if gaussians.visible else drawn.render_scene.encodes_jpeg


def draw_jpeg(
    drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix, form: JpegFormat
) -> bytes:
    """Return the picture of ``draw_image``, without a response, as JPEG of what draws it."""
    if drawn.gaussians.visible:
        backdrop = _backdrop(drawn, view, start, end)
        return drawn.gaussians.jpeg(_gaussian_view(drawn, view), start, end, backdrop, form)
    viewpoint = (view.rays, start, end, view.fractions, view.axis, drawn.light)
    return render_jpeg(drawn.render_scene, *viewpoint, form)


def _gaussian_view(drawn: DrawnScene, view: RequestView) -> GaussianView:
    return view.of_gaussians(drawn.gaussians.settings.image_margin_factor)


def _backdrop(drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix) -> Backdrop:
    """Return what stands among and behind the Gaussians, drawing meshes where there are any."""
    gaussians = drawn.gaussians
    if gaussians.has_surroundings and not drawn.meshes:
        return Backdrop(gaussians.sky)
    rgb, far = _meshes_and_ends(drawn, view, start, end)
    if not gaussians.has_surroundings:
        return Backdrop(image=rgb, far_m=far, everywhere=True)
    behind = shown(rgb, drawn.exposure_gain)
    return Backdrop(gaussians.sky, behind, far, footprints=drawn.footprints)


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


@dataclass(frozen=True, eq=False)
class PictureLayers:
    """What the rays of a picture (H, W) met.

    * distance_m: float32, along the ray, the mean of what is seen weighted by how much of it is;
      inf where nothing is.
    * opacity: float32, the share of light that does not come from the sky.
    * classes: uint8, of the Gaussian that is seen most, ``NO_CLASS`` for meshes and without scores.
    """

    distance_m: NDArray[np.float32]
    opacity: NDArray[np.float32]
    classes: NDArray[np.uint8]


def draw_layers(drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix) -> PictureLayers:
    """Return the layers of what ``draw_image`` draws."""
    gaussians = drawn.gaussians
    far = None
    if drawn.meshes or not gaussians.has_surroundings:
        _, far = _meshes_and_ends(drawn, view, start, end)
    if not gaussians.visible:
        assert far is not None
        nowhere = np.full(far.shape, NO_CLASS, np.uint8)
        return PictureLayers(far, np.isfinite(far).astype(np.float32), nowhere)
    frame, classes = gaussians.layers(_gaussian_view(drawn, view), start, end, far)
    passed = frame.transmittance
    opacity, sums = np.float32(1) - passed, frame.depth_sum
    if far is not None:
        stands = np.isfinite(far)
        sums = sums + passed * np.where(stands, far, np.float32(0))
        opacity = np.where(stands, np.float32(1), opacity)
        classes = np.where(stands & (passed > 0.5), np.uint8(NO_CLASS), classes)
    distance = np.full(passed.shape, np.inf, np.float32)
    np.divide(sums, opacity, out=distance, where=opacity > 0.0)
    return PictureLayers(distance, opacity, classes)


def _meshes_and_ends(
    drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the picture of all meshes, and how far along its rays they are, metres."""
    rgb, depth = _meshes(drawn, view, start, end, _RGB_AND_DEPTH)
    assert depth is not None
    far = np.full_like(depth, np.inf)
    np.divide(depth, view.rays[..., 2], out=far, where=np.isfinite(depth))
    return rgb, far


def _meshes(
    drawn: DrawnScene, view: RequestView, start: Matrix, end: Matrix, outputs: frozenset[str]
) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    frame = _frames(drawn, [(view, start, end)], outputs)[0]
    assert frame.rgb is not None
    return frame.rgb, frame.depth


def _frames(
    drawn: DrawnScene,
    views: Sequence[tuple[RequestView, Matrix, Matrix]],
    outputs: frozenset[str],
) -> list[CameraFrame]:
    viewpoints = [
        Viewpoint(view.rays, start, end, view.fractions, view.axis) for view, start, end in views
    ]
    return render_cameras(drawn.render_scene, viewpoints, drawn.light, outputs)
