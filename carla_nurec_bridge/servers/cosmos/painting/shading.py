"""Relight one picture: snow and water on surfaces, light of the hour, fog, what falls."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ....rendering.engines.threads import part_count, share
from .light import (
    GROUND_BY_TAG,
    LAMP_BY_TAG,
    light_of,
    tables_of,
)
from .prompt_conditions import PromptConditions
from .shade_kernels import (
    GLOW_STEP,
    TILE,
    contact_rows,
    lamp_glow,
    shade_rows,
)
from .sky import falling_tiles


class Relighter:
    """One prompt's conditions for images of one size; call it with each image in turn."""

    def __init__(
        self, conditions: PromptConditions, height: int, width: int, rate_hz: float, seed: int
    ) -> None:
        """Make the tables; the same arguments give the same pictures."""
        self._conditions = conditions
        self._rate_hz = rate_hz
        self._light = light_of(conditions)
        self._tables = tables_of(conditions, self._light, height, width, seed)
        falls = conditions.rain > 0 or conditions.snowfall > 0
        nothing = np.zeros((0, TILE, TILE), np.float32)
        self._tiles = falling_tiles(conditions, height, seed) if falls else nothing
        self._contact = np.zeros((height, width), np.int32)
        # One cell more: the last rows and columns belong to no whole one.
        cells = (height // GLOW_STEP + 1, width // GLOW_STEP + 1, 3)
        self._glow = np.zeros(cells, np.float32)
        self._bounds = np.linspace(0, height, part_count(height) + 1).astype(int)
        self._scratch = np.zeros((len(self._bounds) - 1, 4, width), np.float32)
        self._scale = height / 720

    def __call__(
        self,
        rgb: NDArray[np.uint8],
        tags: NDArray[np.uint8],
        depth_m: NDArray[np.float32],
        index: int,
    ) -> NDArray[np.uint8]:
        """Return image number ``index`` in these conditions: (H, W, 3) uint8, as ``rgb`` is.

        ``tags`` (H, W) are CARLA's semantic tags, ``depth_m`` (H, W) metres, inf in the sky.
        """
        if self._conditions.wet > 0:
            contact_rows(tags, GROUND_BY_TAG, self._contact)
        if self._conditions.night > 0:
            self._collect_glow(rgb, tags)
        image = (rgb, tags, depth_m, self._contact, self._glow)
        moving = (self._tiles, self._shifts(index))
        out = np.empty_like(rgb)
        bounds = self._bounds
        share(
            lambda part: shade_rows(
                bounds[part],
                bounds[part + 1],
                image,
                self._tables,
                self._light,
                moving,
                self._scratch[part],
                out,
            ),
            len(bounds) - 1,
        )
        return out

    def _collect_glow(self, rgb: NDArray[np.uint8], tags: NDArray[np.uint8]) -> None:
        height, width = tags.shape
        cells = self._glow[: height // GLOW_STEP, : width // GLOW_STEP]
        lamp_glow(rgb, tags, LAMP_BY_TAG, cells)
        wide = cv2.GaussianBlur(cells, (0, 0), 5 * self._scale)
        halo = cv2.GaussianBlur(cells, (0, 0), 1.6 * self._scale)
        cells[:] = (1.4 * wide + 0.6 * halo) * np.float32(self._conditions.night)

    def _shifts(self, index: int) -> NDArray[np.int32]:
        """Return how far each layer has fallen and drifted (L, 2), in pixels."""
        time_s = index / self._rate_hz
        rain = self._conditions.rain >= self._conditions.snowfall
        moved = np.zeros((len(self._tiles), 2), np.int32)
        for layer in range(len(self._tiles)):
            speed = (2300.0 if rain else 260.0) * self._scale / (1 + layer)
            sway = 0.0 if rain else 26 * math.sin(1.3 * time_s + 2.0 * layer) * self._scale
            slant = 0.12 if rain else 0.5
            moved[layer, 0] = round(speed * time_s)
            moved[layer, 1] = round(slant * self._conditions.wind * speed * time_s + sway)
        return moved
