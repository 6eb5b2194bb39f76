"""All vehicles of an episode as rows of a few tables, so that one compiled call moves them all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....town.ground import PhysicsGround
from ....world.blueprint_catalogue import Blueprint
from ..wire.structs import Transform, Vector
from . import dynamics as d
from .control import (
    PhysicsControl,
    Telemetry,
    VehicleControl,
    WheelTelemetry,
)
from .vehicle_model import (
    FRICTION_SHARE,
    default_physics,
    model_rows,
    wheel_positions_cm,
)

Table = NDArray[np.float64]

MOST = 1e9
"""No metre, metre a second, radian or turn of a vehicle is ever beyond."""


class Fleet:
    """The vehicles by actor id; rows keep the order of spawning, so that runs repeat exactly."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.row_of: dict[int, int] = {}
        self.blueprints: list[Blueprint] = []
        self.physics: list[PhysicsControl] = []
        self.extents: Table = np.zeros((0, 3))
        self.single_tick: set[int] = set()
        (self.state, self.control, self.parameters, self.gears, self.torque, self.steering) = (
            d.empty_tables(0)
        )

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, actor_id: int, blueprint: Blueprint, transform: Transform, sticky: bool) -> None:
        """Add a standing vehicle; with ``sticky`` false each control holds for one tick."""
        physics = default_physics(blueprint, transform)
        rows = model_rows(blueprint, physics)
        names = ("state", "control", "parameters", "gears", "torque", "steering")
        for name, fresh in zip(names, d.empty_tables(1), strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), fresh]))
        self.extents = np.concatenate([self.extents, np.array([blueprint.size_m]) / 2.0])
        self.parameters[-1], self.gears[-1] = rows.parameters, rows.gears
        self.torque[-1], self.steering[-1] = rows.torque, rows.steering
        self.control[-1, d.GRAVITY_ON] = self.control[-1, d.COLLIDES] = 1.0
        self.ids.append(actor_id)
        self.blueprints.append(blueprint)
        self.physics.append(physics)
        self.row_of[actor_id] = len(self.ids) - 1
        if not sticky:
            self.single_tick.add(actor_id)
        self.place(actor_id, transform)

    def remove(self, actor_id: int) -> None:
        """Remove a vehicle."""
        row = self.row_of[actor_id]
        for name in (
            "state",
            "control",
            "parameters",
            "gears",
            "torque",
            "steering",
            "extents",
        ):
            setattr(self, name, np.delete(getattr(self, name), row, axis=0))
        for items in (self.ids, self.blueprints, self.physics):
            del items[row]
        self.single_tick.discard(actor_id)
        self.row_of = {other: index for index, other in enumerate(self.ids)}

    def advance(self, dt_s: float, substep_s: float, ground: PhysicsGround) -> list[int]:
        """Move every vehicle by ``dt_s`` seconds; return those whose motion was lost (``keep``)."""
        if not self.ids:
            return []
        before = self.state.copy()
        d.advance(
            self.state,
            self.control,
            self.parameters,
            self.gears,
            self.torque,
            self.steering,
            ground.grid,
            dt_s,
            substep_s,
        )
        for actor_id in self.single_tick:
            self.control[self.row_of[actor_id], : d.MODE] = 0.0
        return self.keep(before)

    def keep(self, before: Table) -> list[int]:
        """Freeze vehicles whose state is no longer finite or sane where they were; return them.

        ``before`` is the state of the same vehicles when it was last known to be good.
        """
        if d.all_within(self.state, MOST):
            return []
        lost = np.flatnonzero(~(np.abs(self.state) <= MOST).all(axis=1)).tolist()
        for row in lost:
            good = np.abs(before[row]) <= MOST
            self.state[row] = np.where(good, before[row], 0.0)
            self.set_simulated(self.ids[row], False)
        return [self.ids[row] for row in lost]

    def transform(self, actor_id: int) -> Transform:
        """Return a vehicle's pose."""
        s = self.state[self.row_of[actor_id]].tolist()
        return Transform(
            (s[d.X], s[d.Y], s[d.Z]),
            (math.degrees(s[d.PITCH]), math.degrees(s[d.YAW]), math.degrees(s[d.ROLL])),
        )

    def place(self, actor_id: int, transform: Transform) -> None:
        """Teleport a vehicle; it keeps its velocity in the world."""
        s = self.state[self.row_of[actor_id]]
        s[d.X : d.Z + 1] = transform.location
        s[d.PITCH : d.ROLL + 1] = np.radians(transform.rotation)
        self._set_body_velocity(s)

    def set_control(self, actor_id: int, control: VehicleControl) -> None:
        """Apply pedals, steer and gear, clamped to their ranges."""
        self.control[self.row_of[actor_id], : d.MODE] = (
            _clamped(control.throttle, 0.0, 1.0),
            _clamped(control.steer, -1.0, 1.0),
            _clamped(control.brake, 0.0, 1.0),
            control.hand_brake,
            control.reverse,
            control.manual_gear_shift,
            control.gear,
        )

    def set_physics(self, actor_id: int, physics: PhysicsControl) -> None:
        """Give a vehicle another mechanical model."""
        row = self.row_of[actor_id]
        rows = model_rows(self.blueprints[row], physics)
        self.physics[row] = physics
        self.parameters[row], self.gears[row] = rows.parameters, rows.gears
        self.torque[row], self.steering[row] = rows.torque, rows.steering

    def frictions(self, actor_id: int) -> list[float]:
        """Return the friction of each wheel's tyre."""
        return [wheel.tire_friction for wheel in self.physics[self.row_of[actor_id]].wheels]

    def set_frictions(self, actor_id: int, frictions: list[float]) -> None:
        """Give the wheels' tyres other frictions."""
        physics = self.physics[self.row_of[actor_id]]
        wheels = [
            replace(wheel, tire_friction=friction)
            for wheel, friction in zip(physics.wheels, frictions, strict=False)
        ]
        self.set_physics(actor_id, replace(physics, wheels=wheels))

    def physics_now(self, actor_id: int) -> PhysicsControl:
        """Return a vehicle's mechanical model with its wheels where they are now."""
        row = self.row_of[actor_id]
        physics = self.physics[row]
        places = wheel_positions_cm(self.blueprints[row], self.transform(actor_id))
        wheels = [
            replace(wheel, position=position)
            for wheel, (_, position) in zip(physics.wheels, places, strict=False)
        ]
        return replace(physics, wheels=wheels)

    def telemetry(self, actor_id: int) -> Telemetry:
        """Return what a vehicle does; wheels share forces in proportion to their loads."""
        row = self.row_of[actor_id]
        s, c, p = self.state[row], self.control[row], self.parameters[row]
        speed = float(math.hypot(s[d.U], s[d.V]))
        weight = float(p[d.MASS]) * d.GRAVITY
        along = float(s[d.ACC_X] * math.cos(s[d.YAW]) + s[d.ACC_Y] * math.sin(s[d.YAW]))
        across = float(s[d.ACC_Y] * math.cos(s[d.YAW]) - s[d.ACC_X] * math.sin(s[d.YAW]))
        loads = _wheel_loads(p, along, across)
        slip = math.atan2(float(s[d.V]), max(abs(float(s[d.U])), 0.1))
        wheels = [
            WheelTelemetry(
                tire_friction=float(p[d.FRICTION]) / FRICTION_SHARE,
                lat_slip=slip,
                long_slip=0.0,
                omega=float(s[d.U] / p[d.WHEEL_RADIUS_M]),
                tire_load=load,
                normalized_tire_load=load * len(loads) / weight,
                torque=load / d.GRAVITY * along * float(p[d.WHEEL_RADIUS_M]),
                long_force=load / d.GRAVITY * along,
                lat_force=load / d.GRAVITY * across,
                normalized_long_force=along / d.GRAVITY,
                normalized_lat_force=across / d.GRAVITY,
            )
            for load in loads
        ]
        return Telemetry(
            speed,
            float(c[d.STEER_CMD]),
            float(c[d.THROTTLE]),
            float(c[d.BRAKE]),
            float(s[d.RPM]),
            int(s[d.GEAR]),
            0.5 * d.AIR_DENSITY * float(p[d.DRAG_AREA]) * speed**2,
            wheels,
        )

    def set_simulated(self, actor_id: int, simulated: bool) -> None:
        """Switch a vehicle's physics; without, it stays where it is put."""
        row = self.row_of[actor_id]
        self.control[row, d.MODE] = d.PHYSICS if simulated else d.FROZEN
        if not simulated:
            self.stop(actor_id)

    def stop(self, actor_id: int) -> None:
        """Take all motion from a vehicle."""
        self.state[self.row_of[actor_id], d.VEL_X : d.YAW_RATE + 1] = 0.0

    def set_velocity(self, actor_id: int, velocity: Vector) -> None:
        """Set the velocity in m/s, world axes."""
        s = self.state[self.row_of[actor_id]]
        s[d.VEL_X : d.VEL_Z + 1] = velocity
        s[d.W] = velocity[2]
        self._set_body_velocity(s)

    def set_constant_velocity(self, actor_id: int, velocity: Vector | None) -> None:
        """Drive at a constant velocity in the body's axes, or (None) freely again."""
        c = self.control[self.row_of[actor_id]]
        c[d.MODE] = d.PHYSICS if velocity is None else d.CONSTANT_VELOCITY
        if velocity is not None:
            c[d.CONST_U : d.CONST_W + 1] = velocity

    def set_yaw_rate(self, actor_id: int, degrees_per_s: Vector) -> None:
        """Set the angular velocity; only its z acts on a vehicle on the ground."""
        s = self.state[self.row_of[actor_id]]
        s[d.YAW_RATE] = s[d.ANG_Z] = math.radians(degrees_per_s[2])

    def push(self, actor_id: int, impulse: Vector, at: Vector | None = None) -> None:
        """Add an impulse in N s, world axes; off the centre it also turns the vehicle."""
        row = self.row_of[actor_id]
        s = self.state[row]
        s[d.VEL_X : d.VEL_Z + 1] += np.asarray(impulse) / self.parameters[row, d.MASS]
        s[d.W] += impulse[2] / self.parameters[row, d.MASS]
        if at is not None:
            arm_x, arm_y = at[0] - s[d.X], at[1] - s[d.Y]
            self.spin(actor_id, (0.0, 0.0, arm_x * impulse[1] - arm_y * impulse[0]))
        self._set_body_velocity(s)

    def spin(self, actor_id: int, impulse: Vector) -> None:
        """Add an angular impulse in N m s about the vertical."""
        row = self.row_of[actor_id]
        self.state[row, d.YAW_RATE] += impulse[2] / self.parameters[row, d.INERTIA]

    def set_collides(self, actor_id: int, enabled: bool) -> None:
        """Let a vehicle meet others or pass through them."""
        self.control[self.row_of[actor_id], d.COLLIDES] = enabled

    def set_gravity(self, actor_id: int, enabled: bool) -> None:
        """Let a vehicle fall or float."""
        self.control[self.row_of[actor_id], d.GRAVITY_ON] = enabled

    def add_force(self, actor_id: int, force: Vector, at: Vector | None = None) -> None:
        """Add a force in N, world axes, for the next tick; off the centre it also turns."""
        s = self.state[self.row_of[actor_id]]
        if at is not None:
            arm_x, arm_y = at[0] - s[d.X], at[1] - s[d.Y]
            self.add_torque(actor_id, (0.0, 0.0, arm_x * force[1] - arm_y * force[0]))
        s[d.FORCE_Z] += force[2]
        cos, sin = math.cos(s[d.YAW]), math.sin(s[d.YAW])
        s[d.FORCE_X] += force[0] * cos + force[1] * sin
        s[d.FORCE_Y] += force[1] * cos - force[0] * sin

    def add_torque(self, actor_id: int, torque: Vector) -> None:
        """Add a torque in N m about the vertical, for the next tick."""
        self.state[self.row_of[actor_id], d.TORQUE_Z] += torque[2]

    @staticmethod
    def _set_body_velocity(s: Table) -> None:
        cos, sin = math.cos(s[d.YAW]), math.sin(s[d.YAW])
        s[d.U] = s[d.VEL_X] * cos + s[d.VEL_Y] * sin
        s[d.V] = s[d.VEL_Y] * cos - s[d.VEL_X] * sin


def _clamped(value: float, low: float, high: float) -> float:
    """Return the value within its range; 0 for what is no number."""
    return low if value < low else high if value > high else value if value == value else 0.0


def _wheel_loads(p: Table, along: float, across: float) -> list[float]:
    """Return each wheel's load in N while accelerating ``along`` and ``across`` in m/s^2.

    Two-wheelers lean into a bend, so that left and right wheels share the load evenly.
    """
    base = float(p[d.FRONT_M] + p[d.REAR_M])
    mass, height = float(p[d.MASS]), float(p[d.COG_HEIGHT_M])
    back = mass * along * height / base
    front = mass * d.GRAVITY * float(p[d.REAR_M]) / base - back
    axles = [max(front, 0.0), max(mass * d.GRAVITY - front, 0.0)]
    shift = across * height / (2.0 * d.GRAVITY * float(p[d.HALF_TRACK_M]))
    left = 0.5 if p[d.TWO_WHEELS] > 0.5 else min(max(0.5 + shift, 0.0), 1.0)
    return [share * axle for axle in axles for share in (left, 1.0 - left)]
