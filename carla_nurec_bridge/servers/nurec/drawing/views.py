"""What a request's camera looks at: rays through its pixels and the order of their exposure."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....core.cameras.models import CameraModel
from ....core.cameras.shutter import Shutter, shutter_fraction
from ....core.errors import RefusalError
from ....core.rig.lidar import LidarPattern
from ....gaussians.drawing.sweeps import Sector, sectors_of
from ....gaussians.drawing.views import GaussianView, camera_view
from ....nurec.client.conversion import camera_model, camera_shutter
from ....nurec.client.service import MAX_MESSAGE_BYTES
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ..refusal import Code, as_invalid_argument

_CACHE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class RequestView:
    """Unit optical rays float32 (H, W, 3), and each row's (column's) fraction of the frame."""

    model: CameraModel
    shutter: Shutter
    rays: NDArray[np.float32]
    axis: Literal["row", "column"]
    fractions: NDArray[np.float64]
    _of_gaussians: dict[float, GaussianView] = field(default_factory=dict)

    def of_gaussians(self, margin: float) -> GaussianView:
        """Return the same as Gaussians need it, for images grown by ``margin``; made once."""
        if margin not in self._of_gaussians:
            self._of_gaussians[margin] = camera_view(self.model, self.shutter, margin, self.rays)
        return self._of_gaussians[margin]


class RequestViews:
    """Keeps the views of recent cameras, up to ``limit_bytes``; safe from several threads."""

    def __init__(self, limit_bytes: int = _CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._views: OrderedDict[tuple[CameraModel, Shutter], RequestView] = OrderedDict()
        self._bytes = 0
        self._sectors: dict[tuple[str, int], tuple[Sector, ...]] = {}
        self._lock = threading.Lock()

    def view(self, request: sensorsim.RGBRenderRequest) -> RequestView:
        """Return the view of a request, its intrinsics rescaled to the image it asks for."""
        spec = request.camera_intrinsics
        width, height = image_size(request)
        with as_invalid_argument():
            model, shutter = camera_model(spec).scaled(width, height), camera_shutter(spec)
        return self.of(model, shutter)

    def sectors(self, pattern: LidarPattern) -> tuple[Sector, ...]:
        """Return the sectors of a lidar's beams; made once."""
        key = pattern.name, pattern.columns
        if key not in self._sectors:
            self._sectors[key] = sectors_of(pattern.directions, pattern.column_fraction)
        return self._sectors[key]

    def of(self, model: CameraModel, shutter: Shutter) -> RequestView:
        """Return the view of a camera at its own resolution."""
        key = model, shutter
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
                return self._views[key]
        lines = shutter_fraction(shutter, model.width, model.height)
        view = RequestView(model, shutter, model.ray_table(), *lines)
        with self._lock:
            if key not in self._views:
                self._views[key] = view
                self._bytes += view.rays.nbytes
            while self._bytes > self._limit_bytes and len(self._views) > 1:
                _, oldest = self._views.popitem(last=False)
                self._bytes -= oldest.rays.nbytes
        return view


def image_size(request: sensorsim.RGBRenderRequest) -> tuple[int, int]:
    """Return the (width, height) that a request asks for.

    A width of 1 means: as wide as the intrinsics' aspect ratio makes it.
    """
    spec = request.camera_intrinsics
    width, height = request.resolution_w, request.resolution_h
    if height < 1 or width < 1 or spec.resolution_w < 1 or spec.resolution_h < 1:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            "the resolution of the image and of camera_intrinsics must be at least 1 x 1, not "
            f"{width} x {height} and {spec.resolution_w} x {spec.resolution_h}",
        )
    if width == 1:
        width = max(1, round(height * spec.resolution_w / spec.resolution_h))
    if 3 * width * height > MAX_MESSAGE_BYTES - 1024:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"an image of {width} x {height} pixels does not fit a message of "
            f"{MAX_MESSAGE_BYTES} bytes",
        )
    return width, height
