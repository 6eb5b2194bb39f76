"""Ground truth of everything that moves but the ego: boxes, velocities, classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, mirror_angular, mirror_vector, rigid, rotation_rate
from ...world.object_classes import ObjectClass, vehicle_class
from ...world.pixel_ids import PixelIds
from ...world.states import TELEPORT_MPS, Actor, ActorState, Appearance
from ..session.transforms import matrices_of

_UNNAMED = ("", "prop")
"""Role names of props that nobody named."""
_PROPS = "static.prop."
_DRAWN = ("vehicle.", "walker.", _PROPS)
"""Who has an id in instance pictures."""


class ObjectTracker:
    """Follows all vehicles, walkers and named props but the ego from snapshot to snapshot.

    A prop is named if it has a role_name of its own. ``from_poses`` differentiates poses as
    ``EgoTracker`` does; those of props are always, CARLA tells no velocity of them.
    ``pixel_ids`` are the ids that instance pictures of the last frame show.
    """

    def __init__(self, world: carla.World, ego_id: int, dt_s: float, *, from_poses: bool) -> None:
        self._world = world
        self._ego_id = ego_id
        self._dt_s = dt_s
        self._class_of = classes_of(world.get_blueprint_library())
        self._from_poses = from_poses
        self._actors: dict[int, tuple[Actor, Matrix] | None] = {}
        self._drawn: set[int] = set()
        self._seen: frozenset[int] = frozenset()
        self.pixel_ids = PixelIds()
        self._before: dict[int, ActorState] = {}
        self.teleports = 0

    @property
    def actors(self) -> list[Actor]:
        """The actors of the last frame, by rising id."""
        return [state.actor for state in self._before.values()]

    def update(self, snapshot: carla.WorldSnapshot) -> list[ActorState]:
        """Return the objects of the next frame by rising actor id."""
        states = {state.id: state for state in snapshot}
        if states.keys() - self._actors.keys():
            self._describe()
        if states.keys() != self._seen:
            self._seen = frozenset(states)
            self.pixel_ids = PixelIds(self._seen & self._drawn)
        ids = sorted(states)
        seen = [(*known, states[i]) for i in ids if (known := self._actors.get(i)) is not None]
        now = self._states(seen)
        self._before = {state.actor.id: state for state in now}
        return now

    def _describe(self) -> None:
        for actor in self._world.get_actors():
            if actor.id not in self._actors:
                if actor.type_id.startswith(_DRAWN):
                    self._drawn.add(actor.id)
                wanted = _is_object(actor) and actor.id != self._ego_id
                self._actors[actor.id] = self._actor(actor) if wanted else None

    def _actor(self, actor: carla.Actor) -> tuple[Actor, Matrix]:
        """Return what is fixed about an actor, and actor_from_box (4, 4) of its box's centre."""
        box = actor.bounding_box
        centre = (box.location.x, -box.location.y, box.location.z)
        attributes = actor.attributes
        paint = None
        if attributes.get("color"):
            red, green, blue = map(int, attributes["color"].split(","))
            paint = red, green, blue
        described = Actor(
            id=actor.id,
            role_name=attributes.get("role_name", ""),
            object_class=self._class_of(actor.type_id),
            size_m=(2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z),
            appearance=Appearance(actor.type_id, paint),
        )
        return described, rigid(np.eye(3), centre)

    def _states(
        self, seen: Sequence[tuple[Actor, Matrix, carla.ActorSnapshot]]
    ) -> list[ActorState]:
        """Return the states of all at once: numpy's calls take longer than what they compute."""
        if not seen:
            return []
        boxes = np.array([actor_from_box for _, actor_from_box, _ in seen])
        poses = matrices_of(state.get_transform() for *_, state in seen) @ boxes
        motions = _reported(state for *_, state in seen)
        states = []
        for (actor, *_), pose, motion in zip(seen, poses, motions, strict=True):
            if self._from_poses or actor.object_class is ObjectClass.PROP:
                motion[:] = self._differences(actor, pose)
            states.append(ActorState(actor, pose, *motion))
        return states

    def _differences(self, actor: Actor, pose: Matrix) -> NDArray[np.float64]:
        """Return velocity, angular velocity and acceleration (3, 3) from the pose before."""
        before = self._before.get(actor.id)
        if before is None:
            return np.zeros((3, 3))
        moved = pose[:3, 3] - before.map_from_box[:3, 3]
        if np.linalg.norm(moved) > TELEPORT_MPS * self._dt_s:
            self.teleports += 1
            return np.zeros((3, 3))
        velocity = moved / self._dt_s
        angular = pose[:3, :3] @ rotation_rate(before.map_from_box, pose, self._dt_s)
        return np.array([velocity, angular, (velocity - before.linear_map_mps) / self._dt_s])


def _reported(states: Iterable[carla.ActorSnapshot]) -> NDArray[np.float64]:
    """Return velocities, angular velocities and accelerations (N, 3, 3) in map axes."""
    told = []
    for state in states:
        v, w, a = state.get_velocity(), state.get_angular_velocity(), state.get_acceleration()
        told.append(((v.x, v.y, v.z), (w.x, w.y, w.z), (a.x, a.y, a.z)))
    motions = mirror_vector(told)
    motions[:, 1] = np.radians(mirror_angular([angular for _, angular, _ in told]))
    return motions


def _is_object(actor: carla.Actor) -> bool:
    if actor.type_id.startswith(_PROPS):
        return actor.attributes.get("role_name", "") not in _UNNAMED
    return bool(actor.type_id.startswith(("vehicle.", "walker.pedestrian")))


def classes_of(library: carla.BlueprintLibrary) -> Callable[[str], ObjectClass]:
    """Return the function blueprint id -> class for a server's blueprints."""
    vehicles = {}
    for blueprint in library.filter("vehicle.*"):
        base_type, wheels = "", 4
        if blueprint.has_attribute("base_type"):
            base_type = blueprint.get_attribute("base_type").as_str()
        if blueprint.has_attribute("number_of_wheels"):
            wheels = blueprint.get_attribute("number_of_wheels").as_int()
        vehicles[blueprint.id] = vehicle_class(base_type, wheels)

    def class_of(type_id: str) -> ObjectClass:
        if type_id.startswith(_PROPS):
            return ObjectClass.PROP
        if type_id.startswith("walker."):
            return ObjectClass.PEDESTRIAN
        return vehicles.get(type_id, ObjectClass.CAR)

    return class_of
