"""Calls about vehicles and walkers: controls, physics, telemetry."""

from __future__ import annotations

import math

from ....core.errors import InputError
from ..physics import columns as col
from ..physics.control import (
    ACKERMANN_CONTROL,
    ACKERMANN_SETTINGS,
    PHYSICS,
    TELEMETRY,
    VEHICLE_CONTROL,
    WALKER_CONTROL,
    AckermannControl,
    AckermannSettings,
    PhysicsControl,
    Telemetry,
    VehicleControl,
    WalkerControl,
)
from ..physics.doors import ALL_DOORS, DOORS
from ..physics.limits import usable
from ..physics.telemetry import telemetry_of
from ..physics.vehicle_model import WHEEL_COUNT
from ..simulation import Simulation
from ..wire.codecs import BOOL, FLOAT, INT
from .registry import refuse, serve

FRONT_WHEELS = (0, 1)


def _living(simulation: Simulation, actor_id: int) -> None:
    if simulation.episode.actors.get(actor_id, "vehicle").dead:
        raise InputError(f"vehicle {actor_id} is dead and takes no control")


@serve("apply_control_to_vehicle", INT, VEHICLE_CONTROL)
def apply_control_to_vehicle(
    simulation: Simulation, actor_id: int, control: VehicleControl
) -> None:
    """Press pedals and turn the wheel."""
    _living(simulation, actor_id)
    simulation.episode.ackermann.release(actor_id)
    simulation.episode.fleet.set_control(actor_id, control)


@serve("apply_ackermann_control_to_vehicle", INT, ACKERMANN_CONTROL)
def apply_ackermann_control_to_vehicle(
    simulation: Simulation, actor_id: int, control: AckermannControl
) -> None:
    """Follow a speed and steering angle."""
    _living(simulation, actor_id)
    simulation.episode.ackermann.control(actor_id, control)


@serve("get_ackermann_controller_settings", INT, returns=ACKERMANN_SETTINGS)
def get_ackermann_controller_settings(simulation: Simulation, actor_id: int) -> AckermannSettings:
    """Return the gains of a vehicle's Ackermann control."""
    simulation.episode.actors.get(actor_id, "vehicle")
    return simulation.episode.ackermann.settings(actor_id)


@serve("apply_ackermann_controller_settings", INT, ACKERMANN_SETTINGS)
def apply_ackermann_controller_settings(
    simulation: Simulation, actor_id: int, settings: AckermannSettings
) -> None:
    """Change the gains of a vehicle's Ackermann control."""
    simulation.episode.actors.get(actor_id, "vehicle")
    simulation.episode.ackermann.set_settings(actor_id, settings)


@serve("apply_control_to_walker", INT, WALKER_CONTROL)
def apply_control_to_walker(simulation: Simulation, actor_id: int, control: WalkerControl) -> None:
    """Make a walker walk."""
    actor = simulation.episode.actors.get(actor_id, "walker")
    if actor.dead:
        raise InputError(f"walker {actor_id} is dead and takes no control")
    actor.walk = control


@serve("get_physics_control", INT, returns=PHYSICS)
def get_physics_control(simulation: Simulation, actor_id: int) -> PhysicsControl:
    """Return a vehicle's mechanical model, its wheels where they are now."""
    simulation.episode.actors.get(actor_id, "vehicle")
    return simulation.episode.fleet.physics_now(actor_id)


@serve("apply_physics_control", INT, PHYSICS)
def apply_physics_control(simulation: Simulation, actor_id: int, physics: PhysicsControl) -> None:
    """Give a vehicle another mechanical model; what no vehicle can have is brought back."""
    name = simulation.episode.actors.get(actor_id, "vehicle").description.id
    physics, notes = usable(physics)
    if notes:
        simulation.faults.refused(f"the physics of vehicle {actor_id} ({name})", "; ".join(notes))
    simulation.episode.fleet.set_physics(actor_id, physics)


@serve("get_wheel_steer_angle", INT, INT, returns=FLOAT)
def get_wheel_steer_angle(simulation: Simulation, actor_id: int, wheel: int) -> float:
    """Return the steering angle of a wheel in degrees, right positive."""
    simulation.episode.actors.get(actor_id, "vehicle")
    fleet, row = simulation.episode.fleet, simulation.episode.fleet.row_of[actor_id]
    if wheel not in FRONT_WHEELS:
        return 0.0
    return math.degrees(float(fleet.state[row, col.STEER] * fleet.parameters[row, col.MAX_STEER]))


@serve("get_wheel_pitch_angle", INT, INT, returns=FLOAT)
def get_wheel_pitch_angle(simulation: Simulation, actor_id: int, wheel: int) -> float:
    """Return how far a wheel has rolled, 0 to 360 degrees."""
    simulation.episode.actors.get(actor_id, "vehicle")
    fleet, row = simulation.episode.fleet, simulation.episode.fleet.row_of[actor_id]
    if wheel not in range(WHEEL_COUNT):
        return 0.0
    return math.degrees(float(fleet.state[row, col.ROLLED])) % 360.0


@serve("set_wheel_steer_direction", INT, INT, FLOAT)
def set_wheel_steer_direction(
    simulation: Simulation, actor_id: int, wheel: int, angle_deg: float
) -> None:
    """Turn a wheel (``carla.VehicleWheelLocation``) for show; the motion is not changed."""
    shown_deg = simulation.episode.actors.get(actor_id, "vehicle").shown_wheel_angles_deg
    shown_deg[wheel] = (angle_deg, shown_deg.get(wheel, (None, None))[1])


@serve("set_wheel_pitch_angle", INT, INT, FLOAT)
def set_wheel_pitch_angle(
    simulation: Simulation, actor_id: int, wheel: int, angle_deg: float
) -> None:
    """Roll a wheel (``carla.VehicleWheelLocation``) for show; the motion is not changed."""
    shown_deg = simulation.episode.actors.get(actor_id, "vehicle").shown_wheel_angles_deg
    shown_deg[wheel] = (shown_deg.get(wheel, (None, None))[0], angle_deg)


@serve("get_telemetry_data", INT, returns=TELEMETRY)
def get_telemetry_data(simulation: Simulation, actor_id: int) -> Telemetry:
    """Return what a vehicle does now."""
    simulation.episode.actors.get(actor_id, "vehicle")
    return telemetry_of(simulation.episode.fleet, actor_id)


@serve("open_vehicle_door", INT, INT)
def open_vehicle_door(simulation: Simulation, actor_id: int, door: int) -> None:
    """Let a door swing open."""
    _move_door(simulation, actor_id, door, opens=True)


@serve("close_vehicle_door", INT, INT)
def close_vehicle_door(simulation: Simulation, actor_id: int, door: int) -> None:
    """Let a door swing shut."""
    _move_door(simulation, actor_id, door, opens=False)


def _move_door(simulation: Simulation, actor_id: int, door: int, *, opens: bool) -> None:
    actor = simulation.episode.actors.get(actor_id, "vehicle")
    for one in DOORS if door == ALL_DOORS else (door,):
        simulation.episode.move_door(actor, one, opens=opens)


@serve("show_vehicle_debug_telemetry", INT, BOOL)
def show_vehicle_debug_telemetry(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Accept the switch; there is no window to show telemetry in."""


@serve("restore_physx_physics", INT)
def restore_physx_physics(simulation: Simulation, actor_id: int) -> None:
    """Do nothing: a vehicle never has another physics than this server's."""
    simulation.episode.actors.get(actor_id, "vehicle")


NO_CARSIM = "the built-in model drives, CarSim is a product of its own"
NO_CHRONO = "the built-in model drives, Chrono is a program of its own"
refuse("use_carsim_road enable_carsim", why=NO_CARSIM)
refuse("enable_chrono_physics", why=NO_CHRONO)
