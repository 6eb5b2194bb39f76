"""Vehicles as they are drawn: whole while nothing on them moves, else body, wheels and doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.catalogue import Blueprint
from ...core.frames import Matrix
from ...rendering.assets import asset_for, vehicle_doors
from ...rendering.mesh import Mesh, concatenate
from ...rendering.moving_parts import LEFT_WHEEL, RIGHT_WHEEL, Part, take_wheels
from ...rendering.scene import RenderScene

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


class Wardrobe:
    """The assets of vehicles in one scene, made when first shown."""

    def __init__(self, scene: RenderScene) -> None:
        self._scene = scene
        self._wheels: dict[str, dict[int, Part]] = {}
        self._doors: dict[str, dict[int, Part]] = {}

    def parts(self, blueprint: Blueprint, pose: Pose) -> list[tuple[str, Matrix]]:
        """Return the assets that make a vehicle up, and vehicle_from_asset (4, 4) of each."""
        open_doors = tuple(sorted(door for door, share in pose.doors.items() if share > 0.0))
        turned = any(abs(angle) >= LEAST_TURN_RAD for angle in pose.steer_rad)
        if not turned and not open_doors:
            if not self._scene.has_asset(blueprint.id):
                self._scene.add_asset(blueprint.id, vehicle_asset(blueprint))
            return [(blueprint.id, np.eye(4))]
        self._take_apart(blueprint)
        doors = self._doors[blueprint.id]
        open_doors = tuple(door for door in open_doors if door in doors)
        parts = [(self._body(blueprint, open_doors), np.eye(4))]
        for wheel, angle in zip((LEFT_WHEEL, RIGHT_WHEEL), pose.steer_rad, strict=True):
            if wheel in self._wheels[blueprint.id]:
                part = self._wheels[blueprint.id][wheel]
                parts.append((f"{blueprint.id} wheel {wheel}", part.turned(angle)))
        for door in open_doors:
            angle = pose.doors[door] * doors[door].most_rad
            parts.append((f"{blueprint.id} door {door}", doors[door].turned(angle)))
        return parts

    def _take_apart(self, blueprint: Blueprint) -> None:
        """Make a vehicle's wheels and doors assets of their own."""
        if blueprint.id in self._doors:
            return
        whole = vehicle_asset(blueprint)
        _, wheels = take_wheels(whole)
        scale = _scale(blueprint, asset_for(blueprint.base_type, blueprint.size_m, blueprint.id))
        doors = {
            number: door.placed(scale, np.zeros(3))
            for number, door in vehicle_doors(
                blueprint.base_type, blueprint.size_m, blueprint.id
            ).items()
        }
        self._wheels[blueprint.id], self._doors[blueprint.id] = wheels, doors
        for kind, parts in (("wheel", wheels), ("door", doors)):
            for number, part in parts.items():
                self._scene.add_asset(f"{blueprint.id} {kind} {number}", part.mesh)

    def _body(self, blueprint: Blueprint, open_doors: tuple[int, ...]) -> str:
        """Return the asset of a vehicle without its wheels, with holes where doors are open."""
        key = " ".join([f"{blueprint.id} body", *map(str, open_doors)])
        if not self._scene.has_asset(key):
            body, _ = take_wheels(vehicle_asset(blueprint))
            holes = [self._doors[blueprint.id][door].hole for door in open_doors]
            self._scene.add_asset(key, concatenate([body, *(h for h in holes if h is not None)]))
        return key


def vehicle_asset(blueprint: Blueprint) -> Mesh:
    """Return a vehicle's mesh, shrunk where lamps or plates reach beyond its box."""
    mesh = asset_for(blueprint.base_type, blueprint.size_m, blueprint.id)
    scaled = mesh.vertices * _scale(blueprint, mesh)
    return mesh.with_fields(vertices=scaled.astype(np.float32))


def _scale(blueprint: Blueprint, mesh: Mesh) -> np.ndarray:
    reach = np.maximum(*np.abs(mesh.bounds))
    return np.asarray(np.minimum(0.5 * np.array(blueprint.size_m) / reach, 1.0))
