"""The colour of a Gaussian seen from a direction."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from ...rendering.engines.jit import inlined, kernel
from ..harmonics import C0, C1, C2, C3


@inlined
def _channel(sh, n, c, degree, x, y, z):
    value = 0.5 + C0 * sh[n, 0, c]
    if degree >= 1:
        value += C1 * (z * sh[n, 2, c] - y * sh[n, 1, c] - x * sh[n, 3, c])
    if degree >= 2:
        xx, yy, zz = x * x, y * y, z * z
        value += (
            C2[0] * (x * y * sh[n, 4, c] - y * z * sh[n, 5, c] - x * z * sh[n, 7, c])
            + C2[1] * (2.0 * zz - xx - yy) * sh[n, 6, c]
            + C2[2] * (xx - yy) * sh[n, 8, c]
        )
    if degree >= 3:
        value += (
            -C3[0] * y * (3.0 * xx - yy) * sh[n, 9, c]
            + C3[1] * x * y * z * sh[n, 10, c]
            - C3[2] * y * (4.0 * zz - xx - yy) * sh[n, 11, c]
            + C3[3] * z * (2.0 * zz - 3.0 * xx - 3.0 * yy) * sh[n, 12, c]
            - C3[2] * x * (4.0 * zz - xx - yy) * sh[n, 13, c]
            + C3[4] * z * (xx - yy) * sh[n, 14, c]
            - C3[0] * x * (xx - 3.0 * yy) * sh[n, 15, c]
        )
    return max(value, 0.0)


@kernel
def radiance(sh, n, x, y, z):
    """Return red, green, blue of Gaussian n of ``sh`` (N, K, 3) in the unit direction (x, y, z).

    The harmonics are in the order and with the signs of 3D Gaussian splatting, see ``harmonics``.
    """
    count = sh.shape[1]
    degree = 0
    if count >= 16:
        degree = 3
    elif count >= 9:
        degree = 2
    elif count >= 4:
        degree = 1
    return (
        _channel(sh, n, 0, degree, x, y, z),
        _channel(sh, n, 1, degree, x, y, z),
        _channel(sh, n, 2, degree, x, y, z),
    )
