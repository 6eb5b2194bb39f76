"""What the sky looks like, and what falls from it: tables made once a job."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .prompt_conditions import PromptConditions
from .shade_kernels import TILE

Table = NDArray[np.float32]
LAYERS = 3


def noise(height: int, width: int, cell: int, random: np.random.Generator) -> Table:
    """Return smooth noise (H, W) in 0..1, four octaves from ``cell`` pixels down."""
    total = np.zeros((height, width), np.float32)
    for octave in range(4):
        size = max(2, cell >> octave)
        grid = random.random((height // size + 3, width // size + 3), np.float32)
        layer = cv2.resize(grid, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
        total += layer[:height, :width] / (1 << octave)
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


def sky_table(conditions: PromptConditions, height: int, width: int, seed: int) -> Table:
    """Return the linear colours (H, W, 3) of a sky that fills the picture down to its middle."""
    random = np.random.default_rng([seed, 1])
    rise = np.clip(1 - np.linspace(0, 2, height, dtype=np.float32), 0, 1)[:, None, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    zenith, horizon = _rgb(0.10, 0.24, 0.62), _rgb(0.55, 0.70, 0.88)
    zenith = _mix(zenith, _rgb(0.16, 0.15, 0.36), conditions.sunset)
    horizon = _mix(horizon, _rgb(1.0, 0.42, 0.13), conditions.sunset)
    zenith = _mix(zenith, _rgb(0.34, 0.36, 0.40), 0.9 * conditions.overcast)
    horizon = _mix(
        horizon, _rgb(0.60, 0.61, 0.63), 0.8 * conditions.overcast * (1 - 0.6 * conditions.sunset)
    )
    colour = horizon + (zenith - horizon) * rise**0.6
    glow = np.exp(-(((across - conditions.sun_x) / 0.22) ** 2) - (rise / 0.28) ** 2)
    disc = np.exp(-(((across - conditions.sun_x) / 0.022) ** 2) - ((rise - 0.10) / 0.04) ** 2)
    colour = colour + conditions.sunset * (
        _rgb(0.9, 0.42, 0.10) * glow + _rgb(1.6, 1.1, 0.6) * disc
    )
    clouds = noise(height, width, max(16, width // 6), random)[..., None]
    stretched = np.clip((clouds - (0.62 - 0.5 * conditions.overcast)) * 3, 0, 1)
    cloud = _mix(_rgb(0.80, 0.82, 0.86), _rgb(0.30, 0.32, 0.35), conditions.overcast)
    cloud = _mix(cloud, _rgb(1.0, 0.36, 0.20), conditions.sunset * (1 - 0.6 * conditions.overcast))
    shade = 0.75 + 0.5 * noise(height, width, max(8, width // 10), random)[..., None]
    colour = colour + (cloud * shade - colour) * stretched * (0.35 + 0.6 * conditions.overcast)
    colour = colour * (1 - conditions.night) + conditions.night * _night_sky(
        rise, stretched, random
    )
    return np.ascontiguousarray(colour, np.float32)


def _night_sky(rise: Table, clouds: Table, random: np.random.Generator) -> Table:
    height, width = rise.shape[0], clouds.shape[1]
    colour = _rgb(0.014, 0.016, 0.026) + (_rgb(0.002, 0.003, 0.008) - 0.01) * rise
    stars = np.zeros((height, width), np.float32)
    count = height * width // 2500
    places = random.integers(0, (height, width), (count, 2))
    stars[places[:, 0], places[:, 1]] = random.uniform(0.05, 0.6, count)
    blurred = cv2.GaussianBlur(stars, (0, 0), max(0.5, height / 1100))
    night = np.clip(colour, 0.001, None) + blurred[..., None] * (1 - clouds)
    return np.asarray(night, np.float32)


def falling_tiles(conditions: PromptConditions, height: int, seed: int) -> Table:
    """Return the opacity (LAYERS, TILE, TILE) of rain streaks or snow flakes, near ones first.

    Each tile repeats seamlessly. Sizes follow the height of the picture.
    """
    random = np.random.default_rng([seed, 2])
    tiles = np.zeros((LAYERS, TILE, TILE), np.float32)
    scale = height / 720
    for layer in range(LAYERS):
        near = 1.0 / (1 + layer)
        canvas = np.zeros((3 * TILE, 3 * TILE), np.float32)
        drops = round(conditions.rain * (60, 180, 420)[layer])
        for x, y, weight in random.random((drops, 3)):
            length = max(3.0, 90 * near * scale * (0.6 + 0.8 * weight))
            _streak(
                canvas,
                TILE * (1 + x),
                TILE * (1 + y),
                length,
                0.12 * conditions.wind,
                0.25 + 0.3 * near,
            )
        flakes = round(conditions.snowfall * (26, 150, 480)[layer])
        for x, y, weight in random.random((flakes, 3)):
            radius = max(0.8, 4.2 * near * scale * (0.5 + weight))
            centre = (round((1 + x) * TILE * 16), round((1 + y) * TILE * 16))
            cv2.circle(canvas, centre, round(radius * 16), 0.9, -1, cv2.LINE_AA, 4)
        folded = canvas.reshape(3, TILE, 3, TILE).sum((0, 2))
        blur = 0.6 + 1.4 * near * scale * (conditions.snowfall > conditions.rain)
        blurred = cv2.GaussianBlur(np.tile(folded, (3, 3)), (0, 0), blur)
        tiles[layer] = np.clip(blurred[TILE : 2 * TILE, TILE : 2 * TILE], 0, 1)
    return tiles


def _streak(canvas: Table, x: float, y: float, length: float, slope: float, opacity: float) -> None:
    start = (round(x * 16), round(y * 16))
    end = (round((x + slope * length) * 16), round((y + length) * 16))
    cv2.line(canvas, start, end, opacity, 1, cv2.LINE_AA, 4)


def _rgb(red: float, green: float, blue: float) -> Table:
    return np.array([red, green, blue], np.float32)


def _mix(first: Table, second: Table, share: float) -> Table:
    return np.asarray(first + (second - first) * np.float32(share), np.float32)
