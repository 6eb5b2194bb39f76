"""The state of a world on one map: all that a tick or a call changes, until the next map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....core.frames import Matrix, mirror_vector
from ....town.level import Level
from ....town.signal_posts import LightPost, Pose
from ..physics import columns as col
from ..physics.ackermann import AckermannDriver
from ..physics.doors import Door
from ..physics.fleet import Fleet
from ..sensing.debug_shapes.drawings import Drawings
from ..wire.structs import ActorDescription, AttributeValue, BoundingBox, Transform, Vector, Weather
from .actors import ActorIds, EpisodeActor, Kind, Registry, compose, matrix_of
from .friction import FrictionTriggers
from .scenery import Scenery
from .signals import Signals, sign_box, trigger_box

EARTH_GRAVITY_M_S2 = 9.81
TEXT_TYPE = 4
POST_TAGS: dict[Kind, bytes] = {"light": b"\x07", "sign": b"\x08"}
"""CARLA's semantic tags: TrafficLight, TrafficSigns."""


@dataclass(frozen=True, eq=False)
class Contact:
    """Two actors that met; ``impulse_n_s`` is what the other one got, CARLA's world axes."""

    one: EpisodeActor
    other: EpisodeActor
    impulse_n_s: Vector


@dataclass(frozen=True)
class DoorMove:
    """A vehicle's door that was told to open or shut."""

    vehicle_id: int
    door: int
    opens: bool


class Episode:
    """The world on one map; whoever works on it is given it, nobody keeps it for longer.

    * number, frame, elapsed_s: of this episode, of the last tick, simulated seconds since it began.
    * speed_limits (N,) km/h, light_ahead (N,) indices of ``signals.stop_lights`` or
      ``signals.NONE``: of every vehicle, in the fleet's order.
    * collisions, door_moves: outboxes, of the present tick. moved: actors that a call put elsewhere
      since the last state message.
    """

    def __init__(
        self,
        level: Level,
        ids: ActorIds,
        seed: int = 0,
        number: int = 1,
        frame: int = 0,
        imu_gravity_m_s2: float = EARTH_GRAVITY_M_S2,
    ) -> None:
        """Put the spectator and the level's lights into a fresh world.

        ``seed`` is that of sensors without their own; ``frame`` and ``imu_gravity_m_s2`` go on
        from the episode before.
        """
        self.level = level
        self.seed = seed
        self.number = number
        self.frame = frame
        self.elapsed_s = 0.0
        self.imu_gravity_m_s2 = imu_gravity_m_s2
        self.weather = Weather()
        self.actors = Registry(ids)
        self.spectator = _add_spectator(self.actors)
        self.signals = Signals.create(_add_lights(level, self.actors), level.groups)
        self.sign_ids = _add_signs(level, self.actors)
        self.fleet = Fleet()
        self.friction = FrictionTriggers()
        self.ackermann = AckermannDriver(self.fleet)
        self.scenery = Scenery(level)
        self.drawings = Drawings()
        self.speed_limits: NDArray[np.float32] = np.zeros(0, np.float32)
        self.light_ahead: NDArray[np.int64] = np.zeros(0, np.int64)
        self.collisions: list[Contact] = []
        self.door_moves: list[DoorMove] = []
        self.moved: set[EpisodeActor] = set()
        self._swinging: list[Door] = []

    # Poses.

    def transform_of(self, actor: EpisodeActor) -> Transform:
        """Return the world pose of any actor."""
        if actor.parent is not None:
            return compose(self.matrix_of(actor.parent), actor.parent_from_self)
        if actor.id in self.fleet.row_of:
            return self.fleet.transform(actor.id)
        return actor.transform

    def matrix_of(self, actor: EpisodeActor) -> Matrix:
        """Return map_from_actor (4, 4), right-handed."""
        if actor.parent is not None:
            return self.matrix_of(actor.parent) @ actor.parent_from_self
        return matrix_of(self.transform_of(actor))

    def place(self, actor: EpisodeActor, transform: Transform) -> None:
        """Teleport an actor; for one on a parent the pose is relative to the parent."""
        if actor.parent is not None:
            actor.parent_from_self = matrix_of(transform)
        elif actor.id in self.fleet.row_of:
            self.fleet.place(actor.id, transform)
        else:
            actor.transform = transform
        self.moved.add(actor)

    def velocities(self) -> dict[int, NDArray[np.float64]]:
        """Return the velocity (3,) of every vehicle and walker by id, in m/s, map frame."""
        carla = self.fleet.state[:, col.VEL_X : col.VEL_Z + 1]
        velocities = dict(zip(self.fleet.ids, mirror_vector(carla), strict=True))
        for walker in self.actors.of_kind("walker"):
            velocities[walker.id] = mirror_vector(walker.velocity)
        return velocities

    # Surroundings of vehicles.

    def refresh_surroundings(self) -> None:
        """Look up every vehicle's speed limit and the light it waits at."""
        state = self.fleet.state
        self.speed_limits = self.level.ground.limits_at(state[:, col.X : col.Z + 1])
        self.light_ahead = self.signals.ahead(state, self.fleet.extents)

    def act_frictions(self) -> None:
        """Give every vehicle the grip of the friction triggers that it is in."""
        triggers = [(a.id, self.transform_of(a)) for a in self.actors.of_kind("trigger")]
        self.friction.act(self.fleet, triggers)

    def expire_drawings(self, delta_s: float) -> None:
        """Forget the debug shapes whose time is over."""
        self.drawings.expire(self.elapsed_s, delta_s)

    def close(self) -> None:
        """End the world with all that is in it."""
        self.actors.close()
        self.drawings.clear()

    # Parts of actors.

    def set_collides(self, actor: EpisodeActor, *, enabled: bool) -> None:
        """Let an actor meet others or pass through them."""
        actor.collides = enabled
        if actor.kind == "vehicle":
            self.fleet.set_collides(actor.id, enabled=enabled)

    def move_door(self, actor: EpisodeActor, number: int, *, opens: bool) -> None:
        """Let a door swing open or shut."""
        door = actor.doors.setdefault(number, Door())
        door.opens = opens
        if door not in self._swinging:
            self._swinging.append(door)
        self.door_moves.append(DoorMove(actor.id, number, opens))

    def swing_doors(self, delta_s: float) -> None:
        """Let the doors that move swing on."""
        self._swinging = [door for door in self._swinging if door.advance(delta_s)]


def _add_spectator(actors: Registry) -> EpisodeActor:
    nobody = ActorDescription(0, "spectator")
    return actors.add(EpisodeActor(actors.new_id(nobody), "spectator", nobody))


def _add_lights(level: Level, actors: Registry) -> dict[int, LightPost]:
    """Put a level's traffic lights into a fresh world; return them by their actors' ids."""
    by_actor: dict[int, LightPost] = {}
    for light in level.lights:
        box = trigger_box(Transform(*light.pose), light.triggers)
        actor_id = _add_post(actors, "light", "traffic.traffic_light", light.pose, box)
        by_actor[actor_id] = light
    return by_actor


def _add_signs(level: Level, actors: Registry) -> dict[int, str]:
    """Put a level's signs into a fresh world; return their signals' ids by their actors'."""
    by_actor: dict[int, str] = {}
    for sign in level.signs:
        box = sign_box(Transform(*sign.pose), sign.triggers)
        by_actor[_add_post(actors, "sign", sign.type_id, sign.pose, box)] = sign.signal_id
    return by_actor


def _add_post(actors: Registry, kind: Kind, type_id: str, pose: Pose, box: BoundingBox) -> int:
    role = [AttributeValue("role_name", TEXT_TYPE, "")]
    description = ActorDescription(0, type_id, role)
    actor = EpisodeActor(
        actors.new_id(description),
        kind,
        description,
        box=box,
        tags=POST_TAGS[kind],
        transform=Transform(*pose),
    )
    return actors.add(actor).id
