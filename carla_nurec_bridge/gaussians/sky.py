"""The sky as a cube map: which direction each texel is, and which texel each direction.

Faces +x, -x, +y, -y, +z, -z in OpenGL's orientation, of the direction (-y, z, -x) of one in nre
(x forward, y left, z up); row 0 is v = 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.frames import Matrix
from .cloud import Floats

_GL_FROM_NRE = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])


def directions_of_texels(side: int) -> Matrix:
    """Return unit directions in nre (6, side, side, 3) of the middles of a cube map's texels."""
    middles = (np.arange(side) + 0.5) / side * 2.0 - 1.0
    u, v = np.meshgrid(middles, middles)
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
