"""Vehicles as they are drawn: whole while nothing on them moves, else body, wheels and doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, eq=False)
class _Pieces:
    """A vehicle taken apart: its body without steered wheels, these, and what opens on it."""

    body: Mesh
    wheels: dict[int, MovingPart]
    doors: dict[int, MovingPart]


class VehicleMeshes:
    """The assets of vehicles in one scene, made when first shown."""

    def __init__(self, scene: RenderScene) -> None:
        self._scene = scene
        self._pieces: dict[str, _Pieces] = {}

    def parts(self, blueprint: Blueprint, pose: Pose) -> list[tuple[str, Matrix]]:
        """Return the assets that make a vehicle up, and vehicle_from_asset (4, 4) of each."""
        name = blueprint.id
        opened = [door for door, share in pose.doors.items() if share > 0.0]
        if not opened and max(abs(angle) for angle in pose.steer_rad) < LEAST_TURN_RAD:
            if not self._scene.has_asset(name):
                self._scene.add_asset(name, vehicle_asset(blueprint))
            return [(name, np.eye(4))]
        if name not in self._pieces:
            self._pieces[name] = _take_apart(blueprint)
        pieces = self._pieces[name]
        doors = {door: pieces.doors[door] for door in sorted(opened) if door in pieces.doors}
        parts = [(self._body(name, pieces.body, doors), np.eye(4))]
        for wheel, angle in zip((LEFT_WHEEL, RIGHT_WHEEL), pose.steer_rad, strict=True):
            if wheel in pieces.wheels:
                part = pieces.wheels[wheel]
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


def _take_apart(blueprint: Blueprint) -> _Pieces:
    whole = asset_for(blueprint.base_type, blueprint.size_m, blueprint.id)
    scale = _scale(blueprint, whole)
    body, wheels = take_wheels(_scaled(whole, scale))
    doors = vehicle_doors(blueprint.base_type, blueprint.size_m, blueprint.id)
    here = np.zeros(3)
    return _Pieces(body, wheels, {k: door.placed(scale, here) for k, door in doors.items()})


def vehicle_asset(blueprint: Blueprint) -> Mesh:
    """Return a vehicle's mesh, shrunk where lamps or plates reach beyond its box."""
    mesh = asset_for(blueprint.base_type, blueprint.size_m, blueprint.id)
    return _scaled(mesh, _scale(blueprint, mesh))


def _scaled(mesh: Mesh, scale: np.ndarray) -> Mesh:
    return mesh.with_fields(vertices=(mesh.vertices * scale).astype(np.float32))


def _scale(blueprint: Blueprint, mesh: Mesh) -> np.ndarray:
    reach = np.maximum(*np.abs(mesh.bounds))
    return np.asarray(np.minimum(0.5 * np.array(blueprint.size_m) / reach, 1.0))
