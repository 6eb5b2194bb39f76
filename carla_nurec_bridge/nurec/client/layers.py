"""Distance, opacity and classes of an image: the reply to a call of the embedded server's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ProtocolError
from ..stubs import sensorsim_pb2 as sensorsim
from .requests import CameraRequest
from .service import LAYER_BYTES


class LayersRefusedError(ProtocolError):
    """The server has the call, and does not make the layers of this image: of too many pixels."""


@dataclass(frozen=True, eq=False)
class CameraLayers:
    """What the rays of an image (H, W) met.

    * distance_m: float32, along the ray, inf where it met nothing. opacity: float32, 0 to 1.
    * classes: uint8, the number of a semantic class, 255 where there is none.
    """

    distance_m: NDArray[np.float32]
    opacity: NDArray[np.float32]
    classes: NDArray[np.uint8]


def layers_of(request: CameraRequest, reply: sensorsim.AggregatedRenderReturn) -> CameraLayers:
    """Return the layers of a reply to ``render_camera_layers``; ProtocolError for another size."""
    width, height = request.size or (request.model.width, request.model.height)
    data, pixels = reply.driver_data, width * height
    if len(data) != LAYER_BYTES * pixels:
        raise ProtocolError(
            f"{request.name}: {len(data)} bytes of layers came for {width} x {height} pixels"
        )
    shape = height, width
    return CameraLayers(
        np.frombuffer(data, "<f4", pixels).reshape(shape),
        np.frombuffer(data, "<f4", pixels, 4 * pixels).reshape(shape),
        np.frombuffer(data, np.uint8, pixels, 8 * pixels).reshape(shape),
    )
