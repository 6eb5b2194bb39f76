"""Inserted actors: walkers and props that cross the ego's road when it comes near."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import (
    Matrix,
    invert,
    mirror_vector,
    rigid,
    rotation_from_rpy,
)
from ...world.inserted_actors import InsertedActor, InsertedActors
from ..driving.paths import STEP_M
from ..driving.roads import road_edges
from ..driving.route import Route
from ..session.session import Session
from ..session.transforms import transform_of
from .ego import find_blueprint

_GROUND_EVERY_M = 0.25
_LOOK_M = 2.0
_WALKER_DROP_M = 0.15
_CLEAR_OF_JUNCTION_M = 4
_TRIES = 40
_GROUND = frozenset(
    getattr(carla.CityObjectLabel, name)
    for name in ("Roads", "RoadLines", "Sidewalks", "Ground", "Terrain", "Bridge", "RailTrack")
)


@dataclass
class _Part:
    """An actor on its way: ground points (N, 3) in the map, ``_GROUND_EVERY_M`` apart."""

    inserted: InsertedActor
    actor: carla.Actor
    path: NDArray[np.float64]
    heading_rad: float
    actor_from_box: Matrix

    @property
    def length_m(self) -> float:
        return _GROUND_EVERY_M * (len(self.path) - 1)

    def at(self, along_m: float) -> NDArray[np.float64]:
        """Return where the ground is (3,) after a way of ``along_m``."""
        place = np.clip(along_m / _GROUND_EVERY_M, 0.0, len(self.path) - 1.0)
        index = np.arange(len(self.path))
        xyz = [float(np.interp(place, index, self.path[:, k])) for k in range(3)]
        return np.array(xyz)


@final
class InsertedCarlaActors:
    """The inserted actors of one episode; ``close`` destroys them."""

    def __init__(self, session: Session, wanted: InsertedActors, route: Route) -> None:
        self._session = session
        self._wanted = wanted
        self._route = route
        self._cue_s: float | None = None
        self._parts: list[_Part] = []
        index, waypoint = self._crossing()
        self._crossing_m = index * STEP_M
        edges = road_edges(waypoint)
        try:
            for inserted in wanted.actors:
                self._parts.append(self._enter(inserted, route.map_from_points[index], edges))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> InsertedCarlaActors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def before_tick(self, elapsed_s: float, map_from_hero: Matrix) -> None:
        """Tell everybody what to do in the tick that ends ``elapsed_s`` after the start."""
        if self._cue_s is None:
            away = np.linalg.norm(self._route.points[:, :2] - map_from_hero[:2, 3], axis=1)
            if self._crossing_m - STEP_M * int(np.argmin(away)) <= self._wanted.gap_m:
                self._cue_s = elapsed_s
        since_s = 0.0 if self._cue_s is None else elapsed_s - self._cue_s
        batch = [self._command(part, since_s - part.inserted.delay_s) for part in self._parts]
        if batch:
            self._session.client.apply_batch_sync(batch, False)

    def close(self) -> None:
        """Destroy the actors; a second call does nothing."""
        parts, self._parts = self._parts, []
        if parts:
            self._session.client.apply_batch_sync(
                [carla.command.DestroyActor(part.actor.id) for part in parts], False
            )

    def _crossing(self) -> tuple[int, carla.Waypoint]:
        """Return where on the route the road is crossed: the wanted place, or the next that fits.

        A place fits that is a few metres away from every junction.
        """
        first = round(self._wanted.crossing_m / STEP_M)
        margin = _CLEAR_OF_JUNCTION_M
        last = len(self._route.points) - 1 - margin
        for index in range(first, min(first + _TRIES, last) + 1):
            around = range(index - margin, index + margin + 1, margin)
            waypoints = [self._waypoint(max(k, 0)) for k in around]
            if not any(waypoint.is_junction for waypoint in waypoints):
                return index, waypoints[1]
        raise InputError(
            f"the hero's route of {STEP_M * len(self._route.points):.0f} m has no place without a "
            f"junction from {self._wanted.crossing_m:.0f} m on where actors could cross; change "
            "crossing_m, the seed, or route_length_m"
        )

    def _waypoint(self, index: int) -> carla.Waypoint:
        x, y, z = (float(v) for v in mirror_vector(self._route.points[index]))
        return self._session.map.get_waypoint(carla.Location(x, y, z))

    def _enter(
        self, inserted: InsertedActor, map_from_point: Matrix, edges: tuple[float, float]
    ) -> _Part:
        """Spawn an actor at the start of its path."""
        right_m, left_m = edges
        ahead, left = map_from_point[:3, 0], map_from_point[:3, 1]
        near_m, far_m, onwards = (
            (left_m, right_m, -left) if self._wanted.side == "left" else (right_m, left_m, left)
        )
        start = (
            map_from_point[:3, 3]
            + inserted.along_m * ahead
            - (near_m + inserted.outside_m) * onwards
        )
        length_m = near_m + inserted.outside_m + far_m + inserted.beyond_m
        steps = _GROUND_EVERY_M * np.arange(max(round(length_m / _GROUND_EVERY_M), 1) + 1)
        path = self._on_ground(start + steps[:, None] * onwards)
        heading = math.atan2(onwards[1], onwards[0])
        blueprint = find_blueprint(self._session.world, inserted.blueprint)
        if blueprint.has_attribute("role_name"):
            blueprint.set_attribute("role_name", inserted.name)
        if blueprint.has_attribute("is_invincible"):
            blueprint.set_attribute("is_invincible", "false")
        up_m = inserted.size_m[2] / 2.0 + _WALKER_DROP_M if _walks(inserted) else 0.0
        place = rigid(rotation_from_rpy((0.0, 0.0, heading)), path[0] + (0.0, 0.0, up_m))
        actor = self._session.world.try_spawn_actor(blueprint, transform_of(place))
        if actor is None:
            x, y, _ = path[0]
            raise InputError(
                f"inserted actor {inserted.name} ({inserted.blueprint}) has no room at x={x:.1f} "
                f"y={y:.1f} of the map; change outside_m, crossing_m or the seed"
            )
        box = actor.bounding_box
        centre = (box.location.x, -box.location.y, box.location.z)
        return _Part(inserted, actor, path, heading, rigid(np.eye(3), centre))

    def _on_ground(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points (N, 3) put onto the ground below them, as far as CARLA knows it.

        What stands there now, such as a car, is no ground.
        """
        found = points.copy()
        for point in found:
            x, y, z = (float(v) for v in mirror_vector(point))
            above, below = (carla.Location(x, y, z + up) for up in (_LOOK_M, -_LOOK_M))
            for hit in self._session.world.cast_ray(above, below):
                if hit.label in _GROUND:
                    point[2] = hit.location.z
                    break
        return found

    def _command(self, part: _Part, since_s: float) -> object:
        inserted = part.inserted
        along_m = min(max(since_s, 0.0) * inserted.speed_mps, part.length_m)
        if _walks(inserted):
            walks = since_s > 0.0 and along_m < part.length_m
            direction = mirror_vector((math.cos(part.heading_rad), math.sin(part.heading_rad), 0.0))
            towards = carla.Vector3D(*(float(v) for v in direction))
            control = carla.WalkerControl(towards, inserted.speed_mps if walks else 0.0, False)
            return carla.command.ApplyWalkerControl(part.actor.id, control)
        half_m = inserted.size_m[2] / 2.0
        turned = along_m / half_m if inserted.rolls else 0.0
        rotation = rotation_from_rpy((0.0, 0.0, part.heading_rad)) @ rotation_from_rpy(
            (0.0, math.remainder(turned, 2.0 * math.pi), 0.0)
        )
        map_from_box = rigid(rotation, part.at(along_m) + (0.0, 0.0, half_m))
        pose = map_from_box @ invert(part.actor_from_box)
        return carla.command.ApplyTransform(part.actor.id, transform_of(pose))


def _walks(inserted: InsertedActor) -> bool:
    return inserted.blueprint.startswith("walker.")
