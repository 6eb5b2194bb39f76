"""The finished picture as bytes: what ``drawing.compose`` and ``drawing.shadows`` do, at once."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..drawing.compose import LEAST_LIGHT
from ..drawing.shadows import ABOVE_M, BELOW_M, DARKEST, FADE_M, LEAST_OPACITY
from .tables import BackdropTable, ImageTable, PoseTable, SightTable

wp.set_module_options({"enable_backward": False})


@wp.func
def sky_face(v: wp.vec3) -> wp.vec3:
    """Return (face, u, v) of a direction in nre, u and v -1 to 1; see ``drawing.compose``."""
    gx = -v[1]
    gy = v[2]
    gz = -v[0]
    ax = wp.abs(gx)
    ay = wp.abs(gy)
    az = wp.abs(gz)
    if ax >= ay and ax >= az:
        if gx > 0.0:
            return wp.vec3(0.0, -gz / ax, -gy / ax)
        return wp.vec3(1.0, gz / ax, -gy / ax)
    if ay >= az:
        if gy > 0.0:
            return wp.vec3(2.0, gx / ay, gz / ay)
        return wp.vec3(3.0, gx / ay, -gz / ay)
    if gz > 0.0:
        return wp.vec3(4.0, gx / az, -gy / az)
    return wp.vec3(5.0, -gx / az, -gy / az)


@wp.func
def sky_colour(sky: wp.array3d(dtype=wp.vec3), direction: wp.vec3) -> wp.vec3:
    """Return a ``SeamlessSky`` in a direction, between texels."""
    where = sky_face(direction)
    face = int(where[0])
    size = sky.shape[1] - 2
    x = 0.5 * (where[1] + 1.0) * float(size) + 0.5
    y = 0.5 * (where[2] + 1.0) * float(size) + 0.5
    i = wp.clamp(int(x), 0, size)
    j = wp.clamp(int(y), 0, size)
    fx = x - float(i)
    fy = y - float(j)
    upper = (1.0 - fx) * sky[face, j, i] + fx * sky[face, j, i + 1]
    lower = (1.0 - fx) * sky[face, j + 1, i] + fx * sky[face, j + 1, i + 1]
    return (1.0 - fy) * upper + fy * lower


@wp.func
def light_left(backdrop: BackdropTable, point: wp.vec3) -> float:
    """Return the share of light that bodies leave at a point of the ground."""
    light = wp.float32(1.0)
    for k in range(backdrop.halves.shape[0]):
        half = backdrop.halves[k]
        m = backdrop.box_from_scene[k]
        z = m[2, 0] * point[0] + m[2, 1] * point[1] + m[2, 2] * point[2] + m[2, 3] + half[2]
        if z >= -wp.static(float(BELOW_M)) and z <= wp.static(float(ABOVE_M)):
            x = m[0, 0] * point[0] + m[0, 1] * point[1] + m[0, 2] * point[2] + m[0, 3]
            y = m[1, 0] * point[0] + m[1, 1] * point[1] + m[1, 2] * point[2] + m[1, 3]
            dx = wp.max(wp.abs(x) - half[0], 0.0)
            dy = wp.max(wp.abs(y) - half[1], 0.0)
            away = (dx * dx + dy * dy) * wp.static(float(1.0 / (FADE_M * FADE_M)))
            if away < 9.0:
                height = wp.where(z > 0.0, wp.static(float(ABOVE_M)), wp.static(float(BELOW_M)))
                rise = z / height
                light *= 1.0 - wp.static(float(DARKEST)) * wp.exp(-away) * (1.0 - rise * rise)
    return light


@wp.kernel
def compose(
    view: SightTable,
    image: ImageTable,
    motion: PoseTable,
    backdrop: BackdropTable,
    rgb: wp.array2d(dtype=wp.uint8),
    deep: wp.array2d(dtype=wp.uint16),
) -> None:
    """Finish a pixel of the one of ``rgb`` and ``deep`` (H, 3 W) that is not empty."""
    line, sample = wp.tid()
    row = wp.where(backdrop.transposed != 0, sample, line)
    column = wp.where(backdrop.transposed != 0, line, sample)
    ray = view.rays[line, sample]
    colour = wp.vec3(0.0, 0.0, 0.0)
    if wp.dot(ray, ray) > 0.0:
        direction = motion.ray_turns[line] * ray
        passed = image.transmittance[line, sample]
        colour = image.colour[line, sample]
        opacity = 1.0 - passed
        if backdrop.halves.shape[0] > 0 and opacity >= wp.static(float(LEAST_OPACITY)):
            along = image.depth[line, sample] / opacity
            colour = colour * light_left(backdrop, motion.origins[line, 0] + along * direction)
        stands = backdrop.behind.shape[0] > 0
        if stands and backdrop.everywhere == 0 and image.far.shape[0] > 0:
            stands = wp.isfinite(image.far[line, sample])
        if stands:
            share = passed * wp.static(1.0 / 255.0)
            for channel in range(3):
                colour[channel] += share * float(int(backdrop.behind[row, 3 * column + channel]))
        elif passed > wp.static(LEAST_LIGHT) and backdrop.sky.shape[1] > 0:
            colour = colour + passed * sky_colour(backdrop.sky, direction)
    for channel in range(3):
        value = wp.clamp(colour[channel], 0.0, 1.0)
        if deep.shape[0] > 0:
            deep[row, 3 * column + channel] = wp.uint16(int(value * 65535.0 + 0.5))
        else:
            rgb[row, 3 * column + channel] = wp.uint8(int(value * 255.0 + 0.5))
