"""Pens and colours shared by the parts of the contact sheet."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..world.object_classes import ObjectClass
from ..world.states import Size

Rgb = tuple[int, int, int]

BACKGROUND: Rgb = (16, 19, 24)
PANEL: Rgb = (25, 29, 36)
INK: Rgb = (236, 239, 244)
FAINT: Rgb = (140, 148, 160)
ACCENT: Rgb = (118, 185, 0)
EGO: Rgb = (118, 185, 0)
ROUTE: Rgb = (88, 140, 220)
OTHER: Rgb = (240, 160, 70)
WALKER: Rgb = (240, 90, 110)
CRASH: Rgb = (255, 64, 64)


def colour_of(object_class: ObjectClass) -> Rgb:
    """Return the colour of an object's class."""
    return WALKER if object_class is ObjectClass.PEDESTRIAN else OTHER


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of the sheet in pixels of height."""
    return ImageFont.load_default(size)


def text(
    image: Image.Image,
    at: tuple[float, float],
    words: str,
    size: int,
    colour: Rgb = INK,
    anchor: str = "la",
) -> None:
    """Write words with their anchor (Pillow's two letters) at a point."""
    ImageDraw.Draw(image).text(at, words, fill=colour, font=font(size), anchor=anchor)


def fitted(pixels: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    """Return an image (H, W, 3) RGB as large as fits, on the panel's ground."""
    image = Image.fromarray(pixels, "RGB")
    scale = min(width / image.width, height / image.height)
    small = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
        Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST,
    )
    ground = Image.new("RGB", (width, height), PANEL)
    ground.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
    return ground


class Canvas:
    """A drawing in metres seen from above: x to the right, y up, drawn at twice the size."""

    _SCALE = 2

    def __init__(
        self, width: int, height: int, centre_m: tuple[float, float], metres_per_pixel: float
    ) -> None:
        self._size = (width, height)
        self._centre = np.array(centre_m)
        self._per_metre = self._SCALE / metres_per_pixel
        self._image = Image.new("RGB", (width * self._SCALE, height * self._SCALE), PANEL)
        self._draw = ImageDraw.Draw(self._image)

    def pixels(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the drawing's own pixels of points (N, 2) in metres."""
        offset = (np.asarray(points_m)[:, :2] - self._centre) * self._per_metre
        middle = np.array(self._image.size) / 2
        return np.stack([middle[0] + offset[:, 0], middle[1] - offset[:, 1]], axis=1)

    def line(self, points_m: NDArray[np.float64], colour: Rgb, width: float) -> None:
        """Draw a polyline (N, 2 or 3), ``width`` in pixels of the result."""
        if len(points_m) > 1:
            pixels = [tuple(p) for p in self.pixels(points_m)]
            self._draw.line(pixels, colour, max(1, round(width * self._SCALE)), joint="curve")

    def polygon(
        self, points_m: NDArray[np.float64], outline: Rgb, fill: Rgb | None, width: float = 1.5
    ) -> None:
        """Draw a closed outline (N, 2 or 3)."""
        pixels = [tuple(p) for p in self.pixels(points_m)]
        self._draw.polygon(pixels, fill=fill, outline=outline, width=round(width * self._SCALE))

    def dot(self, point_m: NDArray[np.float64], colour: Rgb, radius: float) -> None:
        """Draw a filled circle, ``radius`` in pixels of the result."""
        x, y = self.pixels(np.asarray(point_m)[None, :])[0]
        r = radius * self._SCALE
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=BACKGROUND, width=2)

    def label(self, point_m: NDArray[np.float64], words: str, size: int, colour: Rgb) -> None:
        """Write words with their middle at a point."""
        x, y = self.pixels(np.asarray(point_m)[None, :])[0]
        at = (float(x), float(y))
        self._draw.text(at, words, fill=colour, font=font(size * self._SCALE), anchor="mm")

    def points(self, points_m: NDArray[np.float64], colours: NDArray[np.uint8]) -> None:
        """Colour one pixel for each point (N, 2 or 3) with its colour (N, 3); later ones win."""
        pixels = np.floor(self.pixels(points_m)).astype(np.int64)
        data = np.asarray(self._image).copy()
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            x, y = pixels[:, 0] + dx, pixels[:, 1] + dy
            inside = (x >= 0) & (y >= 0) & (x < data.shape[1]) & (y < data.shape[0])
            data[y[inside], x[inside]] = colours[inside]
        self._replace(data)

    def triangles(self, corners_m: NDArray[np.float64], colour: Rgb) -> None:
        """Fill triangles (T, 3, 2) in metres; those outside the drawing cost nothing."""
        pixels = self.pixels(corners_m.reshape(-1, 2)).reshape(-1, 3, 2)
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        shown = np.all((high >= 0) & (low <= np.array(self._image.size)), axis=1)
        data = np.asarray(self._image).copy()
        fixed = np.round(pixels[shown] * 16).astype(np.int32)
        for triangle in fixed:
            cv2.fillConvexPoly(data, triangle, colour, cv2.LINE_8, 4)
        self._replace(data)

    def _replace(self, data: NDArray[np.uint8]) -> None:
        self._image.paste(Image.fromarray(data, "RGB"))

    def image(self) -> Image.Image:
        """Return the finished drawing at its size."""
        return self._image.resize(self._size, Image.Resampling.LANCZOS)


def footprint(map_from_box: NDArray[np.float64], size_m: Size) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a box seen from above, counter-clockwise from front left."""
    half = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * np.array(size_m[:2]) / 2
    corners = np.concatenate([half, np.zeros((4, 1)), np.ones((4, 1))], axis=1)
    result: NDArray[np.float64] = (corners @ map_from_box.T)[:, :2]
    return result
