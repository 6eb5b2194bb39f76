"""The side views of passenger cars, and which of them fits a car."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
