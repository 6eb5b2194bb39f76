"""An image as the bytes that a request asked for."""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ....core.errors import RefusalError
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....rendering.camera import JpegFormat
from ..refusal import Code

_DEFAULT_QUALITY = 95
_OFFERED = (sensorsim.PNG, sensorsim.JPEG, sensorsim.RGB_UINT8_PLANAR)


def check_format(request: sensorsim.RGBRenderRequest) -> None:
    """Refuse formats that are not offered and qualities that are none."""
    if request.image_format not in (sensorsim.UNDEFINED, *_OFFERED):
        known = ", ".join(sensorsim.ImageFormat.Name(number) for number in _OFFERED)
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"image_format {request.image_format} is not offered; use one of {known}",
        )
    if not 0.0 <= request.image_quality <= 100.0:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"image_quality must be in 0 to 100 (0 for the default), not {request.image_quality}",
        )


def jpeg_format(request: sensorsim.RGBRenderRequest) -> JpegFormat | None:
    """Return the JPEG that a request asks for, or None when it asks for something else.

    Quality 90 and above keeps full colour resolution (4:4:4), below it is 4:2:0.
    """
    if request.image_format != sensorsim.JPEG:
        return None
    quality = round(request.image_quality) or _DEFAULT_QUALITY
    return JpegFormat(quality, full_colour=quality >= 90)


def encode(rgb: NDArray[np.uint8], request: sensorsim.RGBRenderRequest) -> bytes:
    """Return uint8 (H, W, 3) RGB in the request's format; without one, PNG."""
    form = jpeg_format(request)
    if form is not None:
        return simplejpeg.encode_jpeg(
            rgb,
            quality=form.quality,
            colorspace="RGB",
            colorsubsampling="444" if form.full_colour else "420",
        )
    match request.image_format:
        case sensorsim.RGB_UINT8_PLANAR:
            return np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
        case _:
            # Level 1: an image a frame is wanted now rather than small.
            _, data = cv2.imencode(
                ".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1]
            )
            return data.tobytes()
