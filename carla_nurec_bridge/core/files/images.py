"""Images of files and replies, looked at before they are unpacked: a small one may hold much."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

MOST_PIXELS = 1 << 26
"""So many an image may have, 8192 x 8192: more than any camera's."""

PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_PNG_SIZE = struct.Struct(">II")
_AT = 16  # of the width in a PNG: behind signature, length and name of its first chunk


class ImageError(ValueError):
    """What is no image, or none that is read; the text goes on from its name."""


def decoded_jpeg(data: bytes) -> NDArray[np.uint8]:
    """Return the RGB pixels (H, W, 3) of a JPEG; ImageError as ``decoded_image``."""
    check_size(data)
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace="RGB"), np.uint8)
    except ValueError as error:
        raise ImageError(f"is no whole JPEG: {error}") from error


def decoded_image(data: bytes, flags: int = cv2.IMREAD_COLOR) -> NDArray[Any]:
    """Return an image's pixels as OpenCV gives them for its flags, (H, W) or BGR (H, W, 3).

    ImageError for what is none, or has more than ``MOST_PIXELS``.
    """
    check_size(data)
    try:
        pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ImageError(f"is no image that can be read: {error}") from error
    if pixels is None:
        raise ImageError("is no image that can be read")
    return pixels


def check_size(data: bytes) -> None:
    """Raise ImageError for what is no image by its head, or one of more than ``MOST_PIXELS``."""
    try:
        width, height = _size(data)
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise ImageError("is no image that can be read") from error
    if width * height > MOST_PIXELS:
        raise ImageError(f"has {width} x {height} pixels; {MOST_PIXELS} are the most that is read")


def _size(data: bytes) -> tuple[int, int]:
    if data.startswith(PNG):
        width, height = _PNG_SIZE.unpack_from(data, _AT)
        return int(width), int(height)
    if data.startswith(_JPEG):
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        return int(width), int(height)
    from PIL import Image  # takes a while to load, and knows the others

    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(image.width), int(image.height)
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
