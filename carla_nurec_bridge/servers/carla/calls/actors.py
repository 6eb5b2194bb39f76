"""Calls about actors of any kind: spawning, placing, pushing, asking."""

from __future__ import annotations

from dataclasses import replace

from ....core.errors import InputError
from ..physics.control import VehicleControl
from ..simulation import Simulation
from ..spawning import destroy, spawn
from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    TEXT,
    VECTOR,
    list_of,
)
from ..wire.structs import (
    ACTOR,
    BOUNDING_BOX,
    DESCRIPTION,
    TRANSFORM,
    ActorDescription,
    ActorInfo,
    BoundingBox,
    Transform,
    Vector,
)
from ..world.actors import EpisodeActor
from .registry import serve


@serve("get_actors_by_id", list_of(INT), returns=list_of(ACTOR))
def get_actors_by_id(simulation: Simulation, actor_ids: list[int]) -> list[ActorInfo]:
    """Return the live ones of the asked actors."""
    found = (simulation.episode.actors.find(actor_id) for actor_id in actor_ids)
    return [actor.info() for actor in found if actor is not None]


@serve("spawn_actor", DESCRIPTION, TRANSFORM, returns=ACTOR)
def spawn_actor(
    simulation: Simulation, description: ActorDescription, transform: Transform
) -> ActorInfo:
    """Make an actor."""
    return spawn(simulation.episode, simulation.sensors, description, transform).info()


@serve("spawn_actor_with_parent", DESCRIPTION, TRANSFORM, INT, INT, TEXT, returns=ACTOR)
def spawn_actor_with_parent(
    simulation: Simulation,
    description: ActorDescription,
    transform: Transform,
    parent_id: int,
    attachment: int,
    socket: str,
) -> ActorInfo:
    """Make an actor that hangs on another: rigidly, whatever the kind of ``attachment``.

    ``transform`` is relative to the parent; there are no sockets, so ``socket`` is not read.
    """
    parent = simulation.episode.actors.get(parent_id)
    return spawn(
        simulation.episode, simulation.sensors, description, transform, parent=parent
    ).info()


@serve("destroy_actor", INT, returns=BOOL)
def destroy_actor(simulation: Simulation, actor_id: int) -> bool:
    """Destroy an actor; false when that is not possible."""
    actor = simulation.episode.actors.find(actor_id)
    return actor is not None and destroy(simulation.episode, simulation.sensors, actor)


@serve("get_actor_bounding_box", INT, returns=BOUNDING_BOX)
def get_actor_bounding_box(simulation: Simulation, actor_id: int) -> BoundingBox:
    """Return an actor's box; a zero one for unknown actors, as clients' threads expect."""
    actor = simulation.episode.actors.find(actor_id)
    return actor.box if actor else BoundingBox()


@serve("set_actor_transform", INT, TRANSFORM)
def set_actor_transform(simulation: Simulation, actor_id: int, transform: Transform) -> None:
    """Teleport an actor."""
    simulation.episode.place(simulation.episode.actors.get(actor_id), transform)


@serve("set_actor_location", INT, VECTOR)
def set_actor_location(simulation: Simulation, actor_id: int, location: Vector) -> None:
    """Teleport an actor, keeping its rotation."""
    actor = simulation.episode.actors.get(actor_id)
    simulation.episode.place(
        actor, Transform(location, simulation.episode.transform_of(actor).rotation)
    )


@serve("set_walker_state", INT, TRANSFORM, FLOAT)
def set_walker_state(
    simulation: Simulation, actor_id: int, transform: Transform, speed_m_s: float
) -> None:
    """Put a walker somewhere, walking at a speed."""
    put_walker(simulation, actor_id, transform, speed_m_s)


def put_walker(
    simulation: Simulation, actor_id: int, transform: Transform, speed_m_s: float
) -> None:
    """Put a walker somewhere for the next tick, walking at a speed the way it looks."""
    actor = simulation.episode.actors.get(actor_id, "walker")
    simulation.episode.place(actor, transform)
    actor.gait.led_m_s = speed_m_s


@serve("set_actor_target_velocity", INT, VECTOR)
def set_actor_target_velocity(simulation: Simulation, actor_id: int, velocity: Vector) -> None:
    """Set the velocity in m/s, world axes."""
    actor = simulation.episode.actors.get(actor_id)
    if actor.kind == "vehicle":
        simulation.episode.fleet.set_velocity(actor_id, velocity)
    else:
        actor.velocity = velocity


@serve("set_actor_target_angular_velocity", INT, VECTOR)
def set_actor_target_angular_velocity(
    simulation: Simulation, actor_id: int, degrees_per_s: Vector
) -> None:
    """Set the angular velocity in deg/s."""
    simulation.episode.fleet.set_yaw_rate(_vehicle(simulation, actor_id).id, degrees_per_s)


@serve("enable_actor_constant_velocity", INT, VECTOR)
def enable_actor_constant_velocity(simulation: Simulation, actor_id: int, velocity: Vector) -> None:
    """Drive at a constant velocity in the vehicle's own axes."""
    simulation.episode.fleet.set_constant_velocity(_vehicle(simulation, actor_id).id, velocity)


@serve("disable_actor_constant_velocity", INT)
def disable_actor_constant_velocity(simulation: Simulation, actor_id: int) -> None:
    """Drive freely again."""
    simulation.episode.fleet.set_constant_velocity(_vehicle(simulation, actor_id).id, None)


@serve("add_actor_impulse", INT, VECTOR)
def add_actor_impulse(simulation: Simulation, actor_id: int, impulse: Vector) -> None:
    """Add an impulse in N s."""
    simulation.episode.fleet.push(_vehicle(simulation, actor_id).id, impulse)


@serve("add_actor_impulse_at_location", INT, VECTOR, VECTOR)
def add_actor_impulse_at_location(
    simulation: Simulation, actor_id: int, impulse: Vector, location: Vector
) -> None:
    """Add an impulse in N s, world axes, at a point of the world; it also turns the vehicle."""
    simulation.episode.fleet.push(_vehicle(simulation, actor_id).id, impulse, location)


@serve("add_actor_force", INT, VECTOR)
def add_actor_force(simulation: Simulation, actor_id: int, force: Vector) -> None:
    """Add a force in N for the next tick."""
    simulation.episode.fleet.add_force(_vehicle(simulation, actor_id).id, force)


@serve("add_actor_force_at_location", INT, VECTOR, VECTOR)
def add_actor_force_at_location(
    simulation: Simulation, actor_id: int, force: Vector, location: Vector
) -> None:
    """Add a force in N, world axes, at a point of the world for the next tick; it also turns."""
    simulation.episode.fleet.add_force(_vehicle(simulation, actor_id).id, force, location)


@serve("add_actor_angular_impulse", INT, VECTOR)
def add_actor_angular_impulse(simulation: Simulation, actor_id: int, impulse: Vector) -> None:
    """Add an angular impulse in N m s."""
    simulation.episode.fleet.spin(_vehicle(simulation, actor_id).id, impulse)


@serve("add_actor_torque", INT, VECTOR)
def add_actor_torque(simulation: Simulation, actor_id: int, torque: Vector) -> None:
    """Add a torque in N m for the next tick."""
    simulation.episode.fleet.add_torque(_vehicle(simulation, actor_id).id, torque)


@serve("set_actor_simulate_physics", INT, BOOL)
def set_actor_simulate_physics(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Switch an actor's physics."""
    actor = simulation.episode.actors.get(actor_id)
    actor.simulated = enabled
    if actor.kind == "vehicle":
        simulation.episode.fleet.set_simulated(actor_id, simulated=enabled)


@serve("set_actor_collisions", INT, BOOL)
def set_actor_collisions(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Switch an actor's collisions."""
    simulation.episode.set_collides(simulation.episode.actors.get(actor_id), enabled=enabled)


@serve("set_actor_enable_gravity", INT, BOOL)
def set_actor_enable_gravity(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Switch a vehicle's gravity."""
    simulation.episode.fleet.set_gravity(_vehicle(simulation, actor_id).id, enabled=enabled)


@serve("set_actor_autopilot", INT, BOOL)
def set_actor_autopilot(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Accept autopilot switches; the client's Traffic Manager drives."""
    _vehicle(simulation, actor_id)


@serve("set_ignored_vehicles", INT, list_of(INT))
def set_ignored_vehicles(simulation: Simulation, sensor_id: int, vehicle_ids: list[int]) -> None:
    """Refuse for all but V2X sensors, which alone can ignore vehicles."""
    raise InputError(f"actor {sensor_id} is no sensor that can ignore vehicles")


@serve("set_actor_dead", INT)
def set_actor_dead(simulation: Simulation, actor_id: int) -> None:
    """End what an actor does by itself: a walker falls still, a vehicle rolls out."""
    actor = simulation.episode.actors.get(actor_id)
    if actor.kind not in ("vehicle", "walker"):
        raise InputError(f"actor {actor_id} does not live")
    actor.dead = True
    if actor.kind == "vehicle":
        simulation.episode.ackermann.release(actor_id)
        simulation.episode.fleet.set_control(actor_id, VehicleControl())
    else:
        actor.walk = replace(actor.walk, speed=0.0)


def _vehicle(simulation: Simulation, actor_id: int) -> EpisodeActor:
    return simulation.episode.actors.get(actor_id, "vehicle")
