"""Calls about the parts of actors: components, bones and sockets.

A vehicle has its base and its wheels, a walker its skeleton, all else only its root. Nothing
here has sockets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ....core.errors import InputError
from ..physics import columns as col
from ..physics.skeleton import body_offset, component_poses, transform_of_pose
from ..physics.vehicle_model import wheel_positions_cm
from ..simulation import Simulation
from ..wire.codecs import INT, TEXT, list_of
from ..wire.structs import TRANSFORM, Transform
from ..world.actors import EpisodeActor, compose, matrix_of
from .registry import serve

ROOT = "root"
BASE = "Vehicle_Base"
WHEELS = {
    4: ("Wheel_Front_Left", "Wheel_Front_Right", "Wheel_Rear_Left", "Wheel_Rear_Right"),
    2: ("Wheel_Front", "Wheel_Rear"),
}
CM_PER_M = 100.0


@dataclass(frozen=True)
class ActorPart:
    """A named part and its pose in the actor's frame."""

    name: str
    pose: Transform


def parts_of(simulation: Simulation, actor: EpisodeActor) -> list[ActorPart]:
    """Return the bones of a vehicle (its base, its wheels as they are turned) or of a walker."""
    if actor.kind == "walker":
        offset = body_offset(actor)
        poses = component_poses(actor)
        return [ActorPart(name, transform_of_pose(offset @ pose)) for name, pose in poses.items()]
    if actor.kind != "vehicle" or actor.blueprint is None:
        return []
    fleet = simulation.episode.fleet
    row = fleet.row_of[actor.id]
    steer_deg = math.degrees(
        float(fleet.state[row, col.STEER] * fleet.parameters[row, col.MAX_STEER])
    )
    rolled_deg = math.degrees(float(fleet.state[row, col.ROLLED])) % 360.0
    places = wheel_positions_cm(actor.blueprint, Transform())
    if actor.blueprint.wheels == 2:
        places = [(front, (x, 0.0, z)) for front, (x, _, z) in places[::2]]
    parts = [ActorPart(BASE, Transform())]
    for wheel, (name, (front, place)) in enumerate(zip(WHEELS[len(places)], places, strict=True)):
        turned, rolled = actor.shown_wheel_angles_deg.get(wheel, (None, None))
        yaw = turned if turned is not None else steer_deg if front else 0.0
        pitch = rolled if rolled is not None else -rolled_deg
        x, y, z = place
        at = (x / CM_PER_M, y / CM_PER_M, z / CM_PER_M)
        parts.append(ActorPart(name, Transform(at, (pitch, yaw, 0.0))))
    return parts


def _world(simulation: Simulation, actor: EpisodeActor, pose: Transform) -> Transform:
    return compose(simulation.episode.matrix_of(actor), matrix_of(pose))


def _find(simulation: Simulation, actor_id: int, component: str) -> tuple[EpisodeActor, Transform]:
    actor = simulation.episode.actors.get(actor_id)
    poses = {ROOT: Transform()}
    poses |= {part.name: part.pose for part in parts_of(simulation, actor)}
    if component not in poses:
        raise InputError(
            f"actor {actor_id} has no component '{component}'; it has {', '.join(poses)}"
        )
    return actor, poses[component]


@serve("get_actor_component_names", INT, returns=list_of(TEXT))
def get_actor_component_names(simulation: Simulation, actor_id: int) -> list[str]:
    """Return the names of an actor's components."""
    actor = simulation.episode.actors.get(actor_id)
    return [ROOT, *(part.name for part in parts_of(simulation, actor))]


@serve("get_actor_component_world_transform", INT, TEXT, returns=TRANSFORM)
def get_actor_component_world_transform(
    simulation: Simulation, actor_id: int, component: str
) -> Transform:
    """Return the pose of a component in the world."""
    return _world(simulation, *_find(simulation, actor_id, component))


@serve("get_actor_component_relative_transform", INT, TEXT, returns=TRANSFORM)
def get_actor_component_relative_transform(
    simulation: Simulation, actor_id: int, component: str
) -> Transform:
    """Return the pose of a component in its actor."""
    return _find(simulation, actor_id, component)[1]


@serve("get_actor_bone_names", INT, returns=list_of(TEXT))
def get_actor_bone_names(simulation: Simulation, actor_id: int) -> list[str]:
    """Return the names of an actor's bones."""
    return [part.name for part in parts_of(simulation, simulation.episode.actors.get(actor_id))]


@serve("get_actor_bone_world_transforms", INT, returns=list_of(TRANSFORM))
def get_actor_bone_world_transforms(simulation: Simulation, actor_id: int) -> list[Transform]:
    """Return the poses of an actor's bones in the world, in the order of their names."""
    actor = simulation.episode.actors.get(actor_id)
    return [_world(simulation, actor, part.pose) for part in parts_of(simulation, actor)]


@serve("get_actor_bone_relative_transforms", INT, returns=list_of(TRANSFORM))
def get_actor_bone_relative_transforms(simulation: Simulation, actor_id: int) -> list[Transform]:
    """Return the poses of an actor's bones in it, in the order of their names."""
    return [part.pose for part in parts_of(simulation, simulation.episode.actors.get(actor_id))]


@serve("get_vehicle_bone_world_transforms", INT, returns=list_of(TRANSFORM))
def get_vehicle_bone_world_transforms(simulation: Simulation, actor_id: int) -> list[Transform]:
    """Return the poses of a vehicle's bones in the world, in the order of their names."""
    simulation.episode.actors.get(actor_id, "vehicle")
    return get_actor_bone_world_transforms(simulation, actor_id)


@serve("get_actor_socket_names", INT, returns=list_of(TEXT))
def get_actor_socket_names(simulation: Simulation, actor_id: int) -> list[str]:
    """Return the names of an actor's sockets: it has none."""
    simulation.episode.actors.get(actor_id)
    return []


@serve("get_actor_socket_world_transforms", INT, returns=list_of(TRANSFORM))
def get_actor_socket_world_transforms(simulation: Simulation, actor_id: int) -> list[Transform]:
    """Return the poses of an actor's sockets: it has none."""
    simulation.episode.actors.get(actor_id)
    return []


@serve("get_actor_socket_relative_transforms", INT, returns=list_of(TRANSFORM))
def get_actor_socket_relative_transforms(simulation: Simulation, actor_id: int) -> list[Transform]:
    """Return the poses of an actor's sockets in it: it has none."""
    simulation.episode.actors.get(actor_id)
    return []
