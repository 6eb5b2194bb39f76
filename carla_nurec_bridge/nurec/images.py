"""Images as NuRec sends them, to pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import ProtocolError
from ..core.files.images import PNG, ImageError, decoded_image, decoded_jpeg


def planar(image: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """Return the RGB pixels (height, width, 3) of three bare planes; ProtocolError when too few."""
    if len(image) != 3 * width * height:
        raise ProtocolError(
            f"a planar image of {width} x {height} has {3 * width * height} bytes, NuRec sent "
            f"{len(image)}"
        )
    planes = np.frombuffer(image, np.uint8).reshape(3, height, width)
    return np.asarray(cv2.merge(tuple(planes)), np.uint8)  # a transposed copy takes 30 times that


def decoded(image: bytes) -> NDArray[np.uint8]:
    """Return the RGB pixels (H, W, 3) of a JPEG or PNG; ProtocolError for anything else."""
    try:
        if not image.startswith(PNG):
            return decoded_jpeg(image)
        return np.asarray(cv2.cvtColor(decoded_image(image), cv2.COLOR_BGR2RGB), np.uint8)
    except ImageError as error:
        raise ProtocolError(f"a picture, which must be JPEG or PNG, {error}") from error
