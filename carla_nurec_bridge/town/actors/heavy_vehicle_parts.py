"""What vans, buses and trucks are put together from: bodies, panes, lamps, doors, wheels.

Frame: x forward, y left, z up from the ground, the middle of the vehicle at x = y = 0; metres.
``half`` is half of the body's width.
"""

from __future__ import annotations

import numpy as np

from ...rendering.mesh import Mesh
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
    paint,
    plate,
    wheel,
)


def body_across(
    side_view: list[tuple[float, float]],
    half: float,
    round_m: float,
    colour: tuple[int, int, int],
    tag: int,
) -> Mesh:
    """Return a body of a given side view (x, z), its edges rounded by ``round_m`` on both sides."""
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


def front_pane(line: list[tuple[float, float]], half: float, tag: int) -> Mesh:
    """Return a windscreen between two points (x, z) of the side view, its foot 2 ``half`` wide."""
    (x0, z0), (x1, z1) = line
    return quad(
        [(x0, half, z0), (x0, -half, z0), (x1, -half * 0.94, z1), (x1, half * 0.94, z1)],
        **glass(tag),
    )


def rear_pane(x: float, half: float, low: float, high: float, tag: int) -> Mesh:
    """Return the rear window at x, 2 ``half`` wide, between two heights."""
    return quad([(x, -half, low), (x, half, low), (x, half, high), (x, -half, high)], **glass(tag))


def side_panes(
    first: float, last: float, low: float, high: float, half: float, tag: int
) -> list[Mesh]:
    """Return a window on either side, from x ``first`` to ``last``, at y = +-``half``."""
    return [
        quad([(first, y, low), (last, y, low), (last, y, high), (first, y, high)], **glass(tag))
        for y in (half, -half)
    ]


def door_pane(x: float, wide: float, low: float, high: float, y: float, tag: int) -> Mesh:
    """Return the glass of a door around x on the side at y."""
    return quad(
        [
            (x - wide / 2, y, low),
            (x + wide / 2, y, low),
            (x + wide / 2, y, high),
            (x - wide / 2, y, high),
        ],
        **glass(tag),
    )


def stripe(
    begin: float,
    end: float,
    z: float,
    tall: float,
    y: float,
    colour: tuple[int, int, int],
    tag: int,
) -> Mesh:
    """Return a painted stripe on the side at y, from x ``begin`` to ``end`` and z upwards."""
    return quad(
        [(begin, y, z), (end, y, z), (end, y, z + tall), (begin, y, z + tall)], **matte(colour, tag)
    )


def joints(half: float, xs: list[float], low: float, high: float, tag: int) -> list[Mesh]:
    """Return the gaps between panels on both sides, at each of ``xs``."""
    return [
        box((x, y, (low + high) / 2), (0.014, 0.008, 0.84 * (high - low)), **matte(TRIM, tag))
        for x in xs
        for y in (half, -half)
    ]


def lamps_and_bumpers(
    length: float, half: float, head_z: float, tail_z: float, bumper_z: float, tag: int
) -> list[Mesh]:
    """Return head and tail lamps, bumpers and plates at three heights (``..._z``).

    ``length`` is the vehicle's, ``half`` half its width, metres; ``tag`` CARLA's semantic tag.
    """
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


def rear_doors(
    x: float, width: float, low: float, high: float, colour: tuple[int, int, int], tag: int
) -> list[Mesh]:
    """Return what shows two doors on a rear wall: frame, gap, bars, hinges, warning stripes.

    The wall is at ``x`` and from ``low`` to ``high``, metres; ``tag`` is CARLA's semantic tag.
    """
    middle, tall, dark, steel = (low + high) / 2, high - low, darkened(colour), (190, 192, 196)
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


def wheels_under_arches(
    axles: list[float], half: float, radius: float, width: float, tag: int
) -> list[Mesh]:
    """Return wheels under dark arches on both sides at the x of ``axles``; the foremost steer."""
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


def mirrors(x: float, half: float, z: float, tag: int) -> list[Mesh]:
    """Return the mirrors on both sides, at x and z."""
    return [
        chamfered_box((x, side * (half + 0.10), z), (0.09, 0.16, 0.30), 0.03, **matte(TRIM, tag))
        for side in (1, -1)
    ]


def darkened(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a colour a shade darker."""
    return (int(colour[0] * 0.82), int(colour[1] * 0.82), int(colour[2] * 0.82))
