"""The doors, bonnet and boot of a passenger car, as leaves that swing and the dark behind them.

Frame: x forward, y left, z up from the ground, the middle of the car at x = y = 0; metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import sheet
from .car_proportions import PICKUP
from .car_shell import CarShell
from .moving_parts import MovingPart
from .vehicle_parts import (
    TRIM,
    glass,
    matte,
    paint,
)

FRONT_LEFT, FRONT_RIGHT, REAR_LEFT, REAR_RIGHT, BONNET, BOOT = range(6)
"""CARLA's numbers (``carla.VehicleDoor``)."""
DOOR_RAD, BONNET_RAD, BOOT_RAD, TAILGATE_RAD = np.radians([65.0, 50.0, 60.0, 75.0])
THICK_M = 0.05
INSIDE = (20, 20, 22)
NOTCH_SHARE = -0.42
"""A body whose rear window ends behind this share of the length has a tailgate."""
UP, ACROSS = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])

Grid = NDArray[np.float64]


def car_doors(car: CarShell) -> dict[int, MovingPart]:
    """Return what opens on a car, by CARLA's number; a coupe has no rear doors."""
    parts = {}
    numbers = ((FRONT_LEFT, 1, 0), (FRONT_RIGHT, -1, 0), (REAR_LEFT, 1, 1), (REAR_RIGHT, -1, 1))
    for number, side, index in numbers:
        if index < car.doors:
            parts[number] = _door(car, side, index)
    parts[BONNET] = _bonnet(car)
    if car.shape is not PICKUP:
        parts[BOOT] = _boot(car) if car.shape.rear_foot > NOTCH_SHARE else _tailgate(car)
    return parts


def _door(car: CarShell, side: int, index: int) -> MovingPart:
    front, rear = car.joints()[index : index + 2]
    low, high = car.shape.clearance_z * car.height + 0.07, car.shape.belt_z * car.height - 0.07
    xs, zs = np.linspace(front - 0.012, rear + 0.012, 5), np.linspace(low, high, 5)
    skin = np.array([[(x, side * car.side_y(x, z), z) for x in xs] for z in zs])
    out = np.array([0.0, side, 0.0])
    window = car.window(side, index)
    leaf = _leaf(car, skin + 0.008 * out, -THICK_M * out)
    pane = sheet(window + 0.012 * out, **glass(car.tag))
    hole = concatenate(
        [
            sheet(skin + 0.005 * out, **matte(INSIDE, car.tag)),
            sheet(window + 0.006 * out, **matte(INSIDE, car.tag)),
        ]
    )
    joint = skin[2, 0] + 0.008 * out
    return MovingPart(concatenate([leaf, pane]), joint, UP, -side * DOOR_RAD, hole)


def _bonnet(car: CarShell) -> MovingPart:
    skin = _deck(car, car.shape.windscreen_foot * car.length + 0.03, 0.455 * car.length)
    return _flap(car, skin, skin[0, 2], -BONNET_RAD)


def _boot(car: CarShell) -> MovingPart:
    skin = _deck(car, car.shape.rear_foot * car.length - 0.03, -0.484 * car.length)
    return _flap(car, skin, skin[0, 2], BOOT_RAD)


def _tailgate(car: CarShell) -> MovingPart:
    across = np.linspace(-1.0, 1.0, 5)
    rows = []
    for t in (0.90, 0.45, 0.10):
        _, rear, half = car.cabin_edge(t)
        bow = 0.05 * (1.0 - np.abs(across))
        rows.append(
            [
                (rear - 0.02 - b, v * (half - 0.16), car.cabin_z(t))
                for v, b in zip(across, bow, strict=True)
            ]
        )
    skin = np.array(rows)
    window = sheet(skin - [0.006, 0.0, 0.0], **glass(car.tag))
    low = np.array([skin[2], skin[2] * [0, 1, 0] + [0.01 - car.end - 0.035, 0, 0.36 * car.height]])
    lower = _leaf(car, low, np.array([THICK_M, 0.0, 0.0]))
    hole = sheet(np.vstack([skin, low[1:]]) + [0.012, 0, 0], **matte(INSIDE, car.tag))
    return MovingPart(concatenate([window, lower]), skin[0, 2], ACROSS, TAILGATE_RAD, hole)


def _deck(car: CarShell, first: float, last: float) -> Grid:
    """Return points (6, 5, 3) on the top of the body between two places along it."""
    rows = []
    for x in np.linspace(first, last, 6):
        half, _, top = car.outline(float(x))
        rows.append(
            [
                (x, 0.90 * half, top - 0.014),
                (x, 0.50 * half, top + 0.012),
                (x, 0.0, top + 0.014),
                (x, -0.50 * half, top + 0.012),
                (x, -0.90 * half, top - 0.014),
            ]
        )
    return np.array(rows)


def _flap(car: CarShell, skin: Grid, joint: NDArray[np.float64], most_rad: float) -> MovingPart:
    up = np.array([0.0, 0.0, 1.0])
    hole = sheet(skin + 0.005 * up, **matte(INSIDE, car.tag))
    return MovingPart(_leaf(car, skin + 0.009 * up, -0.03 * up), joint, ACROSS, most_rad, hole)


def _leaf(car: CarShell, outer: Grid, inwards: NDArray[np.float64]) -> Mesh:
    """Return a plate: painted outside, dark inside, closed at its four edges."""
    inner = outer + inwards
    edges = [np.stack([outer[k], inner[k]]) for k in (0, -1)]
    edges += [np.stack([outer[:, k], inner[:, k]]) for k in (0, -1)]
    dark = matte(TRIM, car.tag)
    return concatenate(
        [
            sheet(outer, **paint(car.colour, car.tag)),
            sheet(inner, **dark),
            *(sheet(edge, **paint(car.colour, car.tag)) for edge in edges),
        ]
    )
