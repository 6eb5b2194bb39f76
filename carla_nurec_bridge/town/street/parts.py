"""Building blocks of the street: many quads, boxes and prisms at once, and their colours."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...rendering.mesh import MATTE, Mesh

Array = NDArray[np.float64]
Colour = Sequence[int]


class Label(IntEnum):
    """CARLA's CityObjectLabel, as far as the street uses it."""

    ROADS = 1
    SIDEWALKS = 2
    BUILDINGS = 3
    WALLS = 4
    FENCES = 5
    POLES = 6
    TRAFFIC_SIGNS = 8
    VEGETATION = 9
    TERRAIN = 10
    STATIC = 20
    ROAD_LINES = 24
    GROUND = 25


def triangles(
    corners: ArrayLike, colours: ArrayLike, tag: int, finish: int = MATTE, object_id: int = 0
) -> Mesh:
    """Return T separate triangles of ``corners`` (T, 3, 3); colours are (3,) or (T, 3), sRGB."""
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 3)
    count = len(points) // 3
    rgba = np.empty((count, 4), np.uint8)
    rgba[:, :3] = np.clip(np.rint(np.asarray(colours, dtype=np.float64)), 0, 255)
    rgba[:, 3] = finish
    return Mesh(
        points.astype(np.float32),
        np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
        rgba,
        np.full(count, tag, np.uint8),
        np.full(count, object_id, np.int32),
    )


class Faces(NamedTuple):
    """Quads of one look, not yet a mesh: corners (N, 4, 3), colours (3,) or (N, 3), the finish."""

    corners: ArrayLike
    colours: ArrayLike
    finish: int = MATTE


def quads_of(faces: Sequence[Faces], tag: int) -> Mesh:
    """Return all quads as one mesh, as ``quads`` makes it of each.

    Things of many small parts are made so: a mesh for each part costs more than its quads.
    """
    corners = [np.asarray(x.corners, dtype=np.float64).reshape(-1, 4, 3) for x in faces]
    every = np.concatenate(corners)
    colours, finish = np.empty((len(every), 3)), np.empty(len(every), np.uint8)
    end = 0
    for x, own in zip(faces, corners, strict=True):
        begin, end = end, end + len(own)
        colours[begin:end], finish[begin:end] = x.colours, x.finish
    return quads(every, colours, tag, finish)


def quads(
    corners: ArrayLike,
    colours: ArrayLike,
    tag: int,
    finish: ArrayLike = MATTE,
    object_id: int = 0,
) -> Mesh:
    """Return N quads of ``corners`` (N, 4, 3), counter-clockwise seen from their front.

    Colours are (3,) or (N, 3), sRGB 0 to 255; the finish is one, or (N,).
    """
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 3)
    count = len(points)
    rgba = np.empty((count, 4), np.uint8)
    rgba[:, :3] = np.clip(np.rint(np.asarray(colours, dtype=np.float64)), 0, 255)
    rgba[:, 3] = finish
    first = 4 * np.arange(count, dtype=np.int32)[:, None]
    index = (first + np.array([0, 1, 2, 0, 2, 3])).reshape(-1, 3)
    return Mesh(
        points.reshape(-1, 3).astype(np.float32),
        index.astype(np.int32),
        np.repeat(rgba, 2, axis=0),
        np.full(2 * count, tag, np.uint8),
        np.full(2 * count, object_id, np.int32),
    )


_BOX_FACES = np.array(
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
)
"""Faces of a box: bottom, top, front (-y), right (+x), back (+y), left (-x)."""


def box_quads(low: ArrayLike, high: ArrayLike, *, sides_only: bool = False) -> Array:
    """Return the faces (6 or 4, 4, 3) of an axis-parallel box, seen from outside."""
    (x0, y0, z0), (x1, y1, z1) = np.asarray(low, float), np.asarray(high, float)
    corners = np.array(
        [
            [x0, y0, z0],
            [x1, y0, z0],
            [x1, y1, z0],
            [x0, y1, z0],
            [x0, y0, z1],
            [x1, y0, z1],
            [x1, y1, z1],
            [x0, y1, z1],
        ]
    )
    return corners[_BOX_FACES[2:] if sides_only else _BOX_FACES]


def tube_quads(start: ArrayLike, end: ArrayLike, radii: tuple[float, float], sides: int) -> Array:
    """Return the side faces (sides, 4, 3) of a straight tapering tube between two points."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    axis = (b - a) / np.linalg.norm(b - a)
    helper = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    u = _cross(axis, helper)
    u /= np.linalg.norm(u)
    v = _cross(axis, u)
    angle = np.linspace(0.0, 2.0 * np.pi, sides + 1)
    ring = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
    low, high = a + radii[0] * ring, b + radii[1] * ring
    return np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1)


def _cross(a: Array, b: Array) -> Array:
    """Return the cross product of two vectors (3,), many times faster than numpy's."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def disc_triangles(
    centre: ArrayLike, normal_heading: float, radius: float, sides: int, turn: float = 0.0
) -> Array:
    """Return an upright disc (sides, 3, 3) that faces a heading in radians."""
    c = np.asarray(centre, float)
    across = np.array([-np.sin(normal_heading), np.cos(normal_heading), 0.0])
    angle = np.linspace(0.0, 2.0 * np.pi, sides + 1) + turn
    rim = c + radius * (
        np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * np.array([0.0, 0.0, 1.0])
    )
    middle = np.broadcast_to(c, (sides, 3))
    return np.stack([middle, rim[:-1], rim[1:]], axis=1)


def placed(points: ArrayLike, x: float, y: float, z: float, heading: float) -> Array:
    """Return points (..., 3) of a frame with x ahead and y left, put at a place and heading."""
    p = np.asarray(points, dtype=np.float64)
    cos, sin = np.cos(heading), np.sin(heading)
    return np.stack(
        [
            x + cos * p[..., 0] - sin * p[..., 1],
            y + sin * p[..., 0] + cos * p[..., 1],
            z + p[..., 2],
        ],
        axis=-1,
    )


def shaded(colour: Colour, rng: np.random.Generator, count: int, spread: float) -> Array:
    """Return variations (count, 3) of a colour whose brightness differs by ``spread``."""
    base = np.asarray(colour, dtype=np.float64)
    return base * (1.0 + rng.normal(0.0, spread, count))[:, None]
