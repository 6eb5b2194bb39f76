"""Bringing actors into the world and taking them out again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ....town.ground import PhysicsGround
from ....world.blueprint_catalogue import Blueprint, load_catalogue
from ..attributes import flag
from ..calls.errors import CallFailure
from ..physics import contacts
from ..sensing.manager import CLIENT_SIDE
from ..wire.streams import stream_token
from ..wire.structs import ActorDescription, BoundingBox, Transform
from .actors import EpisodeActor, Kind, matrix_of
from .blueprints import (
    EMPTY_ACTOR,
    FRICTION_TRIGGER,
    MESH_PROP,
    WALKER_CONTROLLER,
    definitions_by_id,
)

if TYPE_CHECKING:
    from .simulation import Simulation

BUMPER_M = 0.22
"""What ends lower than this above the ground passes below a car."""
COLLISION_AT_SPAWN = "Spawn failed because of collision at spawn position"
UNSERVED = {
    "sensor.other.v2x": "no radio is simulated: give the messages to the receivers yourself",
    "sensor.other.v2x_custom": "no radio is simulated: give the messages to the receivers yourself",
    "sensor.other.rss": "it runs within a client that was built with RSS, which the wheel is not",
}
NO_MESHES = "this server has no Unreal meshes: leave mesh_path empty or use another static.prop"
OTHER_KINDS: dict[str, Kind] = {
    FRICTION_TRIGGER: "trigger",
    MESH_PROP: "empty",
    EMPTY_ACTOR: "empty",
    WALKER_CONTROLLER: "controller",
}
TAGS = {
    "car": b"\x0e",
    "van": b"\x0e",
    "truck": b"\x0f",
    "bus": b"\x10",
    "motorcycle": b"\x12\x0d",
    "bicycle": b"\x13\x0d",
    "walker": b"\x0c",
    "prop": b"\x15",
}


def spawn(
    simulation: Simulation,
    description: ActorDescription,
    transform: Transform,
    parent: EpisodeActor | None = None,
    wanted_id: int | None = None,
    checked: bool = True,
) -> EpisodeActor:
    """Make an actor; on a parent, ``transform`` is relative to it.

    CallFailure for an unknown blueprint, or (``checked``) when a vehicle, walker or prop would
    stand within another; what lies flat on the ground is in nobody's way.
    """
    if description.id not in definitions_by_id():
        raise CallFailure(f"blueprint '{description.id}' is not in the library of this server")
    if description.id in UNSERVED:
        raise CallFailure(f"{description.id} is not served here: {UNSERVED[description.id]}")
    attributes = {value.id: value.value for value in description.attributes}
    if attributes.get("mesh_path"):
        raise CallFailure(f"{description.id} with a mesh_path is not served here: {NO_MESHES}")
    blueprint = load_catalogue().get(description.id)
    box = body_box(blueprint)
    fits = blueprint is None or lies_flat(blueprint.kind, box, transform, simulation.level.ground)
    if checked and parent is None and not fits and _blocked(simulation, box, transform):
        raise CallFailure(COLLISION_AT_SPAWN)
    actor = EpisodeActor(
        id=simulation.actors.new_id(description, wanted_id),
        kind=_kind(description.id, blueprint),
        description=description,
        box=box,
        tags=TAGS[blueprint.base_type] if blueprint else b"",
        blueprint=blueprint,
        transform=transform,
        attributes=attributes,
    )
    if actor.kind == "sensor" and description.id != CLIENT_SIDE:
        simulation.sensors.check(actor)
        actor.token = stream_token(simulation.new_stream(), simulation.streams.port)
    if actor.kind == "trigger":
        simulation.friction.add(actor)
    if actor.kind == "vehicle" and blueprint:
        sticky = flag(actor.attributes, "sticky_control", "true")
        simulation.fleet.add(actor.id, blueprint, transform, sticky)
        simulation.refresh_surroundings()
    if parent is not None:
        attach(simulation, actor, parent, matrix_of(transform))
    return simulation.actors.add(actor)


def attach(
    simulation: Simulation, actor: EpisodeActor, parent: EpisodeActor, parent_from_self: np.ndarray
) -> None:
    """Hang an actor on a parent; refuses to close a circle."""
    above: EpisodeActor | None = parent
    while above is not None:
        if above is actor:
            raise CallFailure(f"actor {actor.id} cannot hang on itself")
        above = above.parent
    if actor.parent is not None:
        actor.parent.children.remove(actor)
    actor.parent, actor.parent_from_self = parent, parent_from_self
    parent.children.append(actor)
    simulation.actors.version += 1


def destroy(simulation: Simulation, actor: EpisodeActor) -> bool:
    """Take an actor out of the world; what hangs on it stays where it is."""
    if actor.kind in ("spectator", "light", "sign"):
        return False
    for child in tuple(actor.children):
        child.transform = simulation.transform_of(child)
        child.parent = None
    actor.children.clear()
    simulation.actors.remove(actor)
    if actor.id in simulation.fleet.row_of:
        simulation.fleet.remove(actor.id)
        simulation.refresh_surroundings()
    simulation.sensors.forget(actor)
    simulation.friction.forget(actor.id)
    return True


def body_box(blueprint: Blueprint | None) -> BoundingBox:
    """Return an actor's box: walkers stand around their centre, all else on the ground."""
    if blueprint is None:
        return BoundingBox()
    length, width, height = blueprint.size_m
    rise = 0.0 if blueprint.kind == "walker" else 0.5 * height
    return BoundingBox((0.0, 0.0, rise), (0.5 * length, 0.5 * width, 0.5 * height))


def standing_box(box: BoundingBox, transform: Transform) -> np.ndarray:
    """Return the row of ``contacts`` of a box at a pose."""
    x, y, z = transform.location
    bottom = z + box.location[2] - box.extent[2]
    return contacts.box_row(x, y, bottom, math.radians(transform.rotation[1]), box.extent)


def lies_flat(kind: Kind, box: BoundingBox, transform: Transform, ground: PhysicsGround) -> bool:
    """Say whether a thing is a prop that wheels pass over and feet step over."""
    if kind != "prop" or 2.0 * box.extent[2] >= BUMPER_M:
        return False
    x, y, z = transform.location
    floor = ground.height(x, y, z)
    return bool(z + box.location[2] + box.extent[2] - floor < BUMPER_M)


def _blocked(simulation: Simulation, box: BoundingBox, transform: Transform) -> bool:
    vehicles = np.zeros((len(simulation.fleet), contacts.BOX_COLUMNS))
    contacts.fill_boxes(simulation.fleet.state, simulation.fleet.extents, vehicles)
    fixed = simulation.fixed_boxes()[0]
    row = standing_box(box, transform)
    return contacts.first_overlap(row, np.concatenate([vehicles, fixed])) >= 0


def _kind(blueprint_id: str, blueprint: Blueprint | None) -> Kind:
    if blueprint is not None:
        return blueprint.kind
    if blueprint_id.startswith("sensor."):
        return "sensor"
    return OTHER_KINDS[blueprint_id]
