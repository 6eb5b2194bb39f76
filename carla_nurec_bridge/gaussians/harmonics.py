"""Real spherical harmonics as 3D Gaussian splatting orders and signs them, and their rotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.frames import Matrix

C0 = 0.28209479177387814
"""The constant harmonic: a colour is 0.5 plus this times its first coefficient."""
MOST_DEGREE = 3
DEGREE_OF_COUNT = {1: 0, 4: 1, 9: 2, 16: 3}
"""The degree of so many coefficients."""
C1 = 0.4886025119029199
C2 = (1.0925484305920792, 0.31539156525252005, 0.5462742152960396)
C3 = (
    0.5900435899266435,
    2.890611442640554,
    0.4570457994644658,
    0.3731763325901154,
    1.445305721320277,
)
"""The factors of the bands, as ``basis`` has them."""


def basis(directions: ArrayLike, degree: int) -> Matrix:
    """Return the harmonics (..., (degree + 1)^2) at unit directions (..., 3), degree 0 to 3."""
    x, y, z = np.moveaxis(np.asarray(directions, dtype=np.float64), -1, 0)
    terms: list[Matrix] = [np.full_like(x, C0)]
    if degree >= 1:
        terms += [-C1 * y, C1 * z, -C1 * x]
    if degree >= 2:
        terms += [
            C2[0] * x * y,
            -C2[0] * y * z,
            C2[1] * (2.0 * z * z - x * x - y * y),
            -C2[0] * x * z,
            C2[2] * (x * x - y * y),
        ]
    if degree >= 3:
        terms += [
            -C3[0] * y * (3.0 * x * x - y * y),
            C3[1] * x * y * z,
            -C3[2] * y * (4.0 * z * z - x * x - y * y),
            C3[3] * z * (2.0 * z * z - 3.0 * x * x - 3.0 * y * y),
            -C3[2] * x * (4.0 * z * z - x * x - y * y),
            C3[4] * z * (x * x - y * y),
            -C3[0] * x * (x * x - 3.0 * y * y),
        ]
    return np.stack(terms, axis=-1)


def rotated(sh: NDArray[np.float32], rotation: Matrix) -> NDArray[np.float32]:
    """Return coefficients (N, K, 3) that give in direction R d what they gave in direction d.

    A rotation mixes the coefficients of one band among themselves; each band's matrix is solved
    for at directions that determine it.
    """
    degree = DEGREE_OF_COUNT[sh.shape[1]]
    mixed = np.eye(sh.shape[1], dtype=np.float32)
    directions = np.random.default_rng(0).normal(size=(64, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    before, after = basis(directions, degree), basis(directions @ rotation.T, degree)
    for band in range(1, degree + 1):
        terms = slice(band * band, (band + 1) ** 2)
        mixed[terms, terms] = np.linalg.lstsq(after[:, terms], before[:, terms], rcond=None)[0]
    return mixed @ sh


def colour_from_dc(dc: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the colours (..., 3), 0 to 1, of coefficients of the constant harmonic (..., 3)."""
    return np.clip(np.float32(0.5) + np.float32(C0) * dc, 0.0, 1.0)


def dc_from_colour(colours: ArrayLike) -> NDArray[np.float32]:
    """Return coefficients (..., 3) of the constant harmonic that give colours (..., 3), 0 to 1."""
    with np.errstate(over="ignore"):
        return ((np.asarray(colours, dtype=np.float64) - 0.5) / C0).astype(np.float32)
