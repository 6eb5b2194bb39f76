"""All vehicles of an episode as rows of a few tables, so that one compiled call moves them all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....town.ground import PhysicsGround
from ....world.blueprint_catalogue import Blueprint
from ..wire.structs import Transform, Vector
from . import columns as col
from .control import PhysicsControl, VehicleControl
from .dynamics import advance, all_within
from .vehicle_model import (
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
            col.empty_tables(0)
        )

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self, actor_id: int, blueprint: Blueprint, transform: Transform, *, sticky: bool
    ) -> None:
        """Add a standing vehicle; with ``sticky`` false each control holds for one tick."""
        physics = default_physics(blueprint, transform)
        rows = model_rows(blueprint, physics)
        names = ("state", "control", "parameters", "gears", "torque", "steering")
        for name, fresh in zip(names, col.empty_tables(1), strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), fresh]))
        self.extents = np.concatenate([self.extents, np.array([blueprint.size_m]) / 2.0])
        self.parameters[-1], self.gears[-1] = rows.parameters, rows.gears
        self.torque[-1], self.steering[-1] = rows.torque, rows.steering
        self.control[-1, col.GRAVITY_ON] = self.control[-1, col.COLLIDES] = 1.0
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
        advance(
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
            self.control[self.row_of[actor_id], : col.MODE] = 0.0
        return self.keep(before)

    def keep(self, before: Table) -> list[int]:
        """Freeze vehicles whose state is no longer finite or sane where they were; return them.

        ``before`` is the state of the same vehicles when it was last known to be good.
        """
        if all_within(self.state, MOST):
            return []
        lost = np.flatnonzero(~(np.abs(self.state) <= MOST).all(axis=1)).tolist()
        for row in lost:
            good = np.abs(before[row]) <= MOST
            self.state[row] = np.where(good, before[row], 0.0)
            self.set_simulated(self.ids[row], simulated=False)
        return [self.ids[row] for row in lost]

    def transform(self, actor_id: int) -> Transform:
        """Return a vehicle's pose."""
        s = self.state[self.row_of[actor_id]].tolist()
        return Transform(
            (s[col.X], s[col.Y], s[col.Z]),
            (math.degrees(s[col.PITCH]), math.degrees(s[col.YAW]), math.degrees(s[col.ROLL])),
        )

    def place(self, actor_id: int, transform: Transform) -> None:
        """Teleport a vehicle; it keeps its velocity in the world."""
        s = self.state[self.row_of[actor_id]]
        s[col.X : col.Z + 1] = transform.location
        s[col.PITCH : col.ROLL + 1] = np.radians(transform.rotation)
        self._set_body_velocity(s)

    def set_control(self, actor_id: int, control: VehicleControl) -> None:
        """Apply pedals, steer and gear, clamped to their ranges."""
        self.control[self.row_of[actor_id], : col.MODE] = (
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

    def set_simulated(self, actor_id: int, *, simulated: bool) -> None:
        """Switch a vehicle's physics; without, it stays where it is put."""
        row = self.row_of[actor_id]
        self.control[row, col.MODE] = col.PHYSICS if simulated else col.FROZEN
        if not simulated:
            self.stop(actor_id)

    def stop(self, actor_id: int) -> None:
        """Take all motion from a vehicle."""
        self.state[self.row_of[actor_id], col.VEL_X : col.YAW_RATE + 1] = 0.0

    def set_velocity(self, actor_id: int, velocity: Vector) -> None:
        """Set the velocity in m/s, world axes."""
        s = self.state[self.row_of[actor_id]]
        s[col.VEL_X : col.VEL_Z + 1] = velocity
        s[col.W] = velocity[2]
        self._set_body_velocity(s)

    def set_constant_velocity(self, actor_id: int, velocity: Vector | None) -> None:
        """Drive at a constant velocity in the body's axes, or (None) freely again."""
        c = self.control[self.row_of[actor_id]]
        c[col.MODE] = col.PHYSICS if velocity is None else col.CONSTANT_VELOCITY
        if velocity is not None:
            c[col.CONST_U : col.CONST_W + 1] = velocity

    def set_yaw_rate(self, actor_id: int, degrees_per_s: Vector) -> None:
        """Set the angular velocity; only its z acts on a vehicle on the ground."""
        s = self.state[self.row_of[actor_id]]
        s[col.YAW_RATE] = s[col.ANG_Z] = math.radians(degrees_per_s[2])

    def push(self, actor_id: int, impulse: Vector, at: Vector | None = None) -> None:
        """Add an impulse in N s, world axes; off the centre it also turns the vehicle."""
        row = self.row_of[actor_id]
        s = self.state[row]
        s[col.VEL_X : col.VEL_Z + 1] += np.asarray(impulse) / self.parameters[row, col.MASS]
        s[col.W] += impulse[2] / self.parameters[row, col.MASS]
        if at is not None:
            arm_x, arm_y = at[0] - s[col.X], at[1] - s[col.Y]
            self.spin(actor_id, (0.0, 0.0, arm_x * impulse[1] - arm_y * impulse[0]))
        self._set_body_velocity(s)

    def spin(self, actor_id: int, impulse: Vector) -> None:
        """Add an angular impulse in N m s about the vertical."""
        row = self.row_of[actor_id]
        self.state[row, col.YAW_RATE] += impulse[2] / self.parameters[row, col.INERTIA]

    def set_collides(self, actor_id: int, *, enabled: bool) -> None:
        """Let a vehicle meet others or pass through them."""
        self.control[self.row_of[actor_id], col.COLLIDES] = enabled

    def set_gravity(self, actor_id: int, *, enabled: bool) -> None:
        """Let a vehicle fall or float."""
        self.control[self.row_of[actor_id], col.GRAVITY_ON] = enabled

    def add_force(self, actor_id: int, force: Vector, at: Vector | None = None) -> None:
        """Add a force in N, world axes, for the next tick; off the centre it also turns."""
        s = self.state[self.row_of[actor_id]]
        if at is not None:
            arm_x, arm_y = at[0] - s[col.X], at[1] - s[col.Y]
            self.add_torque(actor_id, (0.0, 0.0, arm_x * force[1] - arm_y * force[0]))
        s[col.FORCE_Z] += force[2]
        cos, sin = math.cos(s[col.YAW]), math.sin(s[col.YAW])
        s[col.FORCE_X] += force[0] * cos + force[1] * sin
        s[col.FORCE_Y] += force[1] * cos - force[0] * sin

    def add_torque(self, actor_id: int, torque: Vector) -> None:
        """Add a torque in N m about the vertical, for the next tick."""
        self.state[self.row_of[actor_id], col.TORQUE_Z] += torque[2]

    @staticmethod
    def _set_body_velocity(s: Table) -> None:
        cos, sin = math.cos(s[col.YAW]), math.sin(s[col.YAW])
        s[col.U] = s[col.VEL_X] * cos + s[col.VEL_Y] * sin
        s[col.V] = s[col.VEL_Y] * cos - s[col.VEL_X] * sin


def _clamped(value: float, low: float, high: float) -> float:
    """Return the value within its range; 0 for what is no number."""
    return low if value < low else high if value > high else value if value == value else 0.0
