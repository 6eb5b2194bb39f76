"""The images of a data set: what each kind holds, and how it becomes bytes of a file and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.files.images import ImageError, decoded_image

_QUALITY = 95
_DEFLATE, _FLOAT_PREDICTOR = 8, 3
_PREDICTOR_TAG, _STRIP_TAG = 317, 278  # older releases of OpenCV have no names for them
_STRIP_ROWS = 64
"""Strips of one row, which would be OpenCV's, are thrice as large in all and take longer."""

_TIFF = (
    cv2.IMWRITE_TIFF_COMPRESSION,
    _DEFLATE,
    _PREDICTOR_TAG,
    _FLOAT_PREDICTOR,
    _STRIP_TAG,
    _STRIP_ROWS,
)
_PNG: tuple[int, ...] = ()
"""OpenCV's own choice, of runs after one filter; with any named, each row's filter is sought."""

Image = NDArray[Any]


@dataclass(frozen=True)
class StoredImage:
    """A kind of images: the end of its files' names, its pixels, and what they mean."""

    name: str
    suffix: str
    dtype: type[np.generic]
    channels: int
    meaning: str
    encode: Callable[[Image], bytes]

    def decode(self, path: Path) -> Image:
        """Return the pixels of a file: (H, W), or (H, W, 3) RGB. InputError names a bad file."""
        flags = cv2.IMREAD_UNCHANGED if self.channels == 1 else cv2.IMREAD_COLOR
        try:
            pixels = decoded_image(path.read_bytes(), flags)
        except OSError as error:
            raise InputError(f"cannot read the image {path}: {error}") from error
        except ImageError as error:
            raise InputError(
                f"{path} is no image of {self.name}: it {error}; record the scenario again"
            ) from error
        if pixels.dtype != self.dtype:
            raise InputError(f"{path} is no image of {self.name}; record the scenario again")
        return pixels if self.channels == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _jpeg(rgb: Image) -> bytes:
    coded: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), _QUALITY, "RGB", "444")
    return coded


def _png(pixels: Image) -> bytes:
    return _encoded(".png", pixels, _PNG)


def _png_rgb(rgb: Image) -> bytes:
    return _encoded(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _PNG)


def _tiff(pixels: Image) -> bytes:
    return _encoded(".tiff", pixels, _TIFF)


def _encoded(suffix: str, pixels: Image, options: tuple[int, ...]) -> bytes:
    done, coded = cv2.imencode(suffix, pixels, options)
    if not done:
        raise InputError(f"cannot make a {suffix} of an image {pixels.shape} {pixels.dtype}")
    return coded.tobytes()


IMAGES: dict[str, StoredImage] = {
    kind.name: kind
    for kind in (
        StoredImage("rgb", ".jpg", np.uint8, 3, "the camera's image, JPEG of quality 95", _jpeg),
        StoredImage(
            "depth",
            ".tiff",
            np.float32,
            1,
            "metres along the optical axis, every bit kept; the sky is 1000 m, CARLA's farthest",
            _tiff,
        ),
        StoredImage(
            "semantic_segmentation", ".png", np.uint8, 1, "CARLA's semantic tags, 0 to 28", _png
        ),
        StoredImage(
            "instance_segmentation",
            ".png",
            np.uint16,
            1,
            "pixel ids of objects, all 16 bits; 0 where no object is",
            _png,
        ),
        StoredImage(
            "normals", ".png", np.uint8, 3, "surface normal as (n / 2 + 1/2) * 255", _png_rgb
        ),
        StoredImage("edges", ".png", np.uint8, 1, "Canny's edges of the grey image, 255", _png),
        StoredImage("masks", ".png", np.uint8, 1, "groups of classes as Cityscapes' are", _png),
    )
}
"""All kinds by name, which is also that of their folder."""
