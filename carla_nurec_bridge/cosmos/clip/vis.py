"""The blurred picture of Cosmos' vis branch, made as the models' own preprocessors make it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np

from ...core.errors import InputError
from ...labels.frame import ByteImage
from ..kernels.bilateral import bilateral
from .controls import Strength

VisModel = Literal["transfer1", "transfer2.5"]

# By strength: factor by which the picture is made smaller first, then (diameter in pixels, sigma of
# colour, sigma of space) of the bilateral filter, then the factor of a last way down and up.
_LIKE: dict[str, dict[str, tuple[int, tuple[int, float, float], int]]] = {
    "transfer1": {
        "very_low": (1, (15, 100.0, 50.0), 1),
        "low": (4, (15, 100.0, 50.0), 1),
        "medium": (2, (30, 150.0, 100.0), 1),
        "high": (1, (50, 300.0, 150.0), 1),
        "very_high": (4, (50, 300.0, 150.0), 1),
    },
    "transfer2.5": {
        "very_low": (1, (30, 150.0, 100.0), 4),
        "low": (4, (30, 150.0, 100.0), 4),
        "medium": (2, (30, 150.0, 100.0), 10),
        "high": (1, (30, 150.0, 100.0), 16),
        "very_high": (4, (30, 150.0, 100.0), 16),
    },
}


_MUCH = 10


@dataclass(frozen=True)
class VisEncoding:
    """Whose preprocessor is followed, and its strength by the models' own names.

    Where the picture is shrunk by 10 or more in the end, the filter runs at half of the model's
    size unless ``exact`` is asked for: 15 times faster, and half a level away on average (3 levels
    in the worst hundredth of the pixels of a street at 1280x720).
    """

    model: VisModel = "transfer2.5"
    strength: Strength = "medium"
    exact: bool = False

    def __post_init__(self) -> None:
        if self.model not in _LIKE:
            raise InputError(f"vis model {self.model!r}: use {', '.join(_LIKE)}")
        if self.strength not in _LIKE[self.model]:
            known = ", ".join(_LIKE[self.model])
            raise InputError(f"vis strength {self.strength!r}: use {known}")

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as values that JSON can hold."""
        return asdict(self)


def vis_rgb(rgb: ByteImage, encoding: VisEncoding) -> ByteImage:
    """Return the picture (H, W, 3) without detail: textures flat, edges kept roughly."""
    height, width = rgb.shape[:2]
    smaller, (diameter, colour, space), through = _LIKE[encoding.model][encoding.strength]
    if through >= _MUCH and not encoding.exact:
        smaller, diameter, space = 2 * smaller, diameter // 2, space / 2.0
    image = rgb
    if smaller > 1:
        size = (max(width // smaller, 1), max(height // smaller, 1))
        image = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    image = bilateral(image, diameter, colour, space)
    if smaller > 1:
        up = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        image = np.asarray(up, np.uint8)
    if through > 1:
        # Averaging while it shrinks keeps what an antialiased cubic filter keeps.
        size = (max(width // through, 1), max(height // through, 1))
        down = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        up = cv2.resize(down, (width, height), interpolation=cv2.INTER_CUBIC)
        image = np.asarray(up, np.uint8)
    return image
