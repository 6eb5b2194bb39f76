"""A finished picture of Gaussians and what stands among and behind them, by any back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..rendering.engines.forms import JpegFormat
from .drawing.compose import Depth, composed
from .drawing.frame import Drawing
from .drawing.motion import Motion
from .drawing.particles import Rules
from .drawing.shadows import Footprint, cast_shadows
from .drawing.views import GaussianView
from .ppisp import ViewResponse
from .sky import SeamlessSky


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What is seen where Gaussians let light pass, in an image (H, W).

    * sky: black without one.
    * image: uint8 (H, W, 3) or None, what stands at ``far_m`` (H, W) along the rays, inf for
      nothing. It covers the sky where something stands, or ``everywhere``.
    * footprints: what darkens the ground.
    """

    sky: SeamlessSky | None = None
    image: NDArray[np.uint8] | None = None
    far_m: NDArray[np.float32] | None = None
    everywhere: bool = False
    footprints: tuple[Footprint, ...] = ()


@runtime_checkable
class PictureDrawing(Protocol):
    """A back end that finishes pictures itself, so that only these leave its device.

    ``encodes_jpeg`` says whether it makes JPEG of them too.
    """

    encodes_jpeg: bool

    def picture(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        backdrop: Backdrop,
        depth: type[Depth],
    ) -> NDArray[Depth]:
        """Return the picture (H, W, 3), 8 or 16 bits a channel; see ``draw_picture``."""
        ...

    def jpeg(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        backdrop: Backdrop,
        form: JpegFormat,
    ) -> bytes:
        """Return the picture as JPEG, where ``encodes_jpeg``."""
        ...


def draw_picture(
    drawing: Drawing,
    view: GaussianView,
    motion: Motion,
    rules: Rules,
    backdrop: Backdrop,
    response: ViewResponse | None = None,
) -> NDArray[np.uint8]:
    """Return the picture uint8 (H, W, 3) of one image of Gaussians before its backdrop.

    Colours are added as they are stored and cut off at 0 and 1; rays that see nothing are black.
    ``response`` is what a camera makes of that. InputError for shapes that do not fit.
    """
    given = (view, motion, rules, backdrop)
    if isinstance(drawing, PictureDrawing):
        if response is None:
            return drawing.picture(*given, np.uint8)
        return response.applied(drawing.picture(*given, np.uint16))
    frame = drawing.draw(view, motion, rules, backdrop.far_m)
    cast_shadows(frame, view, motion, backdrop.footprints)
    stands = None
    if backdrop.image is not None and backdrop.far_m is not None and not backdrop.everywhere:
        stands = np.isfinite(backdrop.far_m)
    layers = (frame, view, motion, backdrop.sky, backdrop.image, stands)
    if response is None:
        return composed(*layers, depth=np.uint8)
    return response.applied(composed(*layers, depth=np.uint16))
