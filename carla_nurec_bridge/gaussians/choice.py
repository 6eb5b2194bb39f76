"""Which back end draws Gaussians: the rule is that of the engines that cast rays."""

from __future__ import annotations

from ..rendering.engines.choice import where_gpu
from ..rendering.gpu.device import check_seen
from .drawing.frame import Drawing, GaussianDrawing
from .drawing.particles import Particles


def open_drawing(particles: Particles) -> Drawing:
    """Return what draws these particles: Warp on a GPU that can be used, numba elsewhere.

    CARLA_NUREC_ENGINE may say ``warp``; ``embree`` and ``numba`` mean the processor. Raises as
    ``open_engine`` does.
    """

    def on_gpu() -> Drawing:
        check_seen()
        from .gpu.drawing import WarpDrawing

        return WarpDrawing(particles)

    return where_gpu(on_gpu, "Gaussians are drawn") or GaussianDrawing(particles)
