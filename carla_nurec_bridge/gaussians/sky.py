"""The sky as a cube map: which direction each texel is, and which texel each direction.

Faces +x, -x, +y, -y, +z, -z in OpenGL's orientation, of the direction (-y, z, -x) of one in nre
(x forward, y left, z up); row 0 is v = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.frames import Matrix
from .cloud import Floats

_GL_FROM_NRE = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])


@dataclass(frozen=True, eq=False)
class SeamlessSky:
    """A cube map with a border of one texel around each face, of what is across its edges.

    texels: float32 (6, S + 2, S + 2, 3), C-contiguous. Between texels it is as smooth across edges
    and corners of the cube as within a face, as OpenGL's seamless cube maps are.
    """

    texels: Floats


def seamless(sky: Floats) -> SeamlessSky:
    """Return a sky (6, S, S, 3) with its borders; at a corner of the cube three texels' mean."""
    side = sky.shape[1]
    texels = np.empty((6, side + 2, side + 2, 3), np.float32)
    texels[:, 1:-1, 1:-1] = sky
    border, *beyond = _beyond_edges(side)
    texels[:, border] = sky[tuple(beyond)]
    for j, i in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        inner_j, inner_i = (1 if k == 0 else -2 for k in (j, i))
        around = texels[:, inner_j, inner_i] + texels[:, j, inner_i] + texels[:, inner_j, i]
        texels[:, j, i] = around / np.float32(3)
    return SeamlessSky(texels)


@lru_cache(maxsize=4)
def _beyond_edges(side: int) -> tuple[NDArray[Any], ...]:
    """Return where a face (S + 2, S + 2) has its border, and of what lies there face, row, column.

    These are (6, B), of the border's texels row by row.
    """
    beyond = 1.0 + 1e-6
    places = np.concatenate([[-beyond], _middles(side), [beyond]])
    border = np.ones((side + 2, side + 2), bool)
    border[1:-1, 1:-1] = False
    face, u, v = texels_of(_directions(places)[:, border].reshape(-1, 3))
    column, row = (np.clip((at * side).astype(np.intp), 0, side - 1) for at in (u, v))
    return border, *(part.reshape(6, -1) for part in (face, row, column))


def directions_of_texels(side: int) -> Matrix:
    """Return unit directions in nre (6, side, side, 3) of the middles of a cube map's texels."""
    return _directions(_middles(side))


def _middles(side: int) -> Matrix:
    return (np.arange(side) + 0.5) / side * 2.0 - 1.0


def _directions(places: Matrix) -> Matrix:
    """Return unit directions in nre (6, P, P, 3) at all pairs of places on the faces, -1 to 1."""
    u, v = np.meshgrid(places, places)
    one = np.ones_like(u)
    faces = [
        (one, -v, -u),
        (-one, -v, u),
        (u, one, v),
        (u, -one, -v),
        (u, -v, one),
        (-u, -v, -one),
    ]
    directions = np.stack([np.stack(face, axis=-1) for face in faces])
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    turned: Matrix = directions @ _GL_FROM_NRE
    return turned


def texels_of(directions: ArrayLike) -> tuple[NDArray[np.intp], Matrix, Matrix]:
    """Return face (N,), u and v (N,), 0 to 1, of directions in nre (N, 3)."""
    gl = np.asarray(directions, np.float64) @ _GL_FROM_NRE.T
    x, y, z = gl.T
    axis = np.argmax(np.abs(gl), axis=1)
    longest = np.take_along_axis(gl, axis[:, None], 1)[:, 0]
    face = 2 * axis + (longest < 0.0)
    u = np.choose(face, [-z, z, x, x, x, -x])
    v = np.choose(face, [-y, -y, z, -z, -y, -y])
    size = np.abs(longest)
    return face, (u / size + 1.0) * 0.5, (v / size + 1.0) * 0.5


def seen(sky: Floats, directions: ArrayLike) -> Floats:
    """Return the nearest texels (N, 3) of a sky (6, H, W, 3) in directions in nre (N, 3)."""
    face, u, v = texels_of(directions)
    _, height, width, _ = sky.shape
    column = np.clip((u * width).astype(np.intp), 0, width - 1)
    row = np.clip((v * height).astype(np.intp), 0, height - 1)
    return sky[face, row, column]


def turned(sky: Floats, a_from_b: Matrix) -> Floats:
    """Return a sky of frame b in frame a, (3, 3) turned: for each texel the nearest there was."""
    side = sky.shape[1]
    directions = directions_of_texels(side).reshape(-1, 3) @ a_from_b
    return seen(sky, directions).reshape(6, side, side, 3)
