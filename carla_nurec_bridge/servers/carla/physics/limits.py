"""How far a client may take a vehicle's physics: numbers beyond are brought back, and named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from .columns import CURVE_POINTS
from .control import (
    Gear,
    PhysicsControl,
    Point2,
    Wheel,
)

Limits = dict[str, tuple[float, float]]
Part = TypeVar("Part", Gear, Point2, Wheel, PhysicsControl)

FAR_M = 20.0
CONTROL: Limits = {
    "max_rpm": (100.0, 1e5),
    "moi": (0.0, 1e6),
    "damping_rate_full_throttle": (0.0, 1e3),
    "damping_rate_zero_throttle_clutch_engaged": (0.0, 1e3),
    "damping_rate_zero_throttle_clutch_disengaged": (0.0, 1e3),
    "gear_switch_time": (0.0, 60.0),
    "clutch_strength": (0.0, 1e6),
    "final_ratio": (0.0, 1e3),
    "mass": (1.0, 1e6),
    "drag_coefficient": (0.0, 1e3),
}
WHEEL: Limits = {
    "tire_friction": (0.0, 100.0),
    "damping_rate": (0.0, 1e3),
    "max_steer_angle": (0.0, 85.0),
    "radius": (5.0, 500.0),
    "max_brake_torque": (0.0, 1e7),
    "max_handbrake_torque": (0.0, 1e7),
    "lat_stiff_max_load": (0.0, 1e3),
    "lat_stiff_value": (0.0, 1e4),
    "long_stiff_value": (0.0, 1e7),
}
GEAR: Limits = {"ratio": (0.0, 100.0), "down_ratio": (0.0, 1.0), "up_ratio": (0.0, 1.0)}
TORQUE: Limits = {"x": (0.0, 1e5), "y": (0.0, 1e6)}
STEERING: Limits = {"x": (0.0, 1e4), "y": (0.0, 1.0)}


def usable(physics: PhysicsControl) -> tuple[PhysicsControl, list[str]]:
    """Return the physics with every number within its limits, and a note for each change.

    Numbers are finite, which the wire format sees to. Curves are put in order of their first
    column; points and gears that the model has no room for are left out.
    """
    notes: list[str] = []
    x, y, z = (
        _within(f"center_of_mass.{axis}", value, (-FAR_M, FAR_M), notes)
        for axis, value in zip("xyz", physics.center_of_mass, strict=True)
    )
    return replace(
        _limited(physics, CONTROL, "", notes),
        center_of_mass=(x, y, z),
        torque_curve=_curve(physics.torque_curve, TORQUE, "torque_curve", notes),
        steering_curve=_curve(physics.steering_curve, STEERING, "steering_curve", notes),
        forward_gears=_each(physics.forward_gears, GEAR, "forward_gears", notes),
        wheels=[
            _limited(wheel, WHEEL, f"wheels[{n}].", notes) for n, wheel in enumerate(physics.wheels)
        ],
    ), notes


def _curve(points: list[Point2], limits: Limits, name: str, notes: list[str]) -> list[Point2]:
    return sorted(_each(points, limits, name, notes), key=lambda point: point.x)


def _each(parts: list[Part], limits: Limits, name: str, notes: list[str]) -> list[Part]:
    if len(parts) > CURVE_POINTS:
        notes.append(f"{name}: {len(parts)} given, the first {CURVE_POINTS} are used")
    kept = parts[:CURVE_POINTS]
    return [_limited(part, limits, f"{name}[{n}].", notes) for n, part in enumerate(kept)]


def _limited(part: Part, limits: Limits, prefix: str, notes: list[str]) -> Part:
    changed: dict[str, Any] = {
        name: _within(prefix + name, getattr(part, name), between, notes)
        for name, between in limits.items()
    }
    return replace(part, **changed)


def _within(name: str, value: float, between: tuple[float, float], notes: list[str]) -> float:
    low, high = between
    kept = min(max(value, low), high)
    if kept != value:
        notes.append(f"{name} {value:g} becomes {kept:g}")
    return kept
