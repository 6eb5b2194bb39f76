"""Debug texts: words in an image, beginning at a place of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .....core.frames import Matrix, mirror_vector
from ...wire.codecs import BOOL, TEXT, VECTOR
from ..optics.lens import Optics

FONT, SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
LINE_STEP = 1.6
SHADOW = (0, 0, 0)


@dataclass(frozen=True, eq=False)
class Text:
    """Words whose top left corner is at ``place`` (3,), map frame; colour red, green, blue."""

    place: NDArray[np.float64]
    words: str
    shadow: bool
    colour: tuple[int, int, int]

    @staticmethod
    def of(fields: Sequence[Any], colour: tuple[int, int, int]) -> Text:
        """Read a text as it came on the wire: place, words, whether it casts a shadow."""
        return Text(
            mirror_vector(VECTOR.decode(fields[0])),
            TEXT.decode(fields[1]),
            BOOL.decode(fields[2]),
            colour,
        )


def write(text: Text, rgb: NDArray[np.uint8], optics: Optics, map_from_camera: Matrix) -> None:
    """Write a text into an image (H, W, 3), over all that stands before it.

    ``map_from_camera`` is the optical frame. The letters have the same size everywhere; characters
    that are not ASCII become question marks.
    """
    pixel = optics.pixel_of(map_from_camera[:3, :3].T @ (text.place - map_from_camera[:3, 3]))
    if pixel is None:
        return
    left, top = round(pixel[0]), round(pixel[1])
    for line in text.words.encode("ascii", "replace").decode().splitlines():
        (_, height), _ = cv2.getTextSize(line, FONT, SCALE, 1)
        if text.shadow:
            cv2.putText(rgb, line, (left + 1, top + height + 1), FONT, SCALE, SHADOW, 1)
        cv2.putText(rgb, line, (left, top + height), FONT, SCALE, text.colour, 1)
        top += round(LINE_STEP * height)
