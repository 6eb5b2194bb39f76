"""Vehicles as they are drawn: whole while nothing on them moves, else body, wheels and doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...core.frames import Matrix
from ...rendering.mesh import Mesh, concatenate
from ...rendering.scene import RenderScene
from ...world.blueprint_catalogue import Blueprint
from .assets import asset_for, vehicle_doors
from .moving_parts import (
    LEFT_WHEEL,
    RIGHT_WHEEL,
    MovingPart,
    take_wheels,
)

LEAST_TURN_RAD = np.radians(0.25)
"""A wheel that is turned less looks straight."""


@dataclass(frozen=True)
class Pose:
    """How a vehicle's parts stand.

    * steer_rad: turn of the left and the right steered wheel to the left.
    * doors: how far doors are open, 0 to 1, by CARLA's number of the door.
    """

    steer_rad: tuple[float, float] = (0.0, 0.0)
    doors: Mapping[int, float] = field(default_factory=dict)


class _Vehicle:
    """A vehicle's mesh, and its pieces: each is made when it is asked for first, and once."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint

    @cached_property
    def whole(self) -> Mesh:
        """All of it, shrunk where lamps or plates reach beyond its box."""
        return _scaled(self._mesh, self._scale)

    @cached_property
    def pieces(self) -> tuple[Mesh, dict[int, MovingPart]]:
        """The body without the steered wheels, and these."""
        return take_wheels(self.whole)

    @cached_property
    def doors(self) -> dict[int, MovingPart]:
        """What opens on it, by CARLA's number of the door."""
        doors = vehicle_doors(self._blueprint.base_type, self._blueprint.size_m, self._blueprint.id)
        return {k: door.placed(self._scale, np.zeros(3)) for k, door in doors.items()}

    @cached_property
    def _mesh(self) -> Mesh:
        return asset_for(self._blueprint.base_type, self._blueprint.size_m, self._blueprint.id)

    @cached_property
    def _scale(self) -> np.ndarray:
        reach = np.maximum(*np.abs(self._mesh.bounds))
        return np.asarray(np.minimum(0.5 * np.array(self._blueprint.size_m) / reach, 1.0))


class VehicleMeshes:
    """The assets of vehicles in one scene, made when first shown."""

    def __init__(self, scene: RenderScene) -> None:
        self._scene = scene
        self._vehicles: dict[str, _Vehicle] = {}

    def parts(self, blueprint: Blueprint, pose: Pose) -> list[tuple[str, Matrix]]:
        """Return the assets that make a vehicle up, and vehicle_from_asset (4, 4) of each."""
        name = blueprint.id
        vehicle = self._vehicles.setdefault(name, _Vehicle(blueprint))
        opened = [door for door, share in pose.doors.items() if share > 0.0]
        if not opened and max(abs(angle) for angle in pose.steer_rad) < LEAST_TURN_RAD:
            if not self._scene.has_asset(name):
                self._scene.add_asset(name, vehicle.whole)
            return [(name, np.eye(4))]
        body, wheels = vehicle.pieces
        doors = {door: vehicle.doors[door] for door in sorted(opened) if door in vehicle.doors}
        parts = [(self._body(name, body, doors), np.eye(4))]
        for wheel, angle in zip((LEFT_WHEEL, RIGHT_WHEEL), pose.steer_rad, strict=True):
            if wheel in wheels:
                part = wheels[wheel]
                parts.append((self._made(f"{name} wheel {wheel}", part), part.turned(angle)))
        for door, part in doors.items():
            turn = part.turned(pose.doors[door] * part.most_rad)
            parts.append((self._made(f"{name} door {door}", part), turn))
        return parts

    def _made(self, key: str, part: MovingPart) -> str:
        if not self._scene.has_asset(key):
            self._scene.add_asset(key, part.mesh)
        return key

    def _body(self, name: str, body: Mesh, doors: Mapping[int, MovingPart]) -> str:
        """Return the asset of a body with holes where doors are open."""
        key = " ".join([f"{name} body", *map(str, doors)])
        if not self._scene.has_asset(key):
            holes = [part.hole for part in doors.values() if part.hole is not None]
            self._scene.add_asset(key, concatenate([body, *holes]))
        return key


def vehicle_asset(blueprint: Blueprint) -> Mesh:
    """Return a vehicle's mesh, shrunk where lamps or plates reach beyond its box."""
    return _Vehicle(blueprint).whole


def _scaled(mesh: Mesh, scale: np.ndarray) -> Mesh:
    return mesh.with_fields(vertices=(mesh.vertices * scale).astype(np.float32))
