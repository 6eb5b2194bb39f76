"""The images of a SOG: opened before any is unpacked, so that their sizes can be refused."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import InputError
from .unpacking import most_plain_bytes

_MOST_SIDE = 16_384
_ALWAYS_ALLOWED = 1 << 20
"""So many Gaussians may be in a file of any size; in a larger one as many as it has bytes."""
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

Pixels = NDArray[np.uint8]
Load = Callable[[str], bytes]
"""Returns the bytes of an image beside ``meta.json`` by its name."""


class ImageReader:
    """Reads the images of one file, each once; of an archive ``stored_bytes`` is the size."""

    def __init__(self, load: Load, what: str, stored_bytes: int | None = None) -> None:
        self.what = what
        self._stored_bytes = stored_bytes
        self._load = load
        self._opened: dict[str, Image.Image] = {}
        self._read: dict[str, Pixels] = {}

    def open(self, names: list[str], count: int) -> None:
        """Look at the heads of images; InputError when they are too large for their bytes."""
        packed = 0
        for name in sorted(set(names)):
            data = self._load(name)
            packed += len(data)
            self._opened[name] = self._headed(name, data)
        packed = packed if self._stored_bytes is None else min(packed, self._stored_bytes)
        plain = 4 * sum(math.prod(image.size) for image in self._opened.values())
        if plain > most_plain_bytes(packed) or count > max(_ALWAYS_ALLOWED, packed):
            raise InputError(
                f"{self.what} is said to hold {count} Gaussians, {plain} bytes of pixels, in "
                f"{packed} bytes; it is not read"
            )

    def _headed(self, name: str, data: bytes) -> Image.Image:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                image = Image.open(io.BytesIO(data), formats=("WEBP", "PNG"))
        except (OSError, ValueError, SyntaxError, *_BOMBS) as error:
            raise InputError(f"{self.what}: {name} is no lossless image: {error}") from error
        if max(image.size) > _MOST_SIDE:
            raise InputError(
                f"{self.what}: {name} is {image.size[0]} x {image.size[1]} pixels; "
                f"{_MOST_SIDE} a side are the most read"
            )
        return image

    def load(self, name: str) -> Pixels:
        """Return an image as (H, W, 4); InputError when it is none."""
        if name not in self._read:
            try:
                with self._opened.pop(name) as image:
                    self._read[name] = np.asarray(image.convert("RGBA"))
            except (OSError, ValueError, SyntaxError) as error:
                raise InputError(f"{self.what}: {name} is no lossless image: {error}") from error
        return self._read[name]

    def rows(self, name: str, count: int) -> Pixels:
        """Return the first pixels of an image (count, 4)."""
        pixels = self.load(name).reshape(-1, 4)
        if len(pixels) < count:
            raise InputError(f"{self.what}: {name} has {len(pixels)} pixels for {count} Gaussians")
        return pixels[:count]
