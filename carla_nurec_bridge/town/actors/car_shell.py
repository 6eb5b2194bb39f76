"""The shell of a car: its outline, cabin, window openings and door joints.

Frame: x forward, y left, z up from the ground, the middle of the car at x = y = 0; metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...rendering.mesh import Mesh
from ...rendering.primitives import (
    box,
    loft,
)
from .car_proportions import CarProportions
from .vehicle_parts import (
    matte,
    paint,
)


class CarShell:
    """The measures of one car, and the shell that they make."""

    def __init__(
        self,
        size_m: tuple[float, float, float],
        shape: CarProportions,
        colour: tuple[int, int, int],
        tag: int,
    ) -> None:
        """Measure a car of (length, width, height) metres and a side view.

        ``colour`` is its paint (sRGB, 0 to 255), ``tag`` CARLA's semantic tag.
        """
        self.length, self.width, self.height = size_m
        self.shape, self.colour, self.tag = shape, colour, tag
        self.half = 0.5 * self.width * 0.93
        self.radius = float(np.clip(0.232 * self.height, 0.25, 0.46))
        self.end = self.length / 2 - 0.025

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

    @property
    def doors(self) -> int:
        """Return how many doors a side has."""
        return 1 if self.shape.windows == 1 else 2

    def joints(self) -> NDArray[np.float64]:
        """Return the x of the joints between the doors of a side, front to rear."""
        front, rear, _ = self.cabin_edge(0.15)
        return np.linspace(front - 0.30, rear + (0.42 if self.doors == 2 else 0.9), self.doors + 1)

    def side_y(self, x: float, z: float) -> float:
        """Return the y of the left side of the body at a place between sill and shoulder."""
        ring = self.ring(x)[:5]
        return float(np.interp(z, ring[:, 2], ring[:, 1]))
