"""Motorcycles, scooters and bicycles with their riders.

Frame: x forward, y left, z up from the ground, the middle of the vehicle at x = y = 0; metres.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import (
    chamfered_box,
    disc,
    ellipsoid,
    tube,
)
from .moving_parts import as_wheel
from .vehicle_parts import (
    HEAD_LAMP,
    RIM,
    RUBBER,
    TAIL_LAMP,
    TRIM,
    lamp,
    matte,
    paint,
    paint_of,
)
from .walkers import rider

Size = tuple[float, float, float]
Point = tuple[float, float, float]
_STEEL = (150, 152, 156)


def motorcycle(size_m: Size, seed: int | str, tag: int, rider_tag: int) -> Mesh:
    """Return a motorcycle (a scooter when the name says so) and its rider.

    ``size_m`` is (length, width, height) with the rider; ``tag`` and ``rider_tag`` are semantic
    tags.
    """
    length, width, height = size_m
    name = seed if isinstance(seed, str) else ""
    radius = 0.155 * length if "vespa" not in name else 0.125 * length
    rear, front = radius - 0.5 * length, 0.5 * length - radius
    seat = 0.47 * height
    bar = (0.62 * front, 0.42 * width, 0.60 * height)
    colour = paint(paint_of(seed), tag)
    parts = [*_tyre(rear, radius, 0.075, tag), *as_wheel(_tyre(front, radius, 0.06, tag), 0.0)]
    for side in (1, -1):
        parts.append(_rod((front, side * 0.07, radius), (bar[0], side * 0.07, bar[2]), 0.024, tag))
        parts.append(
            _rod((rear, side * 0.08, radius), (0.05, side * 0.08, 0.8 * radius), 0.03, tag)
        )
        parts.append(
            _rod(
                (0.62 * front, side * 0.08, bar[2]),
                (bar[0] - 0.06, side * bar[1], bar[2]),
                0.018,
                tag,
            )
        )
    parts += [
        ellipsoid(
            (0.13 * length, 0, seat + 0.03), (0.16 * length, 0.13, 0.085 * height), 8, 12, **colour
        ),
        ellipsoid(
            (0.0, 0, 0.55 * seat),
            (0.15 * length, 0.15, 0.12 * height),
            7,
            10,
            **matte((70, 72, 76), tag),
        ),
        chamfered_box(
            (-0.14 * length, 0, seat), (0.32 * length, 0.24, 0.09), 0.035, **matte(TRIM, tag)
        ),
        ellipsoid((-0.36 * length, 0, seat + 0.02), (0.11 * length, 0.09, 0.07), 6, 10, **colour),
        ellipsoid((front, 0, 2 * radius - 0.02), (0.6 * radius, 0.06, 0.05), 6, 10, **colour),
        ellipsoid(
            (0.80 * front, 0, 0.55 * height), (0.085 * length, 0.14, 0.10 * height), 7, 10, **colour
        ),
        disc(
            (0.80 * front + 0.087 * length, 0, 0.55 * height),
            (1, 0, 0.1),
            0.075,
            12,
            **lamp(HEAD_LAMP, tag),
        ),
        chamfered_box(
            (-0.465 * length, 0, seat + 0.02), (0.05, 0.14, 0.05), 0.01, **lamp(TAIL_LAMP, tag)
        ),
        chamfered_box(
            (-0.475 * length, 0, seat - 0.13),
            (0.015, 0.20, 0.13),
            0.004,
            **matte((226, 226, 214), tag),
        ),
        tube(
            (-0.05, -0.15, 0.8 * radius),
            (rear - 0.05, -0.16, 0.95 * radius),
            0.035,
            0.05,
            10,
            **matte(_STEEL, tag),
        ),
    ]
    if "vespa" in name:
        parts.append(
            chamfered_box(
                (0.5 * front, 0, 0.36 * height), (0.06, 0.36, 0.40 * height), 0.03, **colour
            )
        )
    lean = 0.10 if "low_rider" in name or "vespa" in name else 0.20
    shoulder = (-0.10 * length + lean * length * 0.8, 0.0, 0.81 * height)
    parts.append(
        rider(
            (-0.13 * length, 0.0, seat + 0.10),
            shoulder,
            bar,
            (0.04, 0.16, 0.85 * radius),
            seed,
            rider_tag,
        )
    )
    return concatenate(parts)


def bicycle(size_m: Size, seed: int | str, tag: int, rider_tag: int) -> Mesh:
    """Return a bicycle with a diamond frame and its rider.

    ``size_m`` is (length, width, height) with the rider; ``tag`` and ``rider_tag`` are semantic
    tags.
    """
    length, width, height = size_m
    radius = min(0.205 * length, 0.35)
    rear, front = radius - 0.5 * length, 0.5 * length - radius
    saddle = (-0.13 * length, 0.0, 0.57 * height)
    crank = (-0.04 * length, 0.0, 0.85 * radius)
    head = (0.62 * front, 0.0, 0.54 * height)
    bar = (0.58 * front, 0.40 * width, 0.61 * height)
    tubes: list[tuple[Point, Point]] = [
        (saddle, crank),
        (crank, head),
        (head, (saddle[0], 0.0, 0.52 * height)),
        ((rear, 0.0, radius), crank),
        ((rear, 0.0, radius), (saddle[0], 0.0, 0.52 * height)),
        ((front, 0.0, radius), (head[0] - 0.02, 0.0, bar[2])),
    ]
    parts = [*_ring(rear, radius, tag), *as_wheel(_ring(front, radius, tag), 0.0)]
    parts += [tube(a, b, 0.018, sides=8, **paint(paint_of(seed), tag)) for a, b in tubes]
    parts += [
        tube((bar[0], -bar[1], bar[2]), bar, 0.014, sides=8, **matte(TRIM, tag)),
        chamfered_box(saddle, (0.26, 0.14, 0.05), 0.02, **matte(TRIM, tag)),
        tube(
            (crank[0], -0.02, crank[2]),
            (crank[0], -0.05, crank[2]),
            0.09,
            sides=14,
            **matte(_STEEL, tag),
        ),
        chamfered_box(
            (saddle[0] - 0.16, 0, saddle[2] - 0.12),
            (0.03, 0.06, 0.04),
            0.01,
            **lamp(TAIL_LAMP, tag),
        ),
        chamfered_box(
            (head[0] + 0.05, 0, head[2]), (0.05, 0.06, 0.06), 0.01, **lamp(HEAD_LAMP, tag)
        ),
    ]
    hip = (saddle[0], 0.0, saddle[2] + 0.07)
    shoulder = (0.03 * length, 0.0, 0.845 * height)
    foot = (crank[0] + 0.02, 0.10, crank[2] - 0.10)
    parts.append(rider(hip, shoulder, bar, foot, seed, rider_tag))
    return concatenate(parts)


def _rod(start: Point, end: Point, radius: float, tag: int) -> Mesh:
    return tube(start, end, radius, sides=8, **matte(_STEEL, tag))


def _tyre(x: float, radius: float, half: float, tag: int) -> list[Mesh]:
    """Return a thick wheel with a bright rim."""
    return [
        tube((x, -half, radius), (x, half, radius), radius, sides=24, **matte(RUBBER, tag)),
        *(
            disc(
                (x, side * (half + 0.004), radius),
                (0, side, 0),
                0.66 * radius,
                18,
                **matte(RIM, tag),
            )
            for side in (1, -1)
        ),
        *(
            disc(
                (x, side * (half + 0.008), radius),
                (0, side, 0),
                0.48 * radius,
                14,
                **matte(TRIM, tag),
            )
            for side in (1, -1)
        ),
    ]


def _ring(x: float, radius: float, tag: int) -> list[Mesh]:
    """Return a thin wheel: a tyre one can see through, and spokes."""
    angles = np.linspace(0.0, 2 * np.pi, 21)
    rim = [
        (x + radius * 0.965 * np.cos(a), 0.0, radius + radius * 0.965 * np.sin(a)) for a in angles
    ]
    parts = [
        tube(a, b, 0.035 * radius + 0.006, sides=6, **matte(RUBBER, tag)) for a, b in pairwise(rim)
    ]
    hub = (x, 0.0, radius)
    parts += [tube(hub, rim[k], 0.004, sides=3, **matte(_STEEL, tag)) for k in range(0, 20, 2)]
    return parts
