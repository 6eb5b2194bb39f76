"""The four walls of a house: windows, doors, shop fronts and awnings on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...rendering.mesh import GLASS
from .parts import (
    Array,
    Colour,
    Faces,
)

_GLASS = (46, 60, 74)
_FRAME = (226, 224, 216)
_DOORS: tuple[Colour, ...] = ((86, 56, 38), (48, 66, 60), (92, 34, 32), (58, 60, 66))
_AWNINGS: tuple[Colour, ...] = ((150, 46, 40), (44, 92, 74), (46, 70, 118), (186, 140, 52))
FLOOR_M = 3.2


@dataclass(frozen=True)
class House:
    """A house in its own frame: the street facade lies on x = 0, faces -x and runs along y."""

    width_m: float
    depth_m: float
    floors: int
    facade: tuple[float, float, float]
    roof: Colour
    gabled: bool
    shop: bool


_WALL_AXES = (
    ((0.0, -1.0), (-1.0, 0.0)),
    ((1.0, 0.0), (0.0, -1.0)),
    ((0.0, 1.0), (1.0, 0.0)),
    ((-1.0, 0.0), (0.0, 1.0)),
)
"""Of each wall in the house's plane: the direction along it, and outwards."""


def _wall_frame(house: House, wall: int, points: Array) -> Array:
    """Return points (..., 3) = (along the wall, up, outwards) of a wall in the house's frame.

    Walls: 0 street, 1 right side, 2 back, 3 left side; ``along`` grows to the right as seen from
    outside.
    """
    along, outwards = _WALL_AXES[wall]
    origin = (
        (0.0, house.width_m),
        (0.0, 0.0),
        (house.depth_m, 0.0),
        (house.depth_m, house.width_m),
    )[wall]
    result = np.empty(points.shape)
    for axis in (0, 1):
        result[..., axis] = (
            origin[axis] + along[axis] * points[..., 0] + outwards[axis] * points[..., 2]
        )
    result[..., 2] = points[..., 1]
    return result


def _panels(house: House, wall: int, rectangles: Array, out_m: float) -> Array:
    """Return quads (N, 4, 3) of rectangles (N, 4) = (left, bottom, right, top) on a wall."""
    corners = np.empty((len(rectangles), 4, 3))
    corners[..., 0] = rectangles[:, [0, 2, 2, 0]]
    corners[..., 1] = rectangles[:, [1, 1, 3, 3]]
    corners[..., 2] = out_m
    return _wall_frame(house, wall, corners)


def openings(house: House, wall: int, rng: np.random.Generator) -> list[Faces]:
    """Return windows, doors and awnings of a wall: 0 street, 1 right side, 2 back, 3 left side."""
    length = house.width_m if wall % 2 == 0 else house.depth_m
    columns = max(int((length - 1.0) // 2.7), 1)
    pitch = length / columns
    middles = np.linspace(0.5 * pitch, length - 0.5 * pitch, columns)
    first = 1 if wall == 0 else 0
    floors = np.arange(first, house.floors)
    grid = np.stack(np.meshgrid(middles, floors * FLOOR_M + 1.35, indexing="ij"), -1).reshape(-1, 2)
    half, tall = 0.55, 1.5
    x, z = grid.T
    windows = np.stack([x - half, z, x + half, z + tall], axis=-1)
    faces = []
    if wall == 0:
        faces += _ground_floor(house, middles, pitch, rng)
    if len(windows):
        glass = np.array(_GLASS) * rng.uniform(0.75, 1.35, len(windows))[:, None]
        lit = rng.random(len(windows)) < 0.06
        glass[lit] = (188, 164, 112)
        frames = windows + np.array([-0.1, -0.14, 0.1, 0.1])
        panes = _panels(house, wall, windows, 0.04)
        faces.append(Faces(panes, glass, GLASS))
        # Details that only the street sees are left out where nobody passes.
        if wall != 2:
            faces.append(Faces(_panels(house, wall, frames, 0.02), _FRAME))
        if wall == 0:
            bars = np.stack([x - 0.03, z, x + 0.03, z + tall], axis=-1)
            faces.append(Faces(_panels(house, wall, bars, 0.05), _FRAME))
    return faces


def _ground_floor(
    house: House, middles: Array, pitch: float, rng: np.random.Generator
) -> list[Faces]:
    door_at = int(rng.integers(len(middles)))
    door = np.array([[middles[door_at] - 0.6, 0.0, middles[door_at] + 0.6, 2.3]])
    colour = _DOORS[rng.integers(len(_DOORS))]
    surround = door + np.array([-0.15, 0.0, 0.15, 0.18])
    faces = [
        Faces(_panels(house, 0, surround, 0.07), _FRAME),
        Faces(_panels(house, 0, door, 0.09), colour),
        Faces(_panels(house, 0, door + np.array([0.25, 1.5, -0.25, -0.25]), 0.1), _GLASS, GLASS),
    ]
    others = np.delete(middles, door_at)
    if not len(others):
        return faces
    if house.shop:
        half, low, high = 0.5 * pitch - 0.2, 0.55, 2.7
    else:
        half, low, high = 0.55, 1.25, 2.65
    glass = np.stack(
        [others - half, np.full_like(others, low), others + half, np.full_like(others, high)], -1
    )
    frames = glass + np.array([-0.1, -0.1, 0.1, 0.1])
    faces.append(Faces(_panels(house, 0, frames, 0.08), _FRAME))
    faces.append(Faces(_panels(house, 0, glass, 0.1), _GLASS, GLASS))
    if house.shop:
        awning = np.array(
            [
                [0.3, 2.95, 0.1],
                [house.width_m - 0.3, 2.95, 0.1],
                [house.width_m - 0.3, 2.6, 1.1],
                [0.3, 2.6, 1.1],
            ]
        )
        cloth = _AWNINGS[rng.integers(len(_AWNINGS))]
        face = _wall_frame(house, 0, awning)[None]
        faces.append(Faces(face[:, ::-1], cloth))
        faces.append(Faces(face - (0.0, 0.0, 0.02), cloth))
    return faces
