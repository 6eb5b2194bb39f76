"""Which recorded view's exposure and response a request's picture gets."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ....gaussians.ppisp import ViewResponse, view_response
from ....gaussians.scene import VIEWS_PPISP, GaussianScene, NotDrawn, Ppisp
from ....scene import Scene

_CACHED = 64


class RecordedViews:
    """Finds the response of the view of a scene's camera that is nearest in time.

    Views go camera by camera in the order of the scene's cameras; ``ppisp`` must fit them, see
    ``why_unfit``.
    """

    def __init__(self, scene: Scene, ppisp: Ppisp) -> None:
        self._scene = scene
        self._response = lru_cache(_CACHED)(lambda *view: view_response(ppisp, *view))

    def of(self, logical_id: str, end_us: int) -> ViewResponse | None:
        """Return the response for a picture of a camera at a time, None for another camera."""
        camera = self._scene.camera(logical_id)
        if camera is None:
            return None
        away = np.abs(camera.frame_stamps_us[:, 1] - end_us)
        return self._response(self._scene.cameras.index(camera), int(np.argmin(away)))


def with_views_asked_for(gaussians: GaussianScene, scene: Scene, *, wanted: bool) -> GaussianScene:
    """Return the scene with its views' responses where they are wanted and fit, else without."""
    ppisp = gaussians.ppisp
    if ppisp is None or not wanted:
        return replace(gaussians, ppisp=None)
    others = tuple(part for part in gaussians.not_drawn if part.what != VIEWS_PPISP)
    why = why_unfit(scene, ppisp)
    if why is not None:
        told = NotDrawn(VIEWS_PPISP, len(ppisp.exposure), why)
        return replace(gaussians, ppisp=None, not_drawn=(*others, told))
    note = (
        f"pictures get exposure, vignetting, colour and response of the nearest of "
        f"{len(ppisp.exposure)} recorded views"
    )
    return replace(gaussians, not_drawn=others, notes=(*gaussians.notes, note))


def why_unfit(scene: Scene, ppisp: Ppisp) -> str | None:
    """Return why views are not those of a scene's cameras, or None."""
    counts = {len(camera.frame_stamps_us) for camera in scene.cameras}
    cameras, views = len(ppisp.vignetting), len(ppisp.exposure)
    if cameras == 0 or views == 0:
        return "there are none"
    if len(scene.cameras) == cameras and counts == {views // cameras} and views % cameras == 0:
        return None
    frames = ", ".join(str(len(camera.frame_stamps_us)) for camera in scene.cameras)
    return (
        f"they are of {cameras} cameras, and the scene's {len(scene.cameras)} cameras have "
        f"{frames or 'no'} frames"
    )
