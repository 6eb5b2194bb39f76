"""Controls, physics and telemetry of vehicles and walkers: dataclasses and their codecs."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    VECTOR,
    list_of,
    single,
    struct,
)
from ..wire.structs import ZERO, Vector


@dataclass(frozen=True, slots=True)
class VehicleControl:
    """Pedals 0..1, steer -1..1 (right positive), and the gear of a manual shift."""

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0


@dataclass(frozen=True, slots=True)
class AckermannControl:
    """Steering angle in rad (right positive), its rate, speed m/s, acceleration and jerk."""

    steer: float = 0.0
    steer_speed: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0
    jerk: float = 0.0


@dataclass(frozen=True, slots=True)
class AckermannSettings:
    """Gains of the two PID controllers behind an Ackermann control."""

    speed_kp: float = 0.15
    speed_ki: float = 0.0
    speed_kd: float = 0.25
    accel_kp: float = 0.01
    accel_ki: float = 0.0
    accel_kd: float = 0.01


@dataclass(frozen=True, slots=True)
class WalkerControl:
    """Walking direction (unit, world axes), speed in m/s, and whether to jump."""

    direction: Vector = (1.0, 0.0, 0.0)
    speed: float = 0.0
    jump: bool = False


@dataclass(frozen=True, slots=True)
class Point2:
    """A point of a curve."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Gear:
    """A forward gear: ratio, and the shares of the top engine speed that shift down and up."""

    ratio: float
    down_ratio: float
    up_ratio: float


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: angles in degrees, torques in N m, radius and world position in centimetres."""

    tire_friction: float = 3.5
    damping_rate: float = 0.25
    max_steer_angle: float = 0.0
    radius: float = 35.0
    max_brake_torque: float = 1500.0
    max_handbrake_torque: float = 0.0
    lat_stiff_max_load: float = 3.0
    lat_stiff_value: float = 20.0
    long_stiff_value: float = 3000.0
    position: Vector = ZERO


@dataclass(frozen=True, slots=True)
class PhysicsControl:
    """The mechanical model of a vehicle (N m, rpm, kg, metres)."""

    torque_curve: list[Point2]
    max_rpm: float
    moi: float
    damping_rate_full_throttle: float
    damping_rate_zero_throttle_clutch_engaged: float
    damping_rate_zero_throttle_clutch_disengaged: float
    use_gear_autobox: bool
    gear_switch_time: float
    clutch_strength: float
    final_ratio: float
    forward_gears: list[Gear]
    mass: float
    drag_coefficient: float
    center_of_mass: Vector
    steering_curve: list[Point2]
    wheels: list[Wheel]
    use_sweep_wheel_collision: bool = False


@dataclass(frozen=True, slots=True)
class WheelTelemetry:
    """What a wheel does: slips, speed in rad/s, load and forces in N, torque in N m."""

    tire_friction: float
    lat_slip: float
    long_slip: float
    omega: float
    tire_load: float
    normalized_tire_load: float
    torque: float
    long_force: float
    lat_force: float
    normalized_long_force: float
    normalized_lat_force: float


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a vehicle does: speed in m/s, pedals, engine speed in rpm, drag in N."""

    speed: float
    steer: float
    throttle: float
    brake: float
    engine_rpm: float
    gear: int
    drag: float
    wheels: list[WheelTelemetry]


VEHICLE_CONTROL = struct(
    VehicleControl,
    throttle=FLOAT,
    steer=FLOAT,
    brake=FLOAT,
    hand_brake=BOOL,
    reverse=BOOL,
    manual_gear_shift=BOOL,
    gear=INT,
)
ACKERMANN_CONTROL = struct(
    AckermannControl, steer=FLOAT, steer_speed=FLOAT, speed=FLOAT, acceleration=FLOAT, jerk=FLOAT
)
ACKERMANN_SETTINGS = struct(
    AckermannSettings, **dict.fromkeys(AckermannSettings.__dataclass_fields__, FLOAT)
)
WALKER_CONTROL = struct(WalkerControl, direction=VECTOR, speed=FLOAT, jump=BOOL)
LIGHT_STATE = single(INT)
_POINT2 = struct(Point2, x=FLOAT, y=FLOAT)
_WHEEL = struct(
    Wheel,
    **{name: VECTOR if name == "position" else FLOAT for name in Wheel.__dataclass_fields__},
)
PHYSICS = struct(
    PhysicsControl,
    torque_curve=list_of(_POINT2),
    max_rpm=FLOAT,
    moi=FLOAT,
    damping_rate_full_throttle=FLOAT,
    damping_rate_zero_throttle_clutch_engaged=FLOAT,
    damping_rate_zero_throttle_clutch_disengaged=FLOAT,
    use_gear_autobox=BOOL,
    gear_switch_time=FLOAT,
    clutch_strength=FLOAT,
    final_ratio=FLOAT,
    forward_gears=list_of(struct(Gear, ratio=FLOAT, down_ratio=FLOAT, up_ratio=FLOAT)),
    mass=FLOAT,
    drag_coefficient=FLOAT,
    center_of_mass=VECTOR,
    steering_curve=list_of(_POINT2),
    wheels=list_of(_WHEEL),
    use_sweep_wheel_collision=BOOL,
)
TELEMETRY = struct(
    Telemetry,
    speed=FLOAT,
    steer=FLOAT,
    throttle=FLOAT,
    brake=FLOAT,
    engine_rpm=FLOAT,
    gear=INT,
    drag=FLOAT,
    wheels=list_of(
        struct(WheelTelemetry, **dict.fromkeys(WheelTelemetry.__dataclass_fields__, FLOAT))
    ),
)
