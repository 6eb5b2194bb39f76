"""Scripted road users put on the road."""

from __future__ import annotations

from collections.abc import Sequence

import carla
import numpy as np

from ..carla_client.actors.ego import spawn
from ..carla_client.driving.paths import MapPath, heading_at
from ..carla_client.session.session import Session
from ..carla_client.session.transforms import transform_of
from ..core.errors import InputError
from ..core.frames import mirror_vector, rigid, rotation_from_rpy
from ..world.states import Vector

_SPAWN_HEIGHT_M = 0.3
_WALKER_HEIGHT_M = 1.1


def put_vehicle(
    world: carla.World, blueprint: str, role: str, path: MapPath, index: int
) -> carla.Vehicle:
    """Put a vehicle on a point of a path, along it; InputError when there is no room."""
    yaw = heading_at(path, index)
    where = path[index] + (0.0, 0.0, _SPAWN_HEIGHT_M)
    pose = rigid(rotation_from_rpy((0.0, 0.0, yaw)), where)
    return spawn(world, blueprint, role, transform_of(pose))


def roll(vehicle: carla.Vehicle, heading_rad: float, speed_mps: float) -> None:
    """Have a vehicle roll from the next tick on, in a direction of the map."""
    velocity = mirror_vector(
        (speed_mps * np.cos(heading_rad), speed_mps * np.sin(heading_rad), 0.0)
    )
    vehicle.set_target_velocity(carla.Vector3D(*(float(v) for v in velocity)))


def put_walker(
    world: carla.World, blueprint: carla.ActorBlueprint, role: str, place: Vector, heading: float
) -> carla.Walker:
    """Put a walker on the ground at (3,) of the map; InputError when there is no room."""
    if blueprint.has_attribute("role_name"):
        blueprint.set_attribute("role_name", role)
    if blueprint.has_attribute("is_invincible"):
        blueprint.set_attribute("is_invincible", "false")
    pose = rigid(rotation_from_rpy((0.0, 0.0, heading)), place + (0.0, 0.0, _WALKER_HEIGHT_M))
    walker = world.try_spawn_actor(blueprint, transform_of(pose))
    if walker is None:
        raise InputError(f"{role} cannot stand at x={place[0]:.1f} y={place[1]:.1f}")
    return walker


def remove(session: Session, actors: Sequence[carla.Actor]) -> None:
    """Destroy actors that were put somewhere, if there are any."""
    if actors:
        batch = [carla.command.DestroyActor(actor.id) for actor in actors]
        session.client.apply_batch_sync(batch, False)


def any_car(world: carla.World, rng: np.random.Generator) -> str:
    """Return the blueprint of some car; of some vehicle where the server knows no cars."""
    library = world.get_blueprint_library().filter("vehicle.*")
    cars = sorted(
        b.id
        for b in library
        if b.has_attribute("base_type") and b.get_attribute("base_type").as_str() == "car"
    ) or sorted(b.id for b in library)
    return cars[int(rng.integers(len(cars)))]


def any_walker(world: carla.World, pattern: str, rng: np.random.Generator) -> carla.ActorBlueprint:
    """Return the blueprint of some walker that fits a pattern; InputError when none does."""
    library = sorted(world.get_blueprint_library().filter(pattern), key=lambda b: b.id)
    if not library:
        raise InputError(f"this CARLA has no walker {pattern!r}")
    return library[int(rng.integers(len(library)))]
