"""Relight one picture: snow and water on surfaces, light of the hour, fog, what falls."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...rendering.jit import kernel
from .look import Look

SKY = 11
# By semantic tag: how much snow stays, and how much a wet surface mirrors.
_SNOW = {1: 0.62, 24: 0.55, 2: 0.95, 10: 1.0, 25: 0.95, 9: 0.62, 3: 0.10, 4: 0.3, 5: 0.3, 14: 0.28,
         15: 0.28, 16: 0.28, 20: 0.5, 21: 0.4, 26: 0.6, 27: 0.6, 28: 0.5, 22: 0.4}  # fmt: skip
_WET = {1: 1.0, 24: 0.9, 2: 0.55, 25: 0.4, 27: 0.3}
_LAMPS = (7, 14, 15, 16, 17, 18)
_GROUND = (1, 2, 10, 24, 25)


def _by_tag(values: dict[int, float]) -> NDArray[np.float32]:
    table = np.zeros(256, np.float32)
    for tag, value in values.items():
        table[tag] = value
    return table


SNOW_BY_TAG = _by_tag(_SNOW)
WET_BY_TAG = _by_tag(_WET)
LAMP_BY_TAG = _by_tag(dict.fromkeys(_LAMPS, 1.0))
GROUND_BY_TAG = _by_tag(dict.fromkeys(_GROUND, 1.0))


@kernel
def contact_rows(tags, ground, rows):  # type: ignore[no-untyped-def]
    """Find where things stand: ``rows`` (H, W) int32 gets the lowest row above that is no ground.

    ``tags`` (H, W) uint8, ``ground`` float32 (256,): above zero where a tag is ground.
    """
    height, width = tags.shape
    for x in range(width):
        rows[0, x] = 0
    for y in range(1, height):
        for x in range(width):
            lies = ground[tags[y - 1, x]] > 0.0
            rows[y, x] = rows[y - 1, x] if lies else y - 1


@kernel
def lamp_glow(rgb, tags, lamps, step, glow):  # type: ignore[no-untyped-def]
    """Collect lit lamps: ``glow`` (H // step, W // step, 3) gets the linear light of each cell."""
    rows, columns = glow.shape[0], glow.shape[1]
    for i in range(rows):
        for j in range(columns):
            red = green = blue = np.float32(0.0)
            for y in range(i * step, (i + 1) * step):
                for x in range(j * step, (j + 1) * step):
                    if lamps[tags[y, x]] > 0.0:
                        r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
                        top, low = max(r, g, b), min(r, g, b)
                        if top > 180 and (top - low > 145 or low > 235):
                            red += np.float32(r) / np.float32(255.0)
                            green += np.float32(g) / np.float32(255.0)
                            blue += np.float32(b) / np.float32(255.0)
            share = np.float32(1.0 / (step * step))
            glow[i, j, 0] = red * share
            glow[i, j, 1] = green * share
            glow[i, j, 2] = blue * share


@kernel
def shade_rows(  # type: ignore[no-untyped-def]
    first, last, rgb, tags, depth, contact, sky, clouds, glow, tiles, shifts, by_tag, look, focal,
    out,
):  # fmt: skip
    """Shade the rows from ``first`` up to ``last`` of one picture into ``out``.

    ``rgb`` and ``out`` (H, W, 3) uint8, ``tags`` (H, W) uint8, ``depth`` (H, W) float32 metres
    (inf: sky), ``contact`` (H, W) of contact_rows, ``sky`` (H, W, 3) linear, ``clouds`` (H, W),
    ``glow`` (H // 4, W // 4, 3) linear light around lamps, ``tiles`` (L, T, T) opacity of what
    falls, ``shifts`` (L, 2) int32 how far it has moved (rows, columns), ``by_tag`` (3, 256) of
    snow, wetness and lamps, ``focal`` in pixels.
    """
    height, width = tags.shape
    one = np.float32(1.0)
    layers, tile = tiles.shape[0], tiles.shape[1]
    day = one - np.float32(look.night)
    dull = np.float32(max(look.overcast, 0.5 * look.dust))
    low_sun = np.float32(look.sunset * (1.0 - 0.75 * look.overcast)) * day
    level = day * (one - np.float32(0.32) * dull) * (one - np.float32(0.35 * look.sunset))
    level += np.float32(0.085) * (one - day)
    warm = np.float32(0.05 * look.warmth)
    light_r = (
        level * (one + np.float32(0.55) * low_sun + warm) * (one - np.float32(0.25) * (one - day))
    )
    light_g = level * (one - np.float32(0.10) * low_sun - np.float32(0.06) * (one - day))
    light_b = (
        level * (one - np.float32(0.50) * low_sun - warm) * (one + np.float32(0.55) * (one - day))
    )
    # What fog, or the far air, looks like: the sky at the horizon, greyer as it thickens.
    grey = np.float32(0.62) * day * (one - np.float32(0.3 * look.sunset)) + np.float32(0.012)
    air_r = grey * (one + np.float32(0.45) * low_sun + np.float32(0.25 * look.dust))
    air_g = grey * (one - np.float32(0.05) * low_sun)
    air_b = grey * (one - np.float32(0.42) * low_sun - np.float32(0.35 * look.dust))
    density = np.float32(0.0012 + 0.055 * look.fog * look.fog + 0.012 * look.dust)
    fall_light = np.float32(0.75) * day + np.float32(0.10)
    wet, snow = np.float32(look.wet), np.float32(look.snow_cover)
    sun_x = np.float32(look.sun_x) * width
    headlight = np.float32(0.85) * (one - day)
    for y in range(first, last):
        dy = (np.float32(y) - np.float32(0.5) * height) / focal
        for x in range(width):
            tag = tags[y, x]
            far = depth[y, x]
            dx = (np.float32(x) - np.float32(0.5) * width) / focal
            if tag == SKY:
                r, g, b = sky[y, x, 0], sky[y, x, 1], sky[y, x, 2]
                through = np.float32(math.exp(-density * np.float32(160.0) * (one + dy)))
            else:
                sr = np.float32(rgb[y, x, 0]) * np.float32(1.0 / 255.0)
                sg = np.float32(rgb[y, x, 1]) * np.float32(1.0 / 255.0)
                sb = np.float32(rgb[y, x, 2]) * np.float32(1.0 / 255.0)
                r, g, b = sr * sr, sg * sg, sb * sb
                luma = np.float32(0.3) * r + np.float32(0.6) * g + np.float32(0.1) * b
                fade = np.float32(0.45) * dull
                r, g, b = r + (luma - r) * fade, g + (luma - g) * fade, b + (luma - b) * fade
                lies = by_tag[0, tag] * snow
                if lies > 0.0:
                    # The picture's own texture decides where it lies, so it moves with the world.
                    ragged = np.float32(0.55) + np.float32(1.1) * np.float32(math.sqrt(luma))
                    cover = min(np.float32(0.93), lies * ragged * np.float32(1.25))
                    white = np.float32(0.50) + np.float32(0.55) * luma
                    r += (white * np.float32(0.97) - r) * cover
                    g += (white * np.float32(0.99) - g) * cover
                    b += (white * np.float32(1.04) - b) * cover
                soak = by_tag[1, tag] * wet
                if soak > 0.0:
                    dark = one - np.float32(0.42) * soak
                    r, g, b = r * dark, g * dark, b * dark
                r, g, b = r * light_r, g * light_g, b * light_b
                if low_sun > 0.0:
                    side = one - min(one, abs(np.float32(x) - sun_x) / np.float32(width))
                    r *= one + np.float32(0.5) * low_sun * side * side
                    g *= one + np.float32(0.18) * low_sun * side * side
                if headlight > 0.0:
                    down = (dy - np.float32(0.07)) / np.float32(0.16)
                    across = dx / np.float32(0.5)
                    beam = math.exp(-down * down - across * across)
                    lit = headlight * np.float32(beam) * min(one, np.float32(14.0) / max(far, one))
                    r += sr * sr * lit * np.float32(0.95)
                    g += sg * sg * lit * np.float32(0.88)
                    b += sb * sb * lit * np.float32(0.72)
                    if by_tag[2, tag] > 0.0:
                        top, low = max(sr, sg, sb), min(sr, sg, sb)
                        if top > 0.7 and (top - low > 0.57 or low > 0.92):
                            r, g, b = sr * sr, sg * sg, sb * sb
                if soak > 0.0:
                    base = contact[y, x]
                    mirror = base - (y - base)
                    if mirror < 0:
                        mirror = 0
                    # Ruts of water along the road scatter the mirrored picture sideways.
                    slip = np.int32(np.float32(6.0) * (clouds[y, x] - np.float32(0.5)))
                    source = min(width - 1, max(0, x + slip))
                    graze = max(np.float32(0.0), one - np.float32(1.6) / max(far, np.float32(1.6)))
                    shine = soak * (np.float32(0.06) + np.float32(0.50) * graze * graze)
                    shine *= np.float32(0.55) + np.float32(0.9) * clouds[y, x]
                    if tags[mirror, source] == SKY:
                        mr, mg, mb = (
                            sky[mirror, source, 0],
                            sky[mirror, source, 1],
                            sky[mirror, source, 2],
                        )
                    else:
                        mr = np.float32(rgb[mirror, source, 0]) * np.float32(1.0 / 255.0)
                        mg = np.float32(rgb[mirror, source, 1]) * np.float32(1.0 / 255.0)
                        mb = np.float32(rgb[mirror, source, 2]) * np.float32(1.0 / 255.0)
                        mr, mg, mb = mr * mr * light_r, mg * mg * light_g, mb * mb * light_b
                    mr += glow[mirror >> 2, source >> 2, 0] * np.float32(1.5)
                    mg += glow[mirror >> 2, source >> 2, 1] * np.float32(1.5)
                    mb += glow[mirror >> 2, source >> 2, 2] * np.float32(1.5)
                    shine = min(np.float32(0.85), shine)
                    r, g, b = r + (mr - r) * shine, g + (mg - g) * shine, b + (mb - b) * shine
                through = np.float32(math.exp(-density * far))
            r, g, b = (
                air_r + (r - air_r) * through,
                air_g + (g - air_g) * through,
                air_b + (b - air_b) * through,
            )
            if headlight > 0.0:
                r += glow[y >> 2, x >> 2, 0]
                g += glow[y >> 2, x >> 2, 1]
                b += glow[y >> 2, x >> 2, 2]
            for layer in range(layers):
                if far < np.float32(2.0) * (layer + 1):
                    continue
                row = (y - shifts[layer, 0]) % tile
                column = (x - shifts[layer, 1]) % tile
                cover = tiles[layer, row, column]
                if cover > 0.0:
                    r += (fall_light - r) * cover
                    g += (fall_light - g) * cover
                    b += (fall_light * np.float32(1.04) - b) * cover
            out[y, x, 0] = np.uint8(
                np.float32(255.0) * np.float32(math.sqrt(min(one, max(np.float32(0.0), r))))
            )
            out[y, x, 1] = np.uint8(
                np.float32(255.0) * np.float32(math.sqrt(min(one, max(np.float32(0.0), g))))
            )
            out[y, x, 2] = np.uint8(
                np.float32(255.0) * np.float32(math.sqrt(min(one, max(np.float32(0.0), b))))
            )


class Relighter:
    """One look for pictures of one size; call it with each picture in turn."""

    def __init__(self, look: Look, height: int, width: int, rate_hz: float, seed: int) -> None:
        """Make the tables; the same arguments give the same pictures."""
        from .sky import falling_tiles, noise, sky_table

        self._look = look
        self._rate_hz = rate_hz
        self._focal = np.float32(width / 2)
        self._sky = sky_table(look, height, width, seed)
        # Stretched along the columns: lying water follows the lanes.
        random = np.random.default_rng([seed, 3])
        self._clouds = noise(height, width, max(8, width // 24), random)
        falls = look.rain > 0 or look.snowfall > 0
        tiles = falling_tiles(look, height, seed)
        self._tiles = tiles if falls else tiles[:0]
        self._contact = np.zeros((height, width), np.int32)
        self._glow = np.zeros((height // 4 + 1, width // 4 + 1, 3), np.float32)
        self._by_tag = np.stack([SNOW_BY_TAG, WET_BY_TAG, LAMP_BY_TAG])
        self._scale = height / 720

    def __call__(
        self,
        rgb: NDArray[np.uint8],
        tags: NDArray[np.uint8],
        depth_m: NDArray[np.float32],
        index: int,
    ) -> NDArray[np.uint8]:
        """Return picture number ``index`` in its new look: (H, W, 3) uint8, as ``rgb`` is.

        ``tags`` (H, W) are CARLA's semantic tags, ``depth_m`` (H, W) metres, inf in the sky.
        """
        import cv2

        from ...rendering.threads import part_count, share

        height, width = tags.shape
        if self._look.wet > 0:
            contact_rows(tags, GROUND_BY_TAG, self._contact)
        if self._look.night > 0:
            cells = self._glow[: height // 4, : width // 4]
            lamp_glow(rgb, tags, LAMP_BY_TAG, 4, cells)
            wide = cv2.GaussianBlur(cells, (0, 0), 5 * self._scale)
            halo = cv2.GaussianBlur(cells, (0, 0), 1.6 * self._scale)
            cells[:] = (1.4 * wide + 0.6 * halo) * np.float32(self._look.night)
        shifts = self._shifts(index)
        out = np.empty_like(rgb)
        parts = part_count(height)
        bounds = np.linspace(0, height, parts + 1).astype(int)
        share(
            lambda part: shade_rows(
                bounds[part], bounds[part + 1], rgb, tags, depth_m, self._contact, self._sky,
                self._clouds, self._glow, self._tiles, shifts, self._by_tag, self._look,
                self._focal, out,
            ),
            parts,
        )  # fmt: skip
        return out

    def _shifts(self, index: int) -> NDArray[np.int32]:
        """Return how far each layer has fallen and drifted (L, 2), in pixels."""
        time_s = index / self._rate_hz
        rain = self._look.rain >= self._look.snowfall
        moved = np.zeros((len(self._tiles), 2), np.int32)
        for layer in range(len(self._tiles)):
            speed = (2300.0 if rain else 260.0) * self._scale / (1 + layer)
            sway = 0.0 if rain else 26 * math.sin(1.3 * time_s + 2.0 * layer) * self._scale
            slant = 0.12 if rain else 0.5
            moved[layer, 0] = round(speed * time_s)
            moved[layer, 1] = round(slant * self._look.wind * speed * time_s + sway)
        return moved
