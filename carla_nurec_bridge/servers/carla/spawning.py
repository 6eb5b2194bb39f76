"""Bringing actors into the world and taking them out again."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.frames import Matrix
from ...world.blueprint_catalogue import Blueprint, load_catalogue
from ...world.object_classes import ObjectClass
from .attributes import flag
from .sensing.schedule import Sensors
from .wire.structs import ActorDescription, Transform
from .world.actors import EpisodeActor, Kind, matrix_of
from .world.blueprints import (
    EMPTY_ACTOR,
    FRICTION_TRIGGER,
    MESH_PROP,
    WALKER_CONTROLLER,
    definitions_by_id,
)
from .world.bodies import body_box, is_blocked, lies_flat
from .world.episode import Episode

COLLISION_AT_SPAWN = "Spawn failed because of collision at spawn position"
CLIENT_SIDE = frozenset({"sensor.other.lane_invasion"})
"""Sensors whose data clients make themselves."""
UNSERVED = {
    "sensor.other.v2x_custom": "radios send awareness messages (sensor.other.v2x) and no texts",
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
    ObjectClass.CAR: b"\x0e",
    ObjectClass.VAN: b"\x0e",
    ObjectClass.TRUCK: b"\x0f",
    ObjectClass.BUS: b"\x10",
    ObjectClass.MOTORCYCLE: b"\x12\x0d",
    ObjectClass.BICYCLE: b"\x13\x0d",
    ObjectClass.PEDESTRIAN: b"\x0c",
    ObjectClass.PROP: b"\x15",
}


def spawn(
    episode: Episode,
    sensors: Sensors,
    description: ActorDescription,
    transform: Transform,
    *,
    parent: EpisodeActor | None = None,
    wanted_id: int | None = None,
    checked: bool = True,
) -> EpisodeActor:
    """Make an actor; on a parent, ``transform`` is relative to it.

    ``wanted_id`` is given to it when it is free and misleads no client (``ActorIds.again``).
    InputError for an unknown blueprint, or (``checked``) when a vehicle, walker or prop would
    stand within another; what lies flat on the ground is in nobody's way.
    """
    if description.id not in definitions_by_id():
        raise InputError(f"blueprint '{description.id}' is not in the library of this server")
    if description.id in UNSERVED:
        raise InputError(f"{description.id} is not served here: {UNSERVED[description.id]}")
    attributes = {value.id: value.value for value in description.attributes}
    if attributes.get("mesh_path"):
        raise InputError(f"{description.id} with a mesh_path is not served here: {NO_MESHES}")
    blueprint = load_catalogue().get(description.id)
    box = body_box(blueprint)
    fits = blueprint is None or lies_flat(blueprint.kind, box, transform, episode.level.ground)
    if checked and parent is None and not fits and is_blocked(episode, box, transform):
        raise InputError(COLLISION_AT_SPAWN)
    actor = EpisodeActor(
        id=episode.actors.new_id(description, wanted_id),
        kind=_kind(description.id, blueprint),
        description=description,
        box=box,
        tags=TAGS[blueprint.object_class] if blueprint else b"",
        blueprint=blueprint,
        transform=transform,
        attributes=attributes,
    )
    if actor.kind == "sensor" and description.id not in CLIENT_SIDE:
        actor.token = sensors.add(episode, actor)
    if actor.kind == "trigger":
        episode.friction.add(actor)
    if actor.kind == "vehicle" and blueprint:
        sticky = flag(actor.attributes, "sticky_control", "true")
        episode.fleet.add(actor.id, blueprint, transform, sticky=sticky)
        episode.refresh_surroundings()
    if parent is not None:
        attach(episode, actor, parent, matrix_of(transform))
    return episode.actors.add(actor)


def attach(
    episode: Episode, actor: EpisodeActor, parent: EpisodeActor, parent_from_self: Matrix
) -> None:
    """Hang an actor on a parent at ``parent_from_self`` (4, 4); InputError for a circle."""
    above: EpisodeActor | None = parent
    while above is not None:
        if above is actor:
            raise InputError(f"actor {actor.id} cannot hang on itself")
        above = above.parent
    if actor.parent is not None:
        actor.parent.children.remove(actor)
    actor.parent, actor.parent_from_self = parent, parent_from_self
    parent.children.append(actor)
    episode.actors.version += 1


def destroy(episode: Episode, sensors: Sensors, actor: EpisodeActor) -> bool:
    """Take an actor out of the world; what hangs on it stays where it is."""
    if actor.kind in ("spectator", "light", "sign"):
        return False
    for child in tuple(actor.children):
        child.transform = episode.transform_of(child)
        child.parent = None
    actor.children.clear()
    episode.actors.remove(actor)
    if actor.id in episode.fleet.row_of:
        episode.fleet.remove(actor.id)
        episode.refresh_surroundings()
    sensors.forget(actor)
    episode.friction.forget(actor.id)
    return True


def _kind(blueprint_id: str, blueprint: Blueprint | None) -> Kind:
    if blueprint is not None:
        return blueprint.kind
    if blueprint_id.startswith("sensor."):
        return "sensor"
    return OTHER_KINDS[blueprint_id]
