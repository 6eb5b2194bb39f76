"""Vans, buses and trucks.

Frame: x forward, y left, z up from the ground, the middle of the vehicle at x = y = 0; metres.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import (
    box,
    chamfered_box,
    loft,
    quad,
    tube,
)
from .moving_parts import as_wheel
from .vehicle_parts import (
    AMBER_LAMP,
    HEAD_LAMP,
    TAIL_LAMP,
    TRIM,
    glass,
    lamp,
    matte,
    number_of,
    paint,
    paint_of,
    plate,
    wheel,
)

_CARGO = ((232, 232, 228), (214, 210, 200), (70, 96, 140), (150, 40, 36), (226, 196, 92))
Size = tuple[float, float, float]


def van(size_m: Size, seed: int | str, tag: int) -> Mesh:
    """Return a panel van with a short sloping nose."""
    length, width, height = size_m
    name = seed if isinstance(seed, str) else ""
    colour = (236, 236, 232) if "ambulance" in name else paint_of(seed)
    half, radius = 0.465 * width, min(0.155 * height + 0.02, 0.42)
    nose = 0.5 * length
    floor, hood = 0.16 * height, 0.52 * height
    snub = 0.04 if "t2" in name else 0.11
    side_view = [
        (-nose + 0.02, floor),
        (nose - 0.06, floor),
        (nose - 0.01, 0.22 * height),
        (nose - 0.02, 0.42 * height),
        (nose - snub * length, hood),
        (nose - (snub + 0.09) * length, 0.90 * height),
        (nose - (snub + 0.15) * length, height),
        (-nose + 0.08, height),
        (-nose + 0.02, 0.94 * height),
    ]
    parts = [_across(side_view, half, 0.06, colour, tag)]
    windscreen = [
        (nose - snub * length + 0.004, hood + 0.03),
        (nose - (snub + 0.082) * length + 0.004, 0.88 * height),
    ]
    parts.append(_screen(windscreen, 0.80 * half, tag))
    door = (nose - (snub + 0.115) * length, nose - (snub + 0.27) * length)
    panes = [(door[0], door[1])]
    if "t2" in name or ("ambulance" not in name and number_of(seed) % 2):
        step = (door[1] + nose - 0.3) / 3
        panes += [(door[1] - 0.1 - k * step, door[1] - (k + 1) * step) for k in range(3)]
    for first, last in panes:
        parts += _side_panes(first, last, hood + 0.03, 0.86 * height, half + 0.006, tag)
    parts.append(_rear_pane(-nose + 0.012, 0.78 * half, hood + 0.05, 0.86 * height, tag))
    parts += _joints(half, [door[1] - 0.05, door[1] - 0.05 - 0.2 * length], floor, height, tag)
    parts += _ends(length, half, 0.36 * height, 0.46 * height, 0.20 * height, tag)
    parts += _wheels([0.31 * length, -0.30 * length], half, radius, 0.22, tag)
    parts += _mirrors(door[0] + 0.05, half, hood + 0.18, tag)
    if "ambulance" in name:
        for side in (1, -1):
            parts.append(
                _stripe(
                    -nose + 0.1,
                    nose * 0.5,
                    0.42 * height,
                    0.10 * height,
                    side * (half + 0.008),
                    (200, 30, 30),
                    tag,
                )
            )
        parts.append(
            chamfered_box(
                (0.25 * length, 0, height + 0.02),
                (0.3, 1.2 * half, 0.14),
                0.03,
                **lamp((40, 90, 255), tag),
            )
        )
    return concatenate(parts)


def bus(size_m: Size, seed: int | str, tag: int) -> Mesh:
    """Return a city bus with rows of windows and doors on its right."""
    length, width, height = size_m
    colour = paint_of(number_of(seed) + 4)
    half, radius = 0.45 * width, 0.145 * height
    end = 0.5 * length - 0.03
    floor = 0.09 * height
    side_view = [
        (-end, floor),
        (end, floor),
        (end + 0.02, 0.30 * height),
        (end - 0.03, 0.93 * height),
        (end - 0.25, height),
        (-end + 0.15, height),
        (-end, 0.94 * height),
    ]
    parts = [_across(side_view, half, 0.10, colour, tag)]
    low, high = 0.42 * height, 0.80 * height
    count = max(4, int(length / 1.45))
    edges = np.linspace(end - 0.35, -end + 0.35, count + 1)
    for first, last in pairwise(edges):
        parts += _side_panes(first - 0.04, last + 0.04, low, high, half + 0.008, tag)
    for x in (0.41 * length, 0.02 * length):
        for shift in (-0.36, 0.36):
            parts.append(_upright(x + shift, 0.64, floor + 0.12, high, -half - 0.012, tag))
    parts.append(
        _screen([(end + 0.024, 0.36 * height), (end - 0.006, 0.82 * height)], 0.88 * half, tag)
    )
    parts.append(_rear_pane(-end - 0.008, 0.75 * half, 0.52 * height, 0.82 * height, tag))
    parts.append(
        chamfered_box(
            (end - 0.03, 0, 0.89 * height),
            (0.10, 1.2 * half, 0.08 * height),
            0.02,
            **matte(TRIM, tag),
        )
    )
    parts.append(
        chamfered_box(
            (end, 0, 0.89 * height),
            (0.06, 0.9 * half, 0.045 * height),
            0.01,
            **lamp((255, 176, 40), tag),
        )
    )
    for side in (1, -1):
        parts.append(
            _stripe(
                -end + 0.05,
                end - 0.05,
                0.34 * height,
                0.05 * height,
                side * (half + 0.006),
                (236, 236, 232),
                tag,
            )
        )
    parts += _ends(length, half, 0.19 * height, 0.22 * height, 0.12 * height, tag)
    parts += _wheels([0.29 * length, -0.24 * length], half, radius, 0.3, tag)
    parts += _mirrors(end + 0.03, half, 0.72 * height, tag)
    parts.append(
        chamfered_box(
            (-0.1 * length, 0, height), (2.2, 1.1 * half, 0.16), 0.05, **matte((210, 212, 214), tag)
        )
    )
    return concatenate(parts)


def truck(size_m: Size, seed: int | str, tag: int) -> Mesh:
    """Return a truck: a cab, a frame and a box behind it."""
    length, width, height = size_m
    name = seed if isinstance(seed, str) else ""
    red = "firetruck" in name
    colour = (178, 20, 22) if red or "carlacola" in name else paint_of(seed)
    cargo = (178, 20, 22) if red else _CARGO[number_of(seed) % len(_CARGO)]
    cargo = (196, 22, 26) if "carlacola" in name else cargo
    half, radius = 0.46 * width, min(0.145 * height + 0.02, 0.54)
    end = 0.5 * length - 0.03
    cab = min(0.30 * length, 2.3)
    roof = height if height < 2.8 else 0.88 * height
    floor = 0.9 * radius
    side_view = [
        (end - cab, floor),
        (end - 0.04, floor),
        (end, 0.20 * height),
        (end - 0.02, 0.46 * roof),
        (end - 0.14 * cab, 0.90 * roof),
        (end - 0.30 * cab, roof),
        (end - cab, roof),
    ]
    parts = [_across(side_view, half * 0.97, 0.08, colour, tag)]
    parts.append(
        _screen([(end - 0.015, 0.50 * roof), (end - 0.125 * cab, 0.87 * roof)], 0.84 * half, tag)
    )
    parts += _side_panes(
        end - 0.20 * cab, end - 0.68 * cab, 0.52 * roof, 0.86 * roof, half * 0.97 + 0.008, tag
    )
    parts += _joints(half * 0.97, [end - 0.14 * cab, end - 0.74 * cab], floor, 0.95 * roof, tag)
    bed = end - cab - 0.12
    low = 2.05 * radius
    parts.append(
        box(((bed - end) / 2, 0, low - 0.10), (bed + end, 0.8 * half, 0.18), **matte(TRIM, tag))
    )
    parts.append(
        chamfered_box(
            ((bed - end) / 2, 0, (low + height) / 2),
            (bed + end, 1.96 * half, height - low),
            0.04,
            **matte(cargo, tag),
        )
    )
    parts += _rear_doors(-end, 1.96 * half, low, height, cargo, tag)
    for side in (1, -1):
        for x in np.linspace(-end + 0.1, bed - 0.1, max(3, int((bed + end) / 0.7))):
            parts.append(
                box(
                    (x, side * half * 0.985, (low + height) / 2),
                    (0.05, 0.03, height - low - 0.1),
                    **matte(_shade(cargo), tag),
                )
            )
        parts.append(
            _stripe(
                -end + 0.05,
                bed - 0.05,
                low + 0.22,
                0.10,
                side * (half + 0.012),
                (240, 240, 236) if red else (210, 60, 30),
                tag,
            )
        )
        parts.append(
            box(
                (0.1 * length - 0.4, side * half * 0.8, 0.85 * radius + 0.12),
                (0.9, 0.3, 0.42),
                **matte((120, 122, 126), tag),
            )
        )
    if red:
        parts.append(
            chamfered_box(
                (end - 0.5 * cab, 0, roof + 0.04),
                (0.35, 1.5 * half, 0.18),
                0.03,
                **lamp((40, 90, 255), tag),
            )
        )
        for y in (-0.35, 0.35):
            parts.append(
                tube(
                    (-end + 0.2, y, height - 0.02),
                    (bed, y, height - 0.02),
                    0.05,
                    **matte((190, 192, 196), tag),
                )
            )
    axles = [end - 0.55 * cab, -end + 0.17 * length]
    if length > 6.5:
        axles.append(axles[1] + 2.3 * radius)
    parts += _ends(length, half * 0.97, 0.24 * height, 0.13 * height + 0.2, 0.16 * height, tag)
    parts += _wheels(axles, half, radius, 0.3, tag)
    parts += _mirrors(end + 0.02, half, 0.66 * roof, tag)
    return concatenate(parts)


def _across(
    side_view: list[tuple[float, float]],
    half: float,
    round_m: float,
    colour: tuple[int, int, int],
    tag: int,
) -> Mesh:
    """Return a body of a given side view (x, z), its edges rounded towards both sides."""
    outline = np.array(side_view)
    middle = outline.mean(axis=0)
    extent = outline.max(axis=0) - outline.min(axis=0)
    rings = []
    for y, inset in (
        (half, 1.0),
        (half - 0.3 * round_m, 0.3),
        (half - round_m, 0.0),
        (round_m - half, 0.0),
        (0.3 * round_m - half, 0.3),
        (-half, 1.0),
    ):
        shrink = 1.0 - 2 * inset * round_m / extent
        flat = middle + (outline - middle) * shrink
        rings.append(np.column_stack([flat[:, 0], np.full(len(flat), y), flat[:, 1]]))
    return loft(np.array(rings), **paint(colour, tag))


def _screen(line: list[tuple[float, float]], half: float, tag: int) -> Mesh:
    (x0, z0), (x1, z1) = line
    return quad(
        [(x0, half, z0), (x0, -half, z0), (x1, -half * 0.94, z1), (x1, half * 0.94, z1)],
        **glass(tag),
    )


def _rear_pane(x: float, half: float, low: float, high: float, tag: int) -> Mesh:
    return quad([(x, -half, low), (x, half, low), (x, half, high), (x, -half, high)], **glass(tag))


def _side_panes(
    first: float, last: float, low: float, high: float, half: float, tag: int
) -> list[Mesh]:
    return [
        quad([(first, y, low), (last, y, low), (last, y, high), (first, y, high)], **glass(tag))
        for y in (half, -half)
    ]


def _upright(x: float, wide: float, low: float, high: float, y: float, tag: int) -> Mesh:
    return quad(
        [
            (x - wide / 2, y, low),
            (x + wide / 2, y, low),
            (x + wide / 2, y, high),
            (x - wide / 2, y, high),
        ],
        **glass(tag),
    )


def _stripe(
    begin: float,
    end: float,
    z: float,
    tall: float,
    y: float,
    colour: tuple[int, int, int],
    tag: int,
) -> Mesh:
    return quad(
        [(begin, y, z), (end, y, z), (end, y, z + tall), (begin, y, z + tall)], **matte(colour, tag)
    )


def _joints(half: float, xs: list[float], low: float, high: float, tag: int) -> list[Mesh]:
    return [
        box((x, y, (low + high) / 2), (0.014, 0.008, 0.84 * (high - low)), **matte(TRIM, tag))
        for x in xs
        for y in (half, -half)
    ]


def _ends(
    length: float, half: float, head_z: float, tail_z: float, bumper_z: float, tag: int
) -> list[Mesh]:
    """Return head and tail lamps, bumpers and plates."""
    front = 0.5 * length - 0.03
    parts = [
        chamfered_box(
            (front - 0.01, 0, bumper_z), (0.10, 1.9 * half, 0.16), 0.03, **matte(TRIM, tag)
        ),
        chamfered_box(
            (0.01 - front, 0, bumper_z), (0.10, 1.9 * half, 0.16), 0.03, **matte(TRIM, tag)
        ),
        plate(0.5 * length + 0.012, bumper_z + 0.02, tag),
        plate(-0.5 * length - 0.012, bumper_z + 0.02, tag),
    ]
    for side in (1, -1):
        parts += [
            chamfered_box(
                (front - 0.02, side * 0.76 * half, head_z),
                (0.12, 0.30 * half, 0.17),
                0.03,
                **lamp(HEAD_LAMP, tag),
            ),
            chamfered_box(
                (front - 0.05, side * 0.95 * half, head_z),
                (0.12, 0.06, 0.12),
                0.02,
                **lamp(AMBER_LAMP, tag),
            ),
            chamfered_box(
                (0.0 - front, side * 0.86 * half, tail_z),
                (0.09, 0.16 * half, 0.34),
                0.02,
                **lamp(TAIL_LAMP, tag),
            ),
        ]
    return parts


def _rear_doors(
    x: float, width: float, low: float, high: float, colour: tuple[int, int, int], tag: int
) -> list[Mesh]:
    """Return what shows two doors on a rear wall: frame, gap, bars, hinges, warning stripes."""
    middle, tall, dark, steel = (low + high) / 2, high - low, _shade(colour), (190, 192, 196)
    parts = [box((x, 0, middle), (0.03, 0.03, tall - 0.06), **matte(TRIM, tag))]
    for z in (low + 0.04, high - 0.04):
        parts.append(box((x, 0, z), (0.04, 0.98 * width, 0.06), **matte(dark, tag)))
    for side in (1, -1):
        parts.append(box((x, side * 0.475 * width, middle), (0.04, 0.06, tall), **matte(dark, tag)))
        for share in (0.08, 0.30):
            y = side * share * width
            parts.append(
                tube(
                    (x - 0.03, y, low + 0.06),
                    (x - 0.03, y, high - 0.06),
                    0.018,
                    **matte(steel, tag),
                )
            )
            parts.append(
                box(
                    (x - 0.04, y - side * 0.08, low + 0.42 * tall),
                    (0.02, 0.2, 0.035),
                    **matte(steel, tag),
                )
            )
        for share in (0.2, 0.5, 0.8):
            parts.append(
                box(
                    (x - 0.02, side * 0.45 * width, low + share * tall),
                    (0.03, 0.12, 0.07),
                    **matte(TRIM, tag),
                )
            )
    for k in range(8):
        white = k % 2 == (k < 4)
        parts.append(
            box(
                (x - 0.01, (k - 3.5) * 0.115 * width, low + 0.14),
                (0.02, 0.115 * width, 0.09),
                **matte((240, 240, 236) if white else (200, 24, 24), tag),
            )
        )
    return parts


def _wheels(axles: list[float], half: float, radius: float, width: float, tag: int) -> list[Mesh]:
    """Return wheels under dark arches on both sides."""
    parts = []
    for x in axles:
        for side in (1, -1):
            low, high = sorted((side * (half + 0.004), side * (half - 0.5)))
            arch = 1.16 * radius
            parts.append(
                tube((x, low, arch), (x, high, arch), arch, sides=22, **matte((14, 14, 16), tag))
            )
            made = wheel((x, side * (half - width / 2 + 0.02), radius), radius, width, tag, 8)
            parts += as_wheel(made, side) if x == max(axles) else made
    return parts


def _mirrors(x: float, half: float, z: float, tag: int) -> list[Mesh]:
    return [
        chamfered_box((x, side * (half + 0.10), z), (0.09, 0.16, 0.30), 0.03, **matte(TRIM, tag))
        for side in (1, -1)
    ]


def _shade(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return (int(colour[0] * 0.82), int(colour[1] * 0.82), int(colour[2] * 0.82))
