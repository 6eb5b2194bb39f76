"""Passenger cars: sedan, hatchback, coupe, sport utility and pickup, drawn from their proportions.

Frame: x forward, y left, z up from the ground, the middle of the car at x = y = 0; metres.
"""

from __future__ import annotations

import numpy as np

from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import (
    box,
    chamfered_box,
    ellipsoid,
    sheet,
)
from .car_proportions import PICKUP, car_shape
from .car_shell import CarShell
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
    paint_of,
    pane,
    plate,
    wheel,
)


def car(size_m: tuple[float, float, float], seed: int | str, tag: int) -> Mesh:
    """Return a car of (length, width, height) metres."""
    return _whole(car_shell(size_m, seed, tag), seed if isinstance(seed, str) else "")


def car_shell(size_m: tuple[float, float, float], seed: int | str, tag: int) -> CarShell:
    """Return the shell of a car of (length, width, height) metres."""
    return CarShell(size_m, car_shape(size_m, seed), paint_of(seed), tag)


def _whole(shell: CarShell, name: str) -> Mesh:
    """Return a car with all its parts; police and taxis have lamps on their roofs."""
    parts = [shell.body(), *shell.underside(), shell.cabin(), *_windows(shell), *_lamps(shell)]
    parts += _trim(shell)
    width = 0.14 * shell.half + 0.09
    for axle in (shell.shape.front_axle, shell.shape.rear_axle):
        for side in (1, -1):
            place = (axle * shell.length, side * (shell.half - width / 2 - 0.015), shell.radius)
            made = wheel(place, shell.radius, width, shell.tag)
            parts += as_wheel(made, side) if axle > 0.0 else made
    if shell.shape is PICKUP:
        parts.append(_bed(shell))
    if "police" in name:
        parts += _roof_bar(shell, (30, 60, 255), (255, 20, 20))
    if "crown" in name or "taxi" in name:
        parts += _roof_bar(shell, (255, 200, 40), (255, 200, 40), 0.22)
    return concatenate(parts)


def _windows(shell: CarShell) -> list[Mesh]:
    """Return windscreen, rear window and side windows, a few millimetres off the shell."""
    rows = np.array([0.08, 0.45, 0.80, 0.90])
    panes = []
    for front in (True, False):

        def screen(t: float, v: float, front: bool = front) -> tuple[float, float, float]:
            ahead, behind, half = shell.cabin_edge(t)
            x = (ahead if front else behind) + (0.012 if front else -0.012)
            bow = 0.05 * (1 - abs(v)) * (1 if front else -1)
            return x + bow, v * (half - 0.16), shell.cabin_z(t) + 0.004

        panes.append(pane(screen, rows, np.array([-1.0, 0.0, 1.0]), shell.tag))
    panes += [
        sheet(shell.window(side, index), **glass(shell.tag))
        for side in (1, -1)
        for index in range(shell.shape.windows)
    ]
    return panes


def _lamps(shell: CarShell) -> list[Mesh]:
    """Return head lamps, tail lamps, turn lamps, grille and plates."""
    s, height, parts = shell.shape, shell.height, []
    front_z, rear_z = (s.nose_z - 0.035) * height, (s.deck_z - 0.14) * height
    wide = shell.half * 0.80
    dark = matte(TRIM, shell.tag)
    for side in (1, -1):
        parts += [
            chamfered_box(
                (shell.end - 0.045, side * 0.80 * wide, front_z),
                (0.14, 0.46 * wide, 0.085 * height),
                0.02,
                **lamp(HEAD_LAMP, shell.tag),
            ),
            chamfered_box(
                (shell.end - 0.115, side * 1.04 * wide, front_z),
                (0.14, 0.06, 0.05 * height),
                0.01,
                **lamp(AMBER_LAMP, shell.tag),
            ),
            chamfered_box(
                (0.020 - shell.end, side * 0.80 * wide, rear_z),
                (0.11, 0.48 * wide, 0.10 * height),
                0.02,
                **lamp(TAIL_LAMP, shell.tag),
            ),
        ]
    parts += [
        chamfered_box(
            (shell.end - 0.015, 0, front_z - 0.005),
            (0.08, 0.90 * wide, 0.075 * height),
            0.02,
            **dark,
        ),
        chamfered_box(
            (shell.end - 0.01, 0, 0.22 * height), (0.07, 1.5 * wide, 0.09 * height), 0.02, **dark
        ),
        chamfered_box(
            (0.01 - shell.end, 0, 0.20 * height), (0.07, 1.6 * wide, 0.10 * height), 0.02, **dark
        ),
        plate(shell.length / 2 - 0.01, 0.31 * height, shell.tag),
        plate(0.01 - shell.length / 2, 0.42 * height, shell.tag),
    ]
    return parts


def _trim(shell: CarShell) -> list[Mesh]:
    """Return door joints, handles, sills and mirrors."""
    parts = []
    dark = matte(TRIM, shell.tag)
    high = shell.shape.belt_z * shell.height - 0.07
    front, _, _ = shell.cabin_edge(0.15)
    joints = shell.joints()
    for side in (1, -1):
        for x in joints:
            points = []
            for z in np.linspace(shell.shape.clearance_z * shell.height + 0.07, high, 4):
                y = side * (shell.side_y(float(x), float(z)) + 0.003)
                points.append([(x - 0.006, y, z), (x + 0.006, y, z)])
            parts.append(sheet(np.array(points), **dark))
        for x in joints[1:]:
            handle = (
                x + 0.13,
                side * (shell.side_y(float(x), high - 0.06) + 0.012),
                high - 0.06,
            )
            parts.append(chamfered_box(handle, (0.16, 0.03, 0.028), 0.008, **dark))
        sill = shell.shape.clearance_z * shell.height + 0.03
        between = (shell.shape.front_axle + shell.shape.rear_axle) / 2 * shell.length
        span = (shell.shape.front_axle - shell.shape.rear_axle) * shell.length - 2.5 * shell.radius
        parts.append(box((between, side * (shell.half * 0.965), sill), (span, 0.06, 0.09), **dark))
        mirror = (front - 0.16, side * (shell.width / 2 - 0.085), high + 0.15)
        parts.append(
            ellipsoid(mirror, (0.06, 0.085, 0.065), 5, 8, **paint(shell.colour, shell.tag))
        )
    return parts


def _bed(shell: CarShell) -> Mesh:
    """Return the dark load bed of a pickup."""
    begin, end = -0.485 * shell.length, (shell.shape.rear_foot - 0.01) * shell.length
    return box(
        ((begin + end) / 2, 0, shell.shape.deck_z * shell.height),
        (end - begin, 1.6 * shell.half, 0.06),
        **matte(TRIM, shell.tag),
    )


def _roof_bar(
    shell: CarShell, left: tuple[int, int, int], right: tuple[int, int, int], reach: float = 0.5
) -> list[Mesh]:
    """Return lamps across the roof."""
    x = 0.45 * (shell.shape.roof_front + shell.shape.roof_rear) * shell.length
    z = shell.height + 0.01
    return [
        chamfered_box(
            (x, side * reach / 2, z), (0.22, reach, 0.10), 0.02, **lamp(colour, shell.tag)
        )
        for side, colour in ((1, left), (-1, right))
    ]
