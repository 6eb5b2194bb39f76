"""The colour of a Gaussian seen from a direction, as ``drawing.colour`` has it."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..harmonics import C0, C1, C2, C3
from .tables import CloudTable, PoseTable, SeenTable

_A, _B, _C = C2
_D, _E, _F, _G, _H = C3
wp.set_module_options({"enable_backward": False})
vec16 = wp.types.vector(length=16, dtype=wp.float32)


@wp.func
def basis(v: wp.vec3) -> vec16:
    """Return the 16 harmonics of a unit direction, with the signs of 3D Gaussian splatting."""
    x = v[0]
    y = v[1]
    z = v[2]
    xx = x * x
    yy = y * y
    zz = z * z
    b = vec16()
    b[0] = wp.static(C0)
    b[1] = -wp.static(C1) * y
    b[2] = wp.static(C1) * z
    b[3] = -wp.static(C1) * x
    b[4] = wp.static(_A) * x * y
    b[5] = -wp.static(_A) * y * z
    b[6] = wp.static(_B) * (2.0 * zz - xx - yy)
    b[7] = -wp.static(_A) * x * z
    b[8] = wp.static(_C) * (xx - yy)
    b[9] = -wp.static(_D) * y * (3.0 * xx - yy)
    b[10] = wp.static(_E) * x * y * z
    b[11] = -wp.static(_F) * y * (4.0 * zz - xx - yy)
    b[12] = wp.static(_G) * z * (2.0 * zz - 3.0 * xx - 3.0 * yy)
    b[13] = -wp.static(_F) * x * (4.0 * zz - xx - yy)
    b[14] = wp.static(_H) * z * (xx - yy)
    b[15] = -wp.static(_D) * x * (xx - 3.0 * yy)
    return b


@wp.func
def radiance(cloud: CloudTable, n: int, direction: wp.vec3) -> wp.vec3:
    """Return red, green, blue of a Gaussian; of 16 harmonics those that the cloud has."""
    b = basis(direction)
    red = 0.5 + b[0] * cloud.harmonics[0, n]
    green = 0.5 + b[0] * cloud.harmonics[1, n]
    blue = 0.5 + b[0] * cloud.harmonics[2, n]
    for k in range(1, 16):
        if 3 * k < cloud.harmonics.shape[0]:
            red += b[k] * cloud.harmonics[3 * k, n]
            green += b[k] * cloud.harmonics[3 * k + 1, n]
            blue += b[k] * cloud.harmonics[3 * k + 2, n]
    return wp.vec3(wp.max(red, 0.0), wp.max(green, 0.0), wp.max(blue, 0.0))


@wp.kernel
def shade(motion: PoseTable, cloud: CloudTable, seen: SeenTable) -> None:
    """Put its colour into the record of a Gaussian that is seen, from mid-shutter."""
    n = wp.tid()
    if seen.counts[n] == wp.int64(0):
        return
    here = motion.origins[motion.origins.shape[0] - 1, cloud.bodies[n]]
    a = seen.records[4 * n + 2]
    away = wp.normalize(wp.vec3(a[1], a[2], a[3]) - here)
    colour = radiance(cloud, n, away)
    opacity = seen.records[4 * n + 3][0]
    seen.records[4 * n + 3] = wp.vec4(opacity, colour[0], colour[1], colour[2])
