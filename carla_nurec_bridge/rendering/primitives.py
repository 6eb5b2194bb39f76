"""Simple solids as meshes; each takes ``colour``, ``tag``, maybe ``finish`` and ``object_id``.

Frames are the caller's, metres, x y z right-handed. Every solid is closed and seen from outside;
sheets (``quad``, ``disc``, ``sheet``) are seen from both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import NotRequired, Unpack

from .mesh import Mesh, build_mesh


class Material(TypedDict):
    """Say how a solid looks: see ``mesh.build_mesh``."""

    colour: Sequence[int]
    tag: int
    finish: NotRequired[int]
    object_id: NotRequired[int]


def box(centre: ArrayLike, size: ArrayLike, **look: Unpack[Material]) -> Mesh:
    """Return a box with faces along the axes; ``centre`` and ``size`` are (3,)."""
    return chamfered_box(centre, size, 0.0, **look)


def chamfered_box(
    centre: ArrayLike, size: ArrayLike, chamfer: float, **look: Unpack[Material]
) -> Mesh:
    """Return a box whose edges are cut at 45 degrees, ``chamfer`` metres from each edge."""
    x, y, z = np.asarray(size, np.float64) / 2
    c = min(chamfer, 0.49 * 2 * min(x, y, z))
    if c <= 0.0:
        ring = np.array([[x, -y], [x, y], [-x, y], [-x, -y]])
        levels = [(ring, -z), (ring, z)]
    else:
        ring = np.array(
            [
                [x, c - y],
                [x, y - c],
                [x - c, y],
                [c - x, y],
                [-x, y - c],
                [-x, c - y],
                [c - x, -y],
                [x - c, -y],
            ]
        )
        inset = np.clip(ring, [c - x, c - y], [x - c, y - c])
        levels = [(inset, -z), (ring, c - z), (ring, z - c), (inset, z)]
    rings = np.array([np.column_stack([r, np.full(len(r), h)]) for r, h in levels])
    return loft(rings + np.asarray(centre, np.float64), **look)


def tube(
    start: ArrayLike,
    end: ArrayLike,
    radius: float,
    end_radius: float | None = None,
    sides: int = 12,
    **look: Unpack[Material],
) -> Mesh:
    """Return a cylinder (or, with ``end_radius``, a cone) around the line between two points.

    ``sides`` is how many flat faces stand for its round one. Of two equal points it is a disc.
    """
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    length = np.linalg.norm(b - a)
    axis = (b - a) / length if length > 0.0 else np.array([1.0, 0.0, 0.0])
    across = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)[:, None]
    circle = np.cos(angle) * across + np.sin(angle) * np.cross(axis, across)
    far = radius if end_radius is None else end_radius
    return loft(np.array([a + radius * circle, b + far * circle]), **look)


def ellipsoid(
    centre: ArrayLike,
    radii: ArrayLike,
    rings: int = 8,
    sides: int = 12,
    **look: Unpack[Material],
) -> Mesh:
    """Return an ellipsoid with radii (3,) along the axes.

    ``rings`` are its faces from pole to pole along z, ``sides`` those around.
    """
    polar = np.linspace(np.pi, 0.0, rings + 1)[1:-1, None]
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)[None, :]
    unit = np.stack(
        [
            np.sin(polar) * np.cos(angle),
            np.sin(polar) * np.sin(angle),
            np.cos(polar) * np.ones_like(angle),
        ],
        axis=-1,
    )
    middle = np.asarray(centre, np.float64)
    points = unit * np.asarray(radii, np.float64) + middle
    tip = np.array([0.0, 0.0, 1.0]) * np.asarray(radii, np.float64)
    return loft(points, tips=(middle - tip, middle + tip), **look)


def quad(corners: ArrayLike, **look: Unpack[Material]) -> Mesh:
    """Return a sheet with four corners (4, 3), counter-clockwise seen from its front."""
    return build_mesh(corners, [[0, 1, 2], [0, 2, 3]], **look)


def disc(
    centre: ArrayLike, normal: ArrayLike, radius: float, sides: int = 16, **look: Unpack[Material]
) -> Mesh:
    """Return a flat round sheet that faces ``normal``, of ``sides`` triangles."""
    axis = np.asarray(normal, np.float64) / np.linalg.norm(normal)
    across = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)[:, None]
    rim = np.cos(angle) * across + np.sin(angle) * np.cross(axis, across)
    points = np.vstack([np.zeros(3), rim]) * radius + np.asarray(centre, np.float64)
    following = np.arange(sides)
    fan = np.column_stack([np.zeros(sides), following + 1, (following + 1) % sides + 1])
    return build_mesh(points, fan, **look)


def sheet(grid: ArrayLike, **look: Unpack[Material]) -> Mesh:
    """Return a curved sheet through a grid of points (R, C, 3), R and C at least 2."""
    points = np.asarray(grid, np.float64)
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (
        part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    faces = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    return build_mesh(points.reshape(-1, 3), faces, **look)


def loft(
    rings: NDArray[np.float64],
    tips: tuple[ArrayLike, ArrayLike] | None = None,
    **look: Unpack[Material],
) -> Mesh:
    """Return the closed solid through rings of points (K, N, 3).

    Each ring runs counter-clockwise seen from the end of the stack; the first and last are closed
    by fans around ``tips`` (their centres when None).
    """
    count, sides = rings.shape[:2]
    index = np.arange(count * sides).reshape(count, sides)
    after = np.roll(index, -1, axis=1)
    a, b = index[:-1].ravel(), after[:-1].ravel()
    c, d = after[1:].ravel(), index[1:].ravel()
    bands = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    if tips is None and sides == 4:
        low, high = index[0], index[-1]
        caps = [low[[0, 2, 1]], low[[0, 3, 2]], high[[0, 1, 2]], high[[0, 2, 3]]]
        return build_mesh(rings.reshape(-1, 3), np.vstack([bands, caps]), **look)
    ends = (rings[0].mean(axis=0), rings[-1].mean(axis=0)) if tips is None else tips
    low_tip, high_tip = np.full(sides, index.size), np.full(sides, index.size + 1)
    faces = np.concatenate(
        [
            bands,
            np.column_stack([low_tip, after[0], index[0]]),
            np.column_stack([high_tip, index[-1], after[-1]]),
        ]
    )
    points = np.vstack([rings.reshape(-1, 3), np.asarray(ends, np.float64)])
    return build_mesh(points, faces, **look)
