"""Everything that stands or moves in the world, by names that stay: found, placed, spawned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, final

import carla
import numpy as np

from ...core.errors import InputError
from ...core.frames import (
    Matrix,
    invert,
    mirror_angular,
    mirror_vector,
    rigid,
)
from ...world.object_classes import ObjectClass
from ...world.states import Vector
from ..session.session import Session
from ..session.transforms import matrix_of, transform_of
from .ego import Ego
from .objects import classes_of
from .observer import WorldObserver
from .spawned_actors import (
    ActorSpec,
    SpawnedActor,
    SpawnedActors,
    SpawnRequest,
)

Kind = Literal["ego", "vehicle", "walker", "prop"]
_KINDS: dict[str, Kind] = {
    "vehicle.": "vehicle",
    "walker.pedestrian.": "walker",
    "static.prop.": "prop",
}


@dataclass(frozen=True)
class Entity:
    """One thing.

    An entity's own frame is its actor's (right-handed), the ego's is base_link.
    """

    name: str
    kind: Kind
    object_class: ObjectClass
    type_id: str
    actor: carla.Actor
    actor_from_entity: Matrix
    entity_from_box: Matrix
    size_m: tuple[float, float, float]


@dataclass(frozen=True)
class EntityMotion:
    """Where an entity's own frame is in the map, and how it moves in axes of the map."""

    map_from_entity: Matrix
    linear_map_mps: Vector
    angular_map_radps: Vector
    acceleration_map_mps2: Vector


@final
class Entities:
    """The things of one episode.

    What is asked between two ticks is told back at once, although CARLA shows it after the next.
    """

    def __init__(
        self, session: Session, ego: Ego, spawned: SpawnedActors, observer: WorldObserver
    ) -> None:
        self._session = session
        self._ego = ego
        self._spawned = spawned
        self._observer = observer
        self._class_of = classes_of(session.world.get_blueprint_library())
        self._names: dict[int, str] = {}
        self._fresh: dict[int, carla.Actor] = {}
        self._gone: set[int] = set()
        self._asked: dict[int, EntityMotion] = {}
        self._placed: set[int] = set()
        self.all()

    def all(self) -> list[Entity]:
        """Return all vehicles, walkers and props by rising actor id."""
        actors = {a.id: a for a in self._session.world.get_actors()} | self._fresh
        wanted = {
            i: a for i, a in actors.items() if i not in self._gone and _kind(a.type_id) is not None
        }
        for gone in self._names.keys() - wanted.keys():
            del self._names[gone]
        return [self._entity(wanted[i]) for i in sorted(wanted)]

    def find(self, name: str) -> Entity | None:
        """Return the entity of that name, None when there is none."""
        return next((entity for entity in self.all() if entity.name == name), None)

    def motion(self, entity: Entity) -> EntityMotion:
        """Return where an entity is and how it moves."""
        asked = self._asked.get(entity.actor.id)
        if asked is not None:
            return asked
        pose = matrix_of(entity.actor.get_transform()) @ entity.actor_from_entity
        last = self._observer.last
        if last is not None and entity.kind == "ego":
            ego, rotation = last.ego, pose[:3, :3]
            return EntityMotion(
                pose,
                rotation @ ego.linear_base_mps,
                rotation @ ego.angular_base_radps,
                rotation @ ego.acceleration_base_mps2,
            )
        for state in last.actors if last is not None else ():
            if state.actor.id == entity.actor.id:
                return EntityMotion(
                    pose,
                    state.linear_map_mps,
                    state.angular_map_radps,
                    state.acceleration_map_mps2,
                )
        return EntityMotion(pose, np.zeros(3), np.zeros(3), np.zeros(3))

    def place(
        self, entity: Entity, pose: Matrix | None, twist: tuple[Vector, Vector] | None
    ) -> None:
        """Put an entity at a pose in the map, or set it going: (m/s, rad/s) in map axes.

        InputError when a thing that cannot move is to be set going.
        """
        now = self.motion(entity)
        if twist is not None and entity.kind == "prop" and np.any(twist):
            raise InputError(f"{entity.name} does not move by itself; it can only be placed")
        if pose is not None:
            entity.actor.set_transform(transform_of(pose @ invert(entity.actor_from_entity)))
            now = replace(now, map_from_entity=pose)
        if twist is not None and entity.kind != "prop":
            linear, angular = twist
            entity.actor.set_target_velocity(_vector(mirror_vector(linear)))
            entity.actor.set_target_angular_velocity(_vector(mirror_angular(np.degrees(angular))))
            now = replace(now, linear_map_mps=linear, angular_map_radps=angular)
        self._asked[entity.actor.id] = now
        self._placed.add(entity.actor.id)

    def ours(self) -> set[int]:
        """Return the ids of those who were spawned or placed here."""
        return self._spawned.ids() | self._placed

    @property
    def places_ego(self) -> bool:
        """Whether the ego was placed or set going since the last frame."""
        return self._ego.actor.id in self._asked

    @property
    def blueprints(self) -> list[carla.ActorBlueprint]:
        """What can be spawned."""
        return [b for b in self._session.world.get_blueprint_library() if _kind(b.id) is not None]

    @property
    def spawned(self) -> list[SpawnedActor]:
        """Who was spawned here, and how."""
        return list(self._spawned.actors)

    def spawn(self, spec: ActorSpec, map_from_actor: Matrix) -> Entity:
        """Spawn an actor; InputError when it has no room or no blueprint."""
        actor = self._spawned.spawn(spec, transform_of(map_from_actor))
        self._fresh[actor.id] = actor
        still = np.zeros(3)
        self._asked[actor.id] = EntityMotion(map_from_actor, still, still, still)
        return self._entity(actor)

    def spawn_all(self, requests: list[SpawnRequest]) -> list[int]:
        """Spawn actors at their places; return their ids."""
        places = [matrix_of(self._spawned.transform_for(request)) for request in requests]
        pairs = zip(requests, places, strict=True)
        return [self.spawn(request, place).actor.id for request, place in pairs]

    def remove_spawned(self) -> None:
        """Destroy everybody who was spawned here."""
        ids = {one.actor.id for one in self._spawned.actors}
        for entity in self.all():
            if entity.actor.id in ids:
                self.remove(entity)

    def remove(self, entity: Entity) -> None:
        """Destroy an actor; InputError for the ego."""
        if entity.kind == "ego":
            raise InputError(f"{entity.name} is the ego; end the run instead")
        self._spawned.destroy(entity.actor)
        self._gone.add(entity.actor.id)
        self._fresh.pop(entity.actor.id, None)

    def after_tick(self) -> None:
        """Forget what was asked before a tick: CARLA shows it now."""
        self._fresh.clear()
        self._gone.clear()
        self._asked.clear()

    def _entity(self, actor: carla.Actor) -> Entity:
        is_ego = actor.id == self._ego.actor.id
        kind = "ego" if is_ego else _kind(actor.type_id)
        assert kind is not None
        box = actor.bounding_box
        actor_from_entity = invert(self._ego.base_from_actor) if is_ego else np.eye(4)
        actor_from_box = rigid(np.eye(3), (box.location.x, -box.location.y, box.location.z))
        return Entity(
            name=self._name(actor),
            kind=kind,
            object_class=self._class_of(actor.type_id),
            type_id=actor.type_id,
            actor=actor,
            actor_from_entity=actor_from_entity,
            entity_from_box=invert(actor_from_entity) @ actor_from_box,
            size_m=(2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z),
        )

    def _name(self, actor: carla.Actor) -> str:
        """Return the actor's role name, or one with its id if another had that name first."""
        if actor.id not in self._names:
            wanted = actor.attributes.get("role_name") or actor.type_id.split(".")[-1]
            taken = wanted in self._names.values()
            self._names[actor.id] = f"{wanted}_{actor.id}" if taken else wanted
        return self._names[actor.id]


def _kind(type_id: str) -> Kind | None:
    return next((kind for start, kind in _KINDS.items() if type_id.startswith(start)), None)


def _vector(values: Vector) -> carla.Vector3D:
    x, y, z = (float(value) for value in values)
    return carla.Vector3D(x=x, y=y, z=z)
