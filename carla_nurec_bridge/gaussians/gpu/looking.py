"""Where points land on an image: looked up in the table of pixels, at the line that sees them."""

from __future__ import annotations

import warp as wp

from ..drawing.pixel_table import NODES
from .tables import PoseTable, SightTable, mat34


@wp.func
def place(pose: mat34, point: wp.vec3) -> wp.vec3:
    """Return a point of a body in the sensor's frame."""
    return wp.vec3(
        pose[0, 0] * point[0] + pose[0, 1] * point[1] + pose[0, 2] * point[2] + pose[0, 3],
        pose[1, 0] * point[0] + pose[1, 1] * point[1] + pose[1, 2] * point[2] + pose[1, 3],
        pose[2, 0] * point[0] + pose[2, 1] * point[1] + pose[2, 2] * point[2] + pose[2, 3],
    )


@wp.func
def look_up(view: SightTable, point: wp.vec3) -> wp.vec3:
    """Return (sample, line, 1 where the lens sees it) of a point in the sensor's frame."""
    length = wp.length(point)
    height = length + point[2]
    seen = wp.float32(1.0)
    scale = wp.float32(1.0e6)
    if height > 1.0e-6 * length:
        scale = 1.0 / height
    else:
        seen = 0.0
    across = point[0] * scale
    down = point[1] * scale
    square = across * across + down * down
    if not (square < view.reach * view.reach):
        seen = 0.0
        shorter = wp.float32(0.0)
        if square > 0.0:
            shorter = view.reach / wp.sqrt(square)
        across *= shorter
        down *= shorter
    gx = (across / view.reach + 1.0) * wp.static(0.5 * (NODES - 1))
    gy = (down / view.reach + 1.0) * wp.static(0.5 * (NODES - 1))
    i = int(wp.clamp(gx, 0.0, wp.static(NODES - 2.0)))
    j = int(wp.clamp(gy, 0.0, wp.static(NODES - 2.0)))
    fx = gx - float(i)
    fy = gy - float(j)
    above = view.pixels[j, i] * (1.0 - fx) + view.pixels[j, i + 1] * fx
    below = view.pixels[j + 1, i] * (1.0 - fx) + view.pixels[j + 1, i + 1] * fx
    found = above * (1.0 - fy) + below * fy
    return wp.vec3(found[0], found[1], seen)


@wp.func
def line_of(t: float, lines: int) -> int:
    """Return the line that a coordinate lies on."""
    return int(wp.clamp(t, 0.0, float(lines - 1)))


@wp.func
def solved(
    view: SightTable,
    motion: PoseTable,
    body: int,
    point: wp.vec3,
    start: int,
    iterations: int,
    near: float,
) -> wp.vec4:
    """Return (sample, line coordinate, seen, line) of a point at the line that exposes it.

    The search starts at a line and ends when one shows the point within ``near`` lines of itself.
    """
    line = int(start)
    lines = view.rays.shape[0]
    found = look_up(view, place(motion.poses[line, body], point))
    looking = wp.bool(True)
    for _ in range(iterations):
        if looking:
            other = line_of(found[1], lines)
            if wp.abs(float(other - line)) <= near:
                looking = False
            else:
                line = other
                found = look_up(view, place(motion.poses[line, body], point))
    return wp.vec4(found[0], found[1], found[2], float(line))


@wp.func
def is_valid(view: SightTable, margin: float, found: wp.vec3) -> bool:
    """Tell whether a point is seen, and lies on the image grown by a share on each side."""
    samples = float(view.rays.shape[1])
    lines = float(view.rays.shape[0])
    beside = margin * samples
    beyond = margin * lines
    return (
        found[2] > 0.0
        and found[0] > -beside
        and found[0] < samples + beside
        and found[1] > -beyond
        and found[1] < lines + beyond
    )
