"""From Gaussians to what a tile needs to know of them: the kernel of the first stage.

The unscented transform bounds a Gaussian on the image and puts it into tiles; it does not colour a
pixel. Sigma points, their weights and the order of the tests that drop a Gaussian are those of
3DGUT (arXiv 2412.12507, and the renderer published beside it).
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np

from ...rendering.engines.jit import inlined, kernel
from .colour import radiance
from .pixel_table import NODES

TILE = 16
RECORD = 16
"""Columns of a record: the (3, 3) matrix from metres to sigmas, mean, opacity, colour."""
BOUNDS = 16
"""Columns of bounds: mean sample and line, inverse covariance xx, xy, yy, largest power, then the
first and last tile (excluded) across and along lines; filled up to a line of the cache."""

LEAST_OPACITY = 1.0 / 255.0
LOW_PASS = 0.3
MOST_SIGMAS = 3.33
SHIFT_PX = 0.1


@inlined
def _look_up(pixels, reach, x, y, z):
    """Return (sample, line, whether the lens sees it) of a point in the sensor's frame."""
    length = math.sqrt(x * x + y * y + z * z)
    height = length + z
    seen = height > 1e-6 * length
    scale = 1.0 / height if seen else 1e6
    across, down = x * scale, y * scale
    square = across * across + down * down
    if not square < reach * reach:
        seen = False
        shorter = reach / math.sqrt(square) if square > 0.0 else 0.0
        across, down = across * shorter, down * shorter
    half = 0.5 * (NODES - 1)
    gx, gy = (across / reach + 1.0) * half, (down / reach + 1.0) * half
    i = np.uint32(min(max(gx, 0.0), NODES - 2.0))
    j = np.uint32(min(max(gy, 0.0), NODES - 2.0))
    fx, fy = gx - i, gy - j
    one = np.uint32(1)
    s = (1.0 - fy) * ((1.0 - fx) * pixels[j, i, 0] + fx * pixels[j, i + one, 0]) + fy * (
        (1.0 - fx) * pixels[j + one, i, 0] + fx * pixels[j + one, i + one, 0]
    )
    t = (1.0 - fy) * ((1.0 - fx) * pixels[j, i, 1] + fx * pixels[j, i + one, 1]) + fy * (
        (1.0 - fx) * pixels[j + one, i, 1] + fx * pixels[j + one, i + one, 1]
    )
    return s, t, seen


@inlined
def _at_line(pose, pixels, reach, x, y, z):
    """Return what ``_look_up`` does for a point of a body, at one line's pose (3, 4)."""
    return _look_up(
        pixels,
        reach,
        pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3],
        pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3],
        pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3],
    )


@inlined
def _line_of(t, lines):
    return int(min(max(t, 0.0), lines - 1.0))


@inlined
def _solved(poses, body, pixels, reach, x, y, z, line, lines, iterations, near):
    """Return (sample, line coordinate, seen, line) of a point at the line that exposes it.

    The search starts at ``line`` and ends when a line shows the point within ``near`` lines of
    itself.
    """
    s, t, seen = _at_line(poses[line, body], pixels, reach, x, y, z)
    for _ in range(iterations):
        found = _line_of(t, lines)
        if abs(found - line) <= near:
            break
        line = found
        s, t, seen = _at_line(poses[line, body], pixels, reach, x, y, z)
    return s, t, seen, line


@kernel
def project(part, parts, particles, motion, table, size, rules, orders, records, bounds):
    """Project one part of the Gaussians.

    ``table`` is (pixels, reach, seen_rad, per_rad) of the view, ``size`` (samples, lines). For a
    Gaussian that is seen, ``orders`` (N,) gets its distance (or depth), metres; ``records``
    (N, RECORD) what pixels need of it, ``bounds`` (N, BOUNDS) where it is. The order of others is
    inf.
    """
    pixels, reach, seen_rad, per_rad = table
    samples, lines = size
    count = len(particles.means)
    first, last = count * part // parts, count * (part + 1) // parts
    poses, middle = motion.sensor_from_body, len(motion.sensor_from_body) - 1
    cone = min(seen_rad + motion.turn_rad, math.pi)
    cos_cone, sin_cone = math.cos(cone), math.sin(cone)
    across, along = (samples + TILE - 1) // TILE, (lines + TILE - 1) // TILE
    per_line_m, per_line_rad = 2.0 * motion.reach_m / lines, 2.0 * motion.turn_rad / lines
    margin_s, margin_t = rules.margin * samples, rules.margin * lines
    for n in range(first, last):
        orders[n] = np.inf
        opacity = float(particles.opacities[n])
        body = particles.bodies[n]
        if opacity < LEAST_OPACITY or not motion.shown[body]:
            continue
        x, y, z = (
            float(particles.means[n, 0]),
            float(particles.means[n, 1]),
            float(particles.means[n, 2]),
        )
        if body == 0:
            x, y, z = x - motion.centre[0], y - motion.centre[1], z - motion.centre[2]
        pose = poses[middle, body]
        cx = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]
        cy = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]
        cz = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        distance = math.sqrt(cx * cx + cy * cy + cz * cz)
        if not (distance if rules.near_by_distance else cz) >= rules.near_m:
            continue
        s0, s1, s2 = (
            float(particles.scales[n, 0]),
            float(particles.scales[n, 1]),
            float(particles.scales[n, 2]),
        )
        ball = rules.spread * max(s0, s1, s2) + motion.reach_m
        if ball < distance and cone < math.pi:
            # No sigma point can be seen when the ball around them lies beside the cone of sight.
            sine = ball / distance
            cosine = math.sqrt(1.0 - sine * sine)
            # Cone and ball together are less than half a turn wide while their sine is positive.
            narrow = sin_cone * cosine + cos_cone * sine > 0.0
            if narrow and cz < (cos_cone * cosine - sin_cone * sine) * distance:
                continue
        line = 0
        if motion.still:
            iterations = 0
        else:
            iterations = rules.iterations
            _, t, _ = _at_line(poses[middle, body], pixels, reach, x, y, z)
            line = _line_of(t, lines)
        u0, v0, seen, line = _solved(
            poses, body, pixels, reach, x, y, z, line, lines, iterations, 0.0
        )
        # So many lines away the motion shifts a point by less than is worth another look.
        near = SHIFT_PX / (per_rad * (per_line_m / distance + per_line_rad) + 1e-9)
        valid = seen and -margin_s < u0 < samples + margin_s and -margin_t < v0 < lines + margin_t
        any_valid, all_valid = valid, valid

        w, i, j, k = (
            float(particles.rotations[n, 0]),
            float(particles.rotations[n, 1]),
            float(particles.rotations[n, 2]),
            float(particles.rotations[n, 3]),
        )
        r00, r01, r02 = 1.0 - 2.0 * (j * j + k * k), 2.0 * (i * j - k * w), 2.0 * (i * k + j * w)
        r10, r11, r12 = 2.0 * (i * j + k * w), 1.0 - 2.0 * (i * i + k * k), 2.0 * (j * k - i * w)
        r20, r21, r22 = 2.0 * (i * k - j * w), 2.0 * (j * k + i * w), 1.0 - 2.0 * (i * i + j * j)

        sum_u, sum_v, uu, uv, vv = 0.0, 0.0, 0.0, 0.0, 0.0
        for point in range(6):
            axis = point // 2
            sign = rules.spread if point % 2 == 0 else -rules.spread
            if axis == 0:
                ax, ay, az, reach_m = r00, r10, r20, sign * s0
            elif axis == 1:
                ax, ay, az, reach_m = r01, r11, r21, sign * s1
            else:
                ax, ay, az, reach_m = r02, r12, r22, sign * s2
            u, v, seen, _ = _solved(
                poses,
                body,
                pixels,
                reach,
                x + reach_m * ax,
                y + reach_m * ay,
                z + reach_m * az,
                line,
                lines,
                iterations,
                near,
            )
            valid = seen and -margin_s < u < samples + margin_s and -margin_t < v < lines + margin_t
            any_valid, all_valid = any_valid or valid, all_valid and valid
            du, dv = u - u0, v - v0
            sum_u += rules.weight * du
            sum_v += rules.weight * dv
            uu += rules.weight * du * du
            uv += rules.weight * du * dv
            vv += rules.weight * dv * dv
        if not (all_valid if rules.all_sigma_points else any_valid):
            continue
        # The weighted squares about the mean, of points relative to the centre's pixel.
        about = rules.centre_weight + 6.0 * rules.weight - 2.0
        uu += about * sum_u * sum_u
        uv += about * sum_u * sum_v
        vv += about * sum_v * sum_v
        before = uu * vv - uv * uv
        if not (uu > 0.0 and vv > 0.0 and uu < 1e18 and vv < 1e18):
            continue
        uu, vv = uu + LOW_PASS, vv + LOW_PASS
        determinant = uu * vv - uv * uv
        if not determinant > 0.0:
            continue
        kept = math.sqrt(max(2.5e-5, before / determinant))
        if opacity * kept < LEAST_OPACITY:
            continue
        power = math.log(255.0 * opacity * kept)
        sigmas = min(MOST_SIGMAS, math.sqrt(2.0 * power))
        half_trace = 0.5 * (uu + vv)
        radius = sigmas * math.sqrt(
            half_trace + math.sqrt(max(0.01, half_trace * half_trace - determinant))
        )
        half_u, half_v = min(sigmas * math.sqrt(uu), radius), min(sigmas * math.sqrt(vv), radius)
        mean_u, mean_v = u0 + sum_u - 0.5, v0 + sum_v - 0.5
        left = max(math.floor((mean_u - half_u) / TILE), 0.0)
        top = max(math.floor((mean_v - half_v) / TILE), 0.0)
        right = min(math.ceil((mean_u + half_u) / TILE), float(across))
        bottom = min(math.ceil((mean_v + half_v) / TILE), float(along))
        if not (left < right and top < bottom):
            continue

        bounds[n, 0], bounds[n, 1] = mean_u, mean_v
        bounds[n, 2] = vv / determinant
        bounds[n, 3] = -uv / determinant
        bounds[n, 4] = uu / determinant
        bounds[n, 5] = power
        bounds[n, 6], bounds[n, 7], bounds[n, 8], bounds[n, 9] = left, right, top, bottom
        records[n, 0], records[n, 1], records[n, 2] = r00 / s0, r10 / s0, r20 / s0
        records[n, 3], records[n, 4], records[n, 5] = r01 / s1, r11 / s1, r21 / s1
        records[n, 6], records[n, 7], records[n, 8] = r02 / s2, r12 / s2, r22 / s2
        records[n, 9], records[n, 10], records[n, 11] = x, y, z
        records[n, 12] = opacity * kept if rules.antialiased else opacity
        dx = x - motion.origins[middle, body, 0]
        dy = y - motion.origins[middle, body, 1]
        dz = z - motion.origins[middle, body, 2]
        away = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
        red, green, blue = radiance(particles.harmonics, n, dx * away, dy * away, dz * away)
        records[n, 13], records[n, 14], records[n, 15] = red, green, blue
        orders[n] = cz if rules.z_order else distance
