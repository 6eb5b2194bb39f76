"""Ground truth of everything that moves but the ego: boxes, velocities, classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import (
    Matrix,
    mirror_angular,
    mirror_vector,
    rigid,
)
from ...world.pixel_ids import PixelIds
from ..session.session import matrix_of
from .motion import TELEPORT_MPS, rotation_rate

Vector = NDArray[np.float64]

PROP = "prop"
"""The class of props, and the role_name that CARLA gives those which nobody named."""
_PROPS = "static.prop."
_DRAWN = ("vehicle.", "walker.", _PROPS)
"""Who has an id in instance pictures."""
_BASE_TYPES = {"car", "truck", "van", "bus", "motorcycle", "bicycle"}


@dataclass(frozen=True)
class Actor:
    """What is fixed about an actor; ``actor_from_box`` is the centre of its bounding box."""

    id: int
    type_id: str
    role_name: str
    label: str
    size_m: tuple[float, float, float]
    actor_from_box: Matrix
    colour: tuple[int, int, int] | None


@dataclass(frozen=True)
class ObjectState:
    """One actor in one frame: box centre in the map, velocities in map axes (m/s, rad/s)."""

    actor: Actor
    map_from_box: Matrix
    linear: Vector
    angular: Vector
    acceleration: Vector


class ObjectTracker:
    """Follows all vehicles, walkers and named props but the ego from snapshot to snapshot.

    A prop is named if it has a role_name of its own. ``label_of`` turns a blueprint id into a
    class (car, truck, ...). ``from_poses`` differentiates poses as ``MotionTracker`` does; those
    of props are always, CARLA tells no velocity of them. ``pixel_ids`` are the ids that instance
    pictures of the last frame show.
    """

    def __init__(
        self,
        world: carla.World,
        ego_id: int,
        dt_s: float,
        label_of: Callable[[str], str],
        *,
        from_poses: bool,
    ) -> None:
        self._world = world
        self._ego_id = ego_id
        self._dt_s = dt_s
        self._label_of = label_of
        self._from_poses = from_poses
        self._actors: dict[int, Actor | None] = {}
        self._drawn: set[int] = set()
        self._seen: frozenset[int] = frozenset()
        self.pixel_ids = PixelIds()
        self._before: dict[int, ObjectState] = {}
        self.teleports = 0

    @property
    def actors(self) -> list[Actor]:
        """The actors of the last frame, by rising id."""
        return [state.actor for state in self._before.values()]

    def update(self, snapshot: carla.WorldSnapshot) -> list[ObjectState]:
        """Return the objects of the next frame by rising actor id."""
        states = {state.id: state for state in snapshot}
        if states.keys() - self._actors.keys():
            self._describe()
        if states.keys() != self._seen:
            self._seen = frozenset(states)
            self.pixel_ids = PixelIds(self._seen & self._drawn)
        now: dict[int, ObjectState] = {}
        for actor_id in sorted(states):
            actor = self._actors.get(actor_id)
            if actor is not None:
                now[actor_id] = self._state(actor, states[actor_id])
        self._before = now
        return list(now.values())

    def _describe(self) -> None:
        for actor in self._world.get_actors():
            if actor.id not in self._actors:
                if actor.type_id.startswith(_DRAWN):
                    self._drawn.add(actor.id)
                wanted = _is_object(actor) and actor.id != self._ego_id
                self._actors[actor.id] = self._actor(actor) if wanted else None

    def _actor(self, actor: carla.Actor) -> Actor:
        box = actor.bounding_box
        centre = (box.location.x, -box.location.y, box.location.z)
        attributes = actor.attributes
        colour = attributes.get("color")
        return Actor(
            id=actor.id,
            type_id=actor.type_id,
            role_name=attributes.get("role_name", ""),
            label=self._label_of(actor.type_id),
            size_m=(2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z),
            actor_from_box=rigid(np.eye(3), centre),
            colour=tuple(int(c) for c in colour.split(",")) if colour else None,  # type: ignore[arg-type]
        )

    def _state(self, actor: Actor, state: carla.ActorSnapshot) -> ObjectState:
        pose = matrix_of(state.get_transform()) @ actor.actor_from_box
        before = self._before.get(actor.id)
        velocity, angular, acceleration = np.zeros(3), np.zeros(3), np.zeros(3)
        if not self._from_poses and actor.label != PROP:
            v, w, a = state.get_velocity(), state.get_angular_velocity(), state.get_acceleration()
            velocity = mirror_vector((v.x, v.y, v.z))
            angular = np.radians(mirror_angular((w.x, w.y, w.z)))
            acceleration = mirror_vector((a.x, a.y, a.z))
        elif before is not None:
            moved = pose[:3, 3] - before.map_from_box[:3, 3]
            if np.linalg.norm(moved) > TELEPORT_MPS * self._dt_s:
                self.teleports += 1
            else:
                velocity = moved / self._dt_s
                angular = pose[:3, :3] @ rotation_rate(before.map_from_box, pose, self._dt_s)
                acceleration = (velocity - before.linear) / self._dt_s
        return ObjectState(actor, pose, velocity, angular, acceleration)


def _is_object(actor: carla.Actor) -> bool:
    if actor.type_id.startswith(_PROPS):
        return actor.attributes.get("role_name", PROP) not in ("", PROP)
    return bool(actor.type_id.startswith(("vehicle.", "walker.pedestrian")))


def labels_of(library: carla.BlueprintLibrary) -> Callable[[str], str]:
    """Return the function blueprint id -> class name for a server's blueprints.

    Vehicles have their ``base_type``; older servers without it are told by their wheels.
    """
    labels = {}
    for blueprint in library.filter("vehicle.*"):
        base = ""
        if blueprint.has_attribute("base_type"):
            base = blueprint.get_attribute("base_type").as_str().lower()
        wheels = 4
        if blueprint.has_attribute("number_of_wheels"):
            wheels = blueprint.get_attribute("number_of_wheels").as_int()
        labels[blueprint.id] = base if base in _BASE_TYPES else ("car", "motorcycle")[wheels == 2]

    def label(type_id: str) -> str:
        if type_id.startswith(_PROPS):
            return PROP
        return "pedestrian" if type_id.startswith("walker.") else labels.get(type_id, "car")

    return label
