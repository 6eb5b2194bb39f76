"""The drawn world: a street, the lamps of its signals, and the actors that move on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.frames import Matrix
from ..rendering.mesh import Mesh
from ..rendering.scene import Instance, RenderScene
from ..world.blueprint_catalogue import Blueprint
from .actors.assets import traffic_light_mesh, walker_mesh
from .actors.vehicle_meshes import Pose, VehicleMeshes, vehicle_asset
from .street import Street, cached_street

LampState = Literal["red", "yellow", "green", "off"]
LAMP_STATES: tuple[LampState, ...] = ("red", "yellow", "green", "off")

STRIDE_STEPS = 8

AT_REST = Pose()

Colour = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Shown:
    """An actor as it is drawn: ``map_from_centre`` (4, 4) is the pose of its box's centre.

    ``phase`` is a walker's, in radians of its stride, None for one that stands; ``parts`` says how
    a vehicle's wheels and doors stand.
    """

    actor_id: int
    blueprint: Blueprint
    map_from_centre: Matrix
    colour: Colour | None
    phase: float | None = None
    parts: Pose = AT_REST


class ActorMeshes:
    """The meshes of vehicles, walkers and props in one scene, made when first shown."""

    def __init__(self, scene: RenderScene) -> None:
        self._scene = scene
        self._wardrobe = VehicleMeshes(scene)

    def instances(self, actor: Shown) -> list[Instance]:
        """Return what an actor is drawn as."""
        instances = []
        for key, centre_from_part in self._parts(actor):
            pose = actor.map_from_centre @ centre_from_part
            instances.append(Instance(key, pose, pose, actor.actor_id, actor.colour))
        return instances

    def _parts(self, actor: Shown) -> list[tuple[str, Matrix]]:
        if actor.blueprint.kind == "vehicle":
            return self._wardrobe.parts(actor.blueprint, actor.parts)
        key = _key(actor)
        if not self._scene.has_asset(key):
            self._scene.add_asset(key, _mesh(actor))
        return [(key, np.eye(4))]


class DrawnWorld:
    """A street with actors, ready for sensors; ``close`` frees it.

    Objects and tags of the street that are ``hidden`` are left out. Instance outputs hold the
    actor's id, and 0 for everything that is no actor.
    """

    def __init__(
        self,
        xodr: str,
        hidden: Collection[int] = (),
        hidden_tags: Collection[int] = (),
    ) -> None:
        street: Street = cached_street(xodr)
        self.scene = RenderScene(_visible(street.mesh, hidden, hidden_tags))
        self._heads = street.lights
        self._meshes = ActorMeshes(self.scene)
        for state in LAMP_STATES:
            self.scene.add_asset(_lamp_key(state), traffic_light_mesh(state))

    def show(self, actors: Iterable[Shown], lamps: Mapping[str, tuple[LampState, int]]) -> None:
        """Place what sensors see next.

        ``lamps`` gives each signal's shown state (of ``LAMP_STATES``) and its actor's id.
        """
        instances = [
            Instance(_lamp_key(state), head.map_from_head, head.map_from_head, actor_id)
            for head in self._heads
            for state, actor_id in (lamps.get(head.signal_id, ("off", 0)),)
        ]
        for actor in actors:
            instances += self._meshes.instances(actor)
        self.scene.set_instances(instances)

    def close(self) -> None:
        """Free the scene; a second call does nothing."""
        self.scene.close()


def _visible(mesh: Mesh, hidden: Collection[int], hidden_tags: Collection[int]) -> Mesh:
    nobody = np.zeros(len(mesh.triangles), np.int32)
    if not hidden and not hidden_tags:
        return mesh.with_fields(objects=nobody)
    kept = ~np.isin(mesh.objects, list(hidden)) & ~np.isin(mesh.tags, list(hidden_tags))
    return mesh.with_fields(
        triangles=mesh.triangles[kept],
        colours=mesh.colours[kept],
        tags=mesh.tags[kept],
        objects=nobody[kept],
    )


def _lamp_key(state: str) -> str:
    return f"traffic_light_{state}"


def _step(actor: Shown) -> int | None:
    """Return which of the drawn moments of a stride is nearest, None for standing."""
    if actor.phase is None:
        return None
    return round(actor.phase / (2.0 * np.pi) * STRIDE_STEPS) % STRIDE_STEPS


def _key(actor: Shown) -> str:
    step = _step(actor)
    return actor.blueprint.id if step is None else f"{actor.blueprint.id} step {step}"


def _mesh(actor: Shown) -> Mesh:
    """Return the mesh of an actor in one piece; walkers may reach beyond their narrow boxes."""
    blueprint, step = actor.blueprint, _step(actor)
    if blueprint.kind == "walker":
        phase = None if step is None else 2.0 * np.pi * step / STRIDE_STEPS
        return walker_mesh(blueprint.size_m, blueprint.id, phase)
    return vehicle_asset(blueprint)
