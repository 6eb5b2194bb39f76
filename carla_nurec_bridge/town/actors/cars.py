"""Passenger cars: sedan, hatchback, coupe, sport utility and pickup, drawn from their proportions.

Frame: x forward, y left, z up from the ground, the middle of the car at x = y = 0; metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import (
    box,
    chamfered_box,
    ellipsoid,
    loft,
    sheet,
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
    paint_of,
    pane,
    plate,
    wheel,
)


@dataclass(frozen=True)
class CarProportions:
    """Describe a side view: x as fractions of the length from the middle, z of the height."""

    windscreen_foot: float
    roof_front: float
    roof_rear: float
    rear_foot: float
    nose_z: float
    hood_z: float
    belt_z: float
    deck_z: float
    clearance_z: float
    front_axle: float
    rear_axle: float
    roof_inset: float
    windows: int


SEDAN = CarProportions(
    0.205, 0.045, -0.195, -0.365, 0.45, 0.60, 0.635, 0.655, 0.14, 0.315, -0.290, 0.24, 2
)
HATCH = CarProportions(
    0.235, 0.080, -0.350, -0.465, 0.45, 0.59, 0.615, 0.630, 0.13, 0.315, -0.300, 0.22, 2
)
COUPE = CarProportions(
    0.150, -0.010, -0.200, -0.400, 0.46, 0.60, 0.640, 0.660, 0.13, 0.310, -0.295, 0.26, 1
)
UTILITY = CarProportions(
    0.230, 0.105, -0.400, -0.475, 0.49, 0.60, 0.620, 0.630, 0.16, 0.310, -0.300, 0.17, 3
)
BOXY = replace(
    UTILITY,
    windscreen_foot=0.150,
    roof_front=0.090,
    roof_rear=-0.455,
    rear_foot=-0.480,
    hood_z=0.58,
    nose_z=0.55,
    roof_inset=0.09,
    clearance_z=0.20,
)
PICKUP = replace(
    UTILITY,
    windscreen_foot=0.200,
    roof_front=0.085,
    roof_rear=-0.110,
    rear_foot=-0.150,
    deck_z=0.60,
    belt_z=0.60,
    windows=2,
    clearance_z=0.19,
)


def car_shape(size_m: tuple[float, float, float], seed: int | str) -> CarProportions:
    """Choose the body that fits a car's (length, width, height) and, when known, its name."""
    length, _, height = size_m
    name = seed if isinstance(seed, str) else ""
    if any(part in name for part in ("wrangler", "patrol", "microlino")):
        return BOXY
    if any(part in name for part in ("mustang", ".tt", "coupe")):
        return COUPE
    if "cybertruck" in name or "pickup" in name:
        return PICKUP
    if height > 1.62 and length > 4.2 and "charger" not in name:
        return UTILITY
    if length < 4.35 or "prius" in name or "cooper" in name:
        return HATCH
    return COUPE if height / length < 0.28 and height < 1.36 else SEDAN


def car(size_m: tuple[float, float, float], seed: int | str, tag: int) -> Mesh:
    """Return a car of (length, width, height) metres."""
    return measured_car(size_m, seed, tag).mesh(str(seed) if isinstance(seed, str) else "")


def measured_car(size_m: tuple[float, float, float], seed: int | str, tag: int) -> Car:
    """Return the measures of a car of (length, width, height) metres."""
    return Car(size_m, car_shape(size_m, seed), paint_of(seed), tag)


class Car:
    """Hold the measures of one car while its parts are made."""

    def __init__(
        self,
        size_m: tuple[float, float, float],
        shape: CarProportions,
        colour: tuple[int, int, int],
        tag: int,
    ) -> None:
        self.length, self.width, self.height = size_m
        self.shape, self.colour, self.tag = shape, colour, tag
        self.half = 0.5 * self.width * 0.93
        self.radius = float(np.clip(0.232 * self.height, 0.25, 0.46))
        self.end = self.length / 2 - 0.025

    def mesh(self, name: str) -> Mesh:
        """Return all parts."""
        parts = [self.body(), *self.underside(), self.cabin(), *self.windows(), *self.lamps()]
        parts += self.trim()
        width = 0.14 * self.half + 0.09
        for axle in (self.shape.front_axle, self.shape.rear_axle):
            for side in (1, -1):
                place = (axle * self.length, side * (self.half - width / 2 - 0.015), self.radius)
                made = wheel(place, self.radius, width, self.tag)
                parts += as_wheel(made, side) if axle > 0.0 else made
        if self.shape is PICKUP:
            parts.append(self.bed())
        if "police" in name:
            parts += self.roof_bar((30, 60, 255), (255, 20, 20))
        if "crown" in name or "taxi" in name:
            parts += self.roof_bar((255, 200, 40), (255, 200, 40), 0.22)
        return concatenate(parts)

    def outline(self, x: float) -> tuple[float, float, float]:
        """Return half width, lowest and highest z of the body at x."""
        s, length, height = self.shape, self.length, self.height
        across = abs(x) / self.end
        half = self.half * (1.0 - 0.05 * across**2 - 0.14 * across**8)
        top = np.interp(
            x / length,
            [-0.5, -0.485, s.rear_foot, s.windscreen_foot, 0.40, 0.47, 0.5],
            [
                s.deck_z - 0.09,
                s.deck_z - 0.02,
                s.deck_z,
                s.belt_z,
                s.hood_z - 0.035,
                s.nose_z + 0.04,
                s.nose_z - 0.04,
            ],
        )
        bottom = s.clearance_z * height + 0.05 * across**10
        for axle in (s.front_axle, s.rear_axle):
            reach = (1.16 * self.radius) ** 2 - (x - axle * length) ** 2
            if reach > 0:
                bottom = max(bottom, self.radius + np.sqrt(reach))
        return float(half), float(bottom), float(top * height)

    def body(self) -> Mesh:
        """Return the painted shell below the windows, open over the wheels."""
        xs = list(np.linspace(-self.end, self.end, 11)) + [
            f * self.length for f in (self.shape.windscreen_foot, self.shape.rear_foot, 0.40, 0.47)
        ]
        for axle in (self.shape.front_axle, self.shape.rear_axle):
            reach = 1.16 * self.radius
            xs += list(axle * self.length + reach * np.cos(np.linspace(0, np.pi, 11)) * 0.9999)
            xs += [axle * self.length - 1.001 * reach, axle * self.length + 1.001 * reach]
        xs = [x for x in sorted(xs) if abs(x) <= self.end]
        rings = [self.ring(x) for x in xs]
        # Rounded ends: smaller rings that step out a little.
        for at, ring in ((0, rings[0]), (len(rings) + 1, rings[-1])):
            middle = ring.mean(axis=0)
            cap = middle + (ring - middle) * [1.0, 0.90, 0.80]
            cap[:, 0] += 0.022 * np.sign(middle[0])
            rings.insert(at, cap)
        return loft(np.array(rings), **paint(self.colour, self.tag))

    def ring(self, x: float) -> NDArray[np.float64]:
        """Return the cross-section (12, 3) of the body at x."""
        half, low, high = self.outline(x)
        waist = max(low + 0.05, 0.36 * self.height)
        waist = min(waist, high - 0.06)
        shoulder = max(waist + 0.02, high - 0.11)
        side = [
            (0.84 * half, low),
            (0.965 * half, low + 0.02),
            (half, waist),
            (0.985 * half, shoulder),
            (0.93 * half, high - 0.02),
            (0.50 * half, high + 0.012),
        ]
        both = side + [(-y, z) for y, z in reversed(side)]
        return np.array([(x, y, z) for y, z in both])

    def underside(self) -> list[Mesh]:
        """Return the dark inside that shows through the wheel arches, and the sills."""
        dark = matte((16, 16, 18), self.tag)
        belt = self.shape.belt_z * self.height
        low = 0.75 * self.shape.clearance_z * self.height
        return [
            box(
                (0, 0, (low + belt - 0.2) / 2),
                (0.90 * self.length, 1.35 * self.half, belt - 0.2 - low),
                **dark,
            ),
        ]

    def cabin_edge(self, t: float) -> tuple[float, float, float]:
        """Return front x, rear x and half width of the cabin at height t (0 belt, 1 roof)."""
        s = self.shape
        front = self.length * (s.windscreen_foot + (s.roof_front - s.windscreen_foot) * t)
        rear = self.length * (s.rear_foot + (s.roof_rear - s.rear_foot) * t)
        half = self.half * (0.925 - s.roof_inset * t - 0.06 * t**6)
        return front, rear, half

    def cabin_z(self, t: float) -> float:
        """Return the z of height t of the cabin."""
        belt = self.shape.belt_z * self.height - 0.02
        return belt + (self.height - 0.02 - belt) * t

    def cabin(self) -> Mesh:
        """Return pillars and roof as one rounded shell."""
        rings = []
        for t, inset in ((0.0, 0.0), (0.45, 0.0), (0.80, 0.0), (0.93, 0.02), (1.0, 0.11)):
            front, rear, half = self.cabin_edge(t)
            front, rear, half = front - 1.6 * inset, rear + inset, half - inset
            cut = 0.10
            z = self.cabin_z(t)
            bow = 0.05
            ring = [
                (front - cut, half),
                (rear + cut, half),
                (rear, half - 1.6 * cut),
                (rear - bow, 0),
                (rear, 1.6 * cut - half),
                (rear + cut, -half),
                (front - cut, -half),
                (front, 1.6 * cut - half),
                (front + bow, 0),
                (front, half - 1.6 * cut),
            ]
            rings.append([(x, y, z) for x, y in ring])
        array = np.array(rings)
        roof = array[-1].mean(axis=0)
        tips = (array[0].mean(axis=0), roof + [0, 0, 0.02])
        return loft(array, tips=tips, **paint(self.colour, self.tag))

    def windows(self) -> list[Mesh]:
        """Return windscreen, rear window and side windows, a few millimetres off the shell."""
        rows = np.array([0.08, 0.45, 0.80, 0.90])
        panes = []
        for front in (True, False):

            def screen(t: float, v: float, front: bool = front) -> tuple[float, float, float]:
                ahead, behind, half = self.cabin_edge(t)
                x = (ahead if front else behind) + (0.012 if front else -0.012)
                bow = 0.05 * (1 - abs(v)) * (1 if front else -1)
                return x + bow, v * (half - 0.16), self.cabin_z(t) + 0.004

            panes.append(pane(screen, rows, np.array([-1.0, 0.0, 1.0]), self.tag))
        panes += [
            sheet(self.window(side, index), **glass(self.tag))
            for side in (1, -1)
            for index in range(self.shape.windows)
        ]
        return panes

    def window(self, side: int, index: int) -> NDArray[np.float64]:
        """Return the corners (3, 2, 3) of a side window, counted from the front."""
        count, gap = self.shape.windows, 0.035
        rows = []
        for t in (0.12, 0.45, 0.86):
            ahead, behind, half = self.cabin_edge(t)
            ahead, behind = ahead - 0.17, behind + 0.17
            first = ahead + (behind - ahead) * index / count - gap * (index > 0)
            last = ahead + (behind - ahead) * (index + 1) / count + gap * (index < count - 1)
            y, z = side * (half + 0.006), self.cabin_z(t)
            rows.append([(first, y, z), (last, y, z)])
        return np.array(rows)

    def lamps(self) -> list[Mesh]:
        """Return head lamps, tail lamps, turn lamps, grille and plates."""
        s, height, parts = self.shape, self.height, []
        front_z, rear_z = (s.nose_z - 0.035) * height, (s.deck_z - 0.14) * height
        wide = self.half * 0.80
        dark = matte(TRIM, self.tag)
        for side in (1, -1):
            parts += [
                chamfered_box(
                    (self.end - 0.045, side * 0.80 * wide, front_z),
                    (0.14, 0.46 * wide, 0.085 * height),
                    0.02,
                    **lamp(HEAD_LAMP, self.tag),
                ),
                chamfered_box(
                    (self.end - 0.115, side * 1.04 * wide, front_z),
                    (0.14, 0.06, 0.05 * height),
                    0.01,
                    **lamp(AMBER_LAMP, self.tag),
                ),
                chamfered_box(
                    (0.020 - self.end, side * 0.80 * wide, rear_z),
                    (0.11, 0.48 * wide, 0.10 * height),
                    0.02,
                    **lamp(TAIL_LAMP, self.tag),
                ),
            ]
        parts += [
            chamfered_box(
                (self.end - 0.015, 0, front_z - 0.005),
                (0.08, 0.90 * wide, 0.075 * height),
                0.02,
                **dark,
            ),
            chamfered_box(
                (self.end - 0.01, 0, 0.22 * height), (0.07, 1.5 * wide, 0.09 * height), 0.02, **dark
            ),
            chamfered_box(
                (0.01 - self.end, 0, 0.20 * height), (0.07, 1.6 * wide, 0.10 * height), 0.02, **dark
            ),
            plate(self.length / 2 - 0.01, 0.31 * height, self.tag),
            plate(0.01 - self.length / 2, 0.42 * height, self.tag),
        ]
        return parts

    @property
    def doors(self) -> int:
        """Return how many doors a side has."""
        return 1 if self.shape.windows == 1 else 2

    def joints(self) -> NDArray[np.float64]:
        """Return the x of the joints between the doors of a side, front to rear."""
        front, rear, _ = self.cabin_edge(0.15)
        return np.linspace(front - 0.30, rear + (0.42 if self.doors == 2 else 0.9), self.doors + 1)

    def trim(self) -> list[Mesh]:
        """Return door joints, handles, sills and mirrors."""
        parts = []
        dark = matte(TRIM, self.tag)
        high = self.shape.belt_z * self.height - 0.07
        front, _, _ = self.cabin_edge(0.15)
        joints = self.joints()
        for side in (1, -1):
            for x in joints:
                points = []
                for z in np.linspace(self.shape.clearance_z * self.height + 0.07, high, 4):
                    y = side * (self.side_y(float(x), float(z)) + 0.003)
                    points.append([(x - 0.006, y, z), (x + 0.006, y, z)])
                parts.append(sheet(np.array(points), **dark))
            for x in joints[1:]:
                handle = (
                    x + 0.13,
                    side * (self.side_y(float(x), high - 0.06) + 0.012),
                    high - 0.06,
                )
                parts.append(chamfered_box(handle, (0.16, 0.03, 0.028), 0.008, **dark))
            sill = self.shape.clearance_z * self.height + 0.03
            between = (self.shape.front_axle + self.shape.rear_axle) / 2 * self.length
            span = (self.shape.front_axle - self.shape.rear_axle) * self.length - 2.5 * self.radius
            parts.append(
                box((between, side * (self.half * 0.965), sill), (span, 0.06, 0.09), **dark)
            )
            mirror = (front - 0.16, side * (self.width / 2 - 0.085), high + 0.15)
            parts.append(
                ellipsoid(mirror, (0.06, 0.085, 0.065), 5, 8, **paint(self.colour, self.tag))
            )
        return parts

    def side_y(self, x: float, z: float) -> float:
        """Return the y of the left side of the body at a place between sill and shoulder."""
        ring = self.ring(x)[:5]
        return float(np.interp(z, ring[:, 2], ring[:, 1]))

    def bed(self) -> Mesh:
        """Return the dark load bed of a pickup."""
        begin, end = -0.485 * self.length, (self.shape.rear_foot - 0.01) * self.length
        return box(
            ((begin + end) / 2, 0, self.shape.deck_z * self.height),
            (end - begin, 1.6 * self.half, 0.06),
            **matte(TRIM, self.tag),
        )

    def roof_bar(
        self, left: tuple[int, int, int], right: tuple[int, int, int], reach: float = 0.5
    ) -> list[Mesh]:
        """Return lamps across the roof."""
        x = 0.45 * (self.shape.roof_front + self.shape.roof_rear) * self.length
        z = self.height + 0.01
        return [
            chamfered_box(
                (x, side * reach / 2, z), (0.22, reach, 0.10), 0.02, **lamp(colour, self.tag)
            )
            for side, colour in ((1, left), (-1, right))
        ]
