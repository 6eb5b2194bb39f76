"""The mechanical data of each vehicle: CARLA's physics control from size and kind, and back.

CARLA's own figures for its 41 vehicles are not public as a table; these follow from the true size
by kind: mass from volume, torque from mass, wheels at +-0.29 of the length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....world.blueprint_catalogue import Blueprint
from ....world.object_classes import ObjectClass
from ..wire.structs import Transform
from .columns import CURVE_POINTS, PARAMETER_COLUMNS
from .control import (
    Gear,
    PhysicsControl,
    Point2,
    Wheel,
)
from .dynamics import GRAVITY

AXLE_SHARE = 0.29
WHEEL_COUNT = 4
"""Two-wheelers have as many, as in CARLA: theirs stand in pairs."""
TRACK_SHARE = {True: 0.42, False: 0.1}
"""Half the track in shares of the width, for vehicles that have more than two wheels or not."""
# CARLA's tyres (friction 3.5 by default) hold far beyond 1 g; with these shares the Traffic
# Manager keeps its lanes through the corners of CARLA's towns, as it does there.
FRICTION_SHARE = 0.5
STIFFNESS_SHARE = 0.9
LONG_STIFFNESS_SHARE = 1.0 / 1500.0
"""Weights that a tyre holds along its way when it slips wholly, per unit of ``long_stiff_value``:
PhysX's force of one unit times gravity, for a car of 1500 kg, and heavier ones in proportion."""
# Shares of the weight.
FULL_BRAKE, HAND_BRAKE = 1.0, 2.2
PEAK_DENSITY_KG_M3 = {
    ObjectClass.CAR: 125.0,
    ObjectClass.TRUCK: 135.0,
    ObjectClass.VAN: 110.0,
    ObjectClass.BUS: 105.0,
    ObjectClass.MOTORCYCLE: 130.0,
    ObjectClass.BICYCLE: 45.0,
}
TORQUE_PER_KG = {
    ObjectClass.CAR: 0.22,
    ObjectClass.TRUCK: 0.16,
    ObjectClass.VAN: 0.19,
    ObjectClass.BUS: 0.15,
    ObjectClass.MOTORCYCLE: 0.3,
    ObjectClass.BICYCLE: 0.09,
}
WHEEL_RADIUS_M = {
    ObjectClass.CAR: 0.35,
    ObjectClass.TRUCK: 0.5,
    ObjectClass.VAN: 0.37,
    ObjectClass.BUS: 0.48,
    ObjectClass.MOTORCYCLE: 0.31,
    ObjectClass.BICYCLE: 0.34,
}
MAX_STEER_DEG = {
    ObjectClass.CAR: 70.0,
    ObjectClass.TRUCK: 60.0,
    ObjectClass.VAN: 65.0,
    ObjectClass.BUS: 60.0,
    ObjectClass.MOTORCYCLE: 50.0,
    ObjectClass.BICYCLE: 50.0,
}
GEARS = (
    Gear(4.2, 0.3, 0.8),
    Gear(2.5, 0.35, 0.8),
    Gear(1.7, 0.4, 0.8),
    Gear(1.25, 0.45, 0.8),
    Gear(1.0, 0.5, 0.8),
)
MAX_RPM = 6000.0
FINAL_RATIO = 3.6


@dataclass(frozen=True)
class ModelRows:
    """A vehicle's rows in the tables of ``dynamics.advance``."""

    parameters: np.ndarray
    gears: np.ndarray
    torque: np.ndarray
    steering: np.ndarray


def default_physics(blueprint: Blueprint, transform: Transform) -> PhysicsControl:
    """Return the physics control of a fresh vehicle standing at ``transform``."""
    length, width, height = blueprint.size_m
    kind = blueprint.object_class
    mass = round(PEAK_DENSITY_KG_M3[kind] * length * width * height, 1)
    peak = TORQUE_PER_KG[kind] * mass
    radius_cm = 100.0 * WHEEL_RADIUS_M[kind]
    weight_torque = mass * GRAVITY * WHEEL_RADIUS_M[kind] / WHEEL_COUNT
    wheels = [
        Wheel(
            max_steer_angle=MAX_STEER_DEG[kind] if front else 0.0,
            radius=radius_cm,
            max_brake_torque=FULL_BRAKE * weight_torque,
            max_handbrake_torque=0.0 if front else HAND_BRAKE * weight_torque,
            position=position,
        )
        for front, position in wheel_positions_cm(blueprint, transform)
    ]
    return PhysicsControl(
        torque_curve=[
            Point2(0.0, 0.75 * peak),
            Point2(0.35 * MAX_RPM, peak),
            Point2(0.75 * MAX_RPM, peak),
            Point2(MAX_RPM, 0.8 * peak),
        ],
        max_rpm=MAX_RPM,
        moi=1.0,
        damping_rate_full_throttle=0.15,
        damping_rate_zero_throttle_clutch_engaged=2.0,
        damping_rate_zero_throttle_clutch_disengaged=0.35,
        use_gear_autobox=True,
        gear_switch_time=0.3,
        clutch_strength=10.0,
        final_ratio=FINAL_RATIO,
        forward_gears=list(GEARS),
        mass=mass,
        drag_coefficient=0.3,
        center_of_mass=(0.0, 0.0, -0.3 * height / 1.5),
        steering_curve=[Point2(0.0, 1.0), Point2(20.0, 0.9), Point2(60.0, 0.8), Point2(120.0, 0.7)],
        wheels=wheels,
    )


def wheel_positions_cm(
    blueprint: Blueprint, transform: Transform
) -> list[tuple[bool, tuple[float, float, float]]]:
    """Return (is a front wheel, world position in centimetres): FL, FR, RL, RR."""
    length, width, _ = blueprint.size_m
    x, y, z = transform.location
    yaw = math.radians(transform.rotation[1])
    rise = math.tan(math.radians(transform.rotation[0]))
    radius = WHEEL_RADIUS_M[blueprint.object_class]
    half_track = TRACK_SHARE[blueprint.wheels > 2] * width
    found: list[tuple[bool, tuple[float, float, float]]] = []
    for ahead in (AXLE_SHARE * length, -AXLE_SHARE * length):
        for right in (-half_track, half_track):
            place = (
                100.0 * (x + ahead * math.cos(yaw) - right * math.sin(yaw)),
                100.0 * (y + ahead * math.sin(yaw) + right * math.cos(yaw)),
                100.0 * (z + ahead * rise + radius),
            )
            found.append((ahead > 0, place))
    return found


def model_rows(blueprint: Blueprint, physics: PhysicsControl) -> ModelRows:
    """Translate a physics control into the rows of the dynamics' tables."""
    length, width, height = blueprint.size_m
    front = [wheel for wheel in physics.wheels if wheel.max_steer_angle > 0.0] or physics.wheels
    radius = max(front[0].radius / 100.0, 0.05) if front else WHEEL_RADIUS_M[blueprint.object_class]
    friction = FRICTION_SHARE * min((w.tire_friction for w in physics.wheels), default=3.5)
    stiffness = STIFFNESS_SHARE * min((w.lat_stiff_value for w in physics.wheels), default=20.0)
    mass = max(physics.mass, 1.0)
    hold = LONG_STIFFNESS_SHARE * GRAVITY * mass * sum(w.long_stiff_value for w in physics.wheels)
    ahead = physics.center_of_mass[0]
    peak = max((point.y for point in physics.torque_curve), default=0.0)
    row = np.array(
        [
            mass,
            mass * (length**2 + width**2) / 12.0,
            max(AXLE_SHARE * length - ahead, 0.2),
            max(AXLE_SHARE * length + ahead, 0.2),
            max(TRACK_SHARE[True] * width, 0.1),
            max(0.35 * height + physics.center_of_mass[2] * 0.5, 0.1),
            radius,
            math.radians(max((w.max_steer_angle for w in front), default=0.0)),
            friction,
            stiffness,
            sum(w.max_brake_torque for w in physics.wheels) / radius,
            sum(w.max_handbrake_torque for w in physics.wheels) / radius,
            max(physics.max_rpm, 100.0),
            physics.final_ratio,
            float(min(len(physics.forward_gears), CURVE_POINTS)) or 1.0,
            float(physics.use_gear_autobox),
            physics.gear_switch_time,
            physics.drag_coefficient * 0.85 * width * height,
            0.1 * peak * physics.damping_rate_zero_throttle_clutch_engaged,
            float(blueprint.wheels == 2),
            hold,
        ]
    )
    assert len(row) == PARAMETER_COLUMNS
    gears = [(gear.ratio, gear.down_ratio, gear.up_ratio) for gear in physics.forward_gears]
    return ModelRows(
        row,
        _padded(gears or [(1.0, 0.0, 1.0)]),
        _padded([(point.x, point.y) for point in physics.torque_curve] or [(0.0, 0.0)]),
        _padded([(point.x, point.y) for point in physics.steering_curve] or [(0.0, 1.0)]),
    )


def _padded(rows: Sequence[tuple[float, ...]]) -> np.ndarray:
    kept = list(rows[:CURVE_POINTS])
    return np.array(kept + [kept[-1]] * (CURVE_POINTS - len(kept)), dtype=np.float64)
