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
    tube,
)
from .heavy_vehicle_parts import (
    body_across,
    darkened,
    door_pane,
    front_pane,
    joints,
    lamps_and_bumpers,
    mirrors,
    rear_doors,
    rear_pane,
    side_panes,
    stripe,
    wheels_under_arches,
)
from .vehicle_parts import (
    TRIM,
    lamp,
    matte,
    number_of,
    paint_of,
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
    parts = [body_across(side_view, half, 0.06, colour, tag)]
    windscreen = [
        (nose - snub * length + 0.004, hood + 0.03),
        (nose - (snub + 0.082) * length + 0.004, 0.88 * height),
    ]
    parts.append(front_pane(windscreen, 0.80 * half, tag))
    door = (nose - (snub + 0.115) * length, nose - (snub + 0.27) * length)
    panes = [(door[0], door[1])]
    if "t2" in name or ("ambulance" not in name and number_of(seed) % 2):
        step = (door[1] + nose - 0.3) / 3
        panes += [(door[1] - 0.1 - k * step, door[1] - (k + 1) * step) for k in range(3)]
    for first, last in panes:
        parts += side_panes(first, last, hood + 0.03, 0.86 * height, half + 0.006, tag)
    parts.append(rear_pane(-nose + 0.012, 0.78 * half, hood + 0.05, 0.86 * height, tag))
    parts += joints(half, [door[1] - 0.05, door[1] - 0.05 - 0.2 * length], floor, height, tag)
    parts += lamps_and_bumpers(length, half, 0.36 * height, 0.46 * height, 0.20 * height, tag)
    parts += wheels_under_arches([0.31 * length, -0.30 * length], half, radius, 0.22, tag)
    parts += mirrors(door[0] + 0.05, half, hood + 0.18, tag)
    if "ambulance" in name:
        for side in (1, -1):
            parts.append(
                stripe(
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
    parts = [body_across(side_view, half, 0.10, colour, tag)]
    low, high = 0.42 * height, 0.80 * height
    count = max(4, int(length / 1.45))
    edges = np.linspace(end - 0.35, -end + 0.35, count + 1)
    for first, last in pairwise(edges):
        parts += side_panes(first - 0.04, last + 0.04, low, high, half + 0.008, tag)
    for x in (0.41 * length, 0.02 * length):
        for shift in (-0.36, 0.36):
            parts.append(door_pane(x + shift, 0.64, floor + 0.12, high, -half - 0.012, tag))
    parts.append(
        front_pane([(end + 0.024, 0.36 * height), (end - 0.006, 0.82 * height)], 0.88 * half, tag)
    )
    parts.append(rear_pane(-end - 0.008, 0.75 * half, 0.52 * height, 0.82 * height, tag))
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
            stripe(
                -end + 0.05,
                end - 0.05,
                0.34 * height,
                0.05 * height,
                side * (half + 0.006),
                (236, 236, 232),
                tag,
            )
        )
    parts += lamps_and_bumpers(length, half, 0.19 * height, 0.22 * height, 0.12 * height, tag)
    parts += wheels_under_arches([0.29 * length, -0.24 * length], half, radius, 0.3, tag)
    parts += mirrors(end + 0.03, half, 0.72 * height, tag)
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
    parts = [body_across(side_view, half * 0.97, 0.08, colour, tag)]
    parts.append(
        front_pane([(end - 0.015, 0.50 * roof), (end - 0.125 * cab, 0.87 * roof)], 0.84 * half, tag)
    )
    parts += side_panes(
        end - 0.20 * cab, end - 0.68 * cab, 0.52 * roof, 0.86 * roof, half * 0.97 + 0.008, tag
    )
    parts += joints(half * 0.97, [end - 0.14 * cab, end - 0.74 * cab], floor, 0.95 * roof, tag)
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
    parts += rear_doors(-end, 1.96 * half, low, height, cargo, tag)
    for side in (1, -1):
        for x in np.linspace(-end + 0.1, bed - 0.1, max(3, int((bed + end) / 0.7))):
            parts.append(
                box(
                    (x, side * half * 0.985, (low + height) / 2),
                    (0.05, 0.03, height - low - 0.1),
                    **matte(darkened(cargo), tag),
                )
            )
        parts.append(
            stripe(
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
    parts += lamps_and_bumpers(
        length, half * 0.97, 0.24 * height, 0.13 * height + 0.2, 0.16 * height, tag
    )
    parts += wheels_under_arches(axles, half, radius, 0.3, tag)
    parts += mirrors(end + 0.02, half, 0.66 * roof, tag)
    return concatenate(parts)
