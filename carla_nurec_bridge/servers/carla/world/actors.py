"""The actors of an episode: what they are, what they hang on, where those without physics are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ....core.errors import InputError
from ....core.frames import Matrix, carla_from_matrix, matrix_from_carla
from ....world.blueprint_catalogue import Blueprint
from ..clients import Clients
from ..physics.control import WalkerControl
from ..physics.doors import Door
from ..physics.walker_gait import Gait
from ..wire.structs import (
    ZERO,
    ActorDescription,
    ActorInfo,
    BoundingBox,
    Transform,
    Vector,
)

NO_BOX = BoundingBox()
ORIGIN = Transform()
STANDING = WalkerControl()

Kind = Literal[
    "vehicle",
    "walker",
    "prop",
    "sensor",
    "light",
    "sign",
    "spectator",
    "controller",
    "scenery",
    "trigger",
    "empty",
]


@dataclass(slots=True, eq=False)
class EpisodeActor:
    """A live actor; ``transform`` is the pose of one that neither drives nor hangs on another."""

    id: int
    kind: Kind
    description: ActorDescription
    box: BoundingBox = NO_BOX
    tags: bytes = b""
    token: bytes = b""
    blueprint: Blueprint | None = None
    transform: Transform = ORIGIN
    parent: EpisodeActor | None = None
    parent_from_self: Matrix = field(default_factory=lambda: np.eye(4))
    children: list[EpisodeActor] = field(default_factory=list)
    velocity: Vector = ZERO
    walk: WalkerControl = STANDING
    gait: Gait = field(default_factory=Gait)
    simulated: bool = True
    collides: bool = True
    dead: bool = False
    light_flags: int = 0
    shown_wheel_angles_deg: dict[int, tuple[float | None, float | None]] = field(
        default_factory=dict
    )
    doors: dict[int, Door] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    def lineage(self) -> list[EpisodeActor]:
        """Return the actor and all that it hangs on, itself first."""
        return [self, *(self.parent.lineage() if self.parent else ())]

    def root(self) -> EpisodeActor:
        """Return what the actor hangs on in the end, itself if on nothing."""
        return self.lineage()[-1]

    def info(self) -> ActorInfo:
        """Return what clients are told of the actor."""
        parent = self.parent.id if self.parent else 0
        return ActorInfo(self.id, parent, self.description, self.box, self.tags, self.token)


@dataclass(slots=True)
class _Bearer:
    """Who has or had an id, and the newest client when it ended; None while it lasts."""

    description_hash: int
    ended_before: int | None = None


class ActorIds:
    """Numbers for actors, handed out once in the life of a server, whatever map is loaded.

    Clients keep what they were told of an id, also when another client loads a map. So only a
    replay gets a number again: one whose last bearer looked the same, or ended before any client
    of now had come.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._bearers: dict[int, _Bearer] = {}
        self._next = 1

    def new(self, description: ActorDescription) -> int:
        """Return a number that no actor ever had."""
        while self._next in self._bearers:
            self._next += 1
        return self._give(self._next, description)

    def again(self, wanted: int, description: ActorDescription) -> int:
        """Return ``wanted``, or a number that no actor ever had if a client could take it wrong."""
        bearer = self._bearers.get(wanted)
        if wanted <= 0 or not (bearer is None or self._may_follow(bearer, description)):
            return self.new(description)
        return self._give(wanted, description)

    def end(self, number: int) -> None:
        """Note that the bearer of a number has left the world."""
        self._bearers[number].ended_before = self._clients.newest

    def _may_follow(self, bearer: _Bearer, description: ActorDescription) -> bool:
        if bearer.ended_before is None:
            return False
        unknown = bearer.ended_before < self._clients.oldest_present
        # A sensor's stream is another one each time.
        alike = bearer.description_hash == _hash_of(description)
        alike = alike and not description.id.startswith("sensor.")
        return unknown or alike

    def _give(self, number: int, description: ActorDescription) -> int:
        self._bearers[number] = _Bearer(_hash_of(description))
        return number


def _hash_of(description: ActorDescription) -> int:
    """Return a hash of what clients are told of an actor for good, but for a sensor's stream."""
    values = sorted((value.id, value.value) for value in description.attributes)
    return hash((description.id, *values))


class Registry:
    """Live actors by id, in the order of their making."""

    def __init__(self, ids: ActorIds) -> None:
        self._actors: dict[int, EpisodeActor] = {}
        self._ids = ids
        self.version = 0

    def __iter__(self) -> Iterator[EpisodeActor]:
        return iter(self._actors.values())

    def __len__(self) -> int:
        return len(self._actors)

    def new_id(self, description: ActorDescription, wanted: int | None = None) -> int:
        """Return a fresh id, ``wanted`` if that is free and misleads no client."""
        if wanted is None:
            return self._ids.new(description)
        return self._ids.again(wanted, description)

    def add(self, actor: EpisodeActor) -> EpisodeActor:
        """Put an actor into the world."""
        self._actors[actor.id] = actor
        self.version += 1
        return actor

    def remove(self, actor: EpisodeActor) -> None:
        """Take an actor out of the world and off its parent."""
        del self._actors[actor.id]
        self._ids.end(actor.id)
        if actor.parent is not None:
            actor.parent.children.remove(actor)
        self.version += 1

    def close(self) -> None:
        """End the world with all that is in it."""
        for actor_id in self._actors:
            self._ids.end(actor_id)

    def find(self, actor_id: int) -> EpisodeActor | None:
        """Return a live actor, or None."""
        return self._actors.get(actor_id)

    def get(self, actor_id: int, kind: Kind | None = None) -> EpisodeActor:
        """Return a live actor (of a kind); InputError when there is none."""
        actor = self._actors.get(actor_id)
        if actor is None:
            raise InputError(f"actor {actor_id} not found")
        if kind is not None and actor.kind != kind:
            raise InputError(f"actor {actor_id} is no {kind} but a {actor.description.id}")
        return actor

    def of_kind(self, kind: Kind) -> list[EpisodeActor]:
        """Return the live actors of a kind."""
        return [actor for actor in self._actors.values() if actor.kind == kind]


def compose(map_from_parent: Matrix, parent_from_self: Matrix) -> Transform:
    """Return the CARLA pose of something that hangs on a parent."""
    location, rotation = carla_from_matrix(map_from_parent @ parent_from_self)
    return Transform(tuple(location.tolist()), tuple(rotation.tolist()))


def matrix_of(transform: Transform) -> Matrix:
    """Return map_from_actor (4, 4), right-handed, of a CARLA pose."""
    return matrix_from_carla(transform.location, transform.rotation)
