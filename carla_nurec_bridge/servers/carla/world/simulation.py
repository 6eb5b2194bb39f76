"""The world of an embedded CARLA: one episode at a time, advanced step by step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ....core.frames import Matrix
from ....town.level import Level, TrafficLight, open_level
from ....town.maps import MapLibrary, MapSource
from ....town.obstacles import CELL_M
from ....town.tags import static_type
from ....world.blueprint_catalogue import load_catalogue
from ..calls.errors import CallFailure
from ..clients import Clients
from ..faults import Faults
from ..friction import FrictionTriggers
from ..physics import contacts
from ..physics import dynamics as d
from ..physics.ackermann import AckermannDriver
from ..physics.doors import Door
from ..physics.fleet import Fleet
from ..physics.walkers import advance_walker
from ..recorder.control import RecorderControl
from ..sensing import Sensors
from ..sensing.debug_shapes.drawings import Drawings
from ..traffic_steps import TrafficSteps
from ..wire.streams import WORLD_STREAM, StreamHub
from ..wire.structs import (
    ZERO,
    ActorDescription,
    AttributeValue,
    EpisodeSettings,
    Transform,
    Weather,
)
from .actors import (
    STANDING,
    ActorIds,
    EpisodeActor,
    Registry,
    compose,
    matrix_of,
)
from .observer import WorldStateRows
from .scenery import Scenery
from .signals import NONE, Signals, trigger_box
from .spawning import lies_flat, standing_box

ASYNC_DELTA_S = 0.05
LONGEST_DELTA_S = 0.1
SHORTEST_DELTA_S = 0.001
LONGEST_FIXED_DELTA_S = 10.0
SUBSTEP_S = 0.01
EARTH_GRAVITY = 9.81
WALKER_MASS_KG = 80.0
PROP_MASS_KG = 1e9
MOST_CONTACTS = 256
TEXT_TYPE = 4


class Simulation:
    """Owns every actor; all methods are called from the server's one thread.

    ``moved`` actors are those put elsewhere by a call since the last state message.
    """

    def __init__(self, maps: MapLibrary, map_name: str, streams: StreamHub, seed: int = 0) -> None:
        self.maps = maps
        self.streams = streams
        self.seed = seed
        self.frame = 0
        self.episode = 0
        self.settings = EpisodeSettings()
        self.weather = Weather()
        self.traffic_managers: dict[int, tuple[str, int]] = {}
        self.faults = Faults()
        self.clients = Clients()
        self.steps = TrafficSteps()
        self._ids = ActorIds(self.clients)
        self.sensors = Sensors(self)
        self.tape = RecorderControl(self)
        self.drawings = Drawings()
        self.imui_gravity = EARTH_GRAVITY
        self._streams_made = WORLD_STREAM
        self._wall_s = time.monotonic()
        self._unsensed_s: float | None = None
        self._found = np.zeros((MOST_CONTACTS, 5))
        self._parts_of_a_frame: tuple[tuple[str, Callable[[float], None]], ...] = (
            ("the replay", self.tape.play),
            ("Ackermann control", lambda delta_s: self.ackermann.advance(delta_s)),
            ("the motion of vehicles", self._move_vehicles),
            ("the motion of walkers", self._move_walkers),
            ("collisions", self._collide),
            ("friction triggers", lambda _: self.friction.act(self.fleet, self._triggers())),
            ("traffic lights", lambda delta_s: self.signals.advance(delta_s)),
            ("doors", self._swing_doors),
            ("debug shapes", lambda delta_s: self.drawings.expire(self.elapsed_s, delta_s)),
            ("speed limits and lights ahead", lambda _: self.refresh_surroundings()),
            ("the state of the world", lambda _: self.observer.refresh()),
            ("what clients are told", self._publish),
            ("the recorder", self.tape.record),
        )
        self._source = MapSource("", "")
        self.load(map_name)

    def load(self, name: str) -> None:
        """Start a new episode on a map; InputError when it is unknown or broken.

        Whatever is raised, the episode before goes on as it was.
        """
        source = self.maps.read(name) if name else self._source
        same = self.episode > 0 and source == self._source
        level = self.level if same else open_level(source.name, source.text, source.spawns)
        actors = Registry(self._ids)
        spectator, signals = _level_actors(level, actors)
        if self.episode:
            self.streams.hush()
            self.tape.stop()
            self.sensors.clear()
            self.actors.close()
        self._source = source
        self.level: Level = level
        self.episode += 1
        self.elapsed_s: float = 0.0
        self.weather = Weather()
        self.actors: Registry = actors
        self.spectator: EpisodeActor = spectator
        self.signals: Signals = signals
        self.fleet = Fleet()
        self.friction = FrictionTriggers()
        self.observer = WorldStateRows(self)
        self.ackermann: AckermannDriver = AckermannDriver(self.fleet)
        self.speed_limits = np.zeros(0, np.float32)
        self.light_ahead = np.zeros(0, np.int64)
        self.scenery = Scenery(level)
        self.drawings.clear()
        self.doors: list[tuple[int, int, bool]] = []
        self._swinging: list[Door] = []
        self._moved: set[EpisodeActor] = set()
        self._map_changed = True
        self.sensors.open_level(level)
        with self.faults.within("the state of the world", "clients are told of an empty one"):
            self.observer.refresh()
        self._publish(0.0)

    def new_stream(self) -> int:
        """Return a stream number that was never used."""
        self._streams_made += 1
        return self._streams_made

    def warm_up(self) -> None:
        """Compile every kernel now, with a vehicle that leaves no trace, not in the first tick."""
        fleet = Fleet()
        for blueprint in list(load_catalogue().values())[:2]:
            fleet.add(0, blueprint, Transform(), sticky=True)
        ground = self.level.ground
        fleet.advance(ASYNC_DELTA_S, SUBSTEP_S, ground)
        self.signals.ahead(fleet.state, fleet.extents)
        boxes = np.zeros((len(fleet), contacts.BOX_COLUMNS))
        contacts.fill_boxes(fleet.state, fleet.extents, boxes)
        contacts.resolve(
            fleet.state, fleet.parameters, fleet.control, boxes, boxes[:0], np.zeros(0), self._found
        )
        contacts.hit_obstacles(
            fleet.state, fleet.parameters, fleet.control, boxes, *self._obstacles(), self._found
        )
        contacts.first_overlap(boxes[0], boxes)
        ground.height(0.0, 0.0, 0.0)
        self.sensors.warm_up()

    # Time.

    def seconds_until_step(self, now_s: float) -> float:
        """Return how long the world may rest; without end in synchronous mode.

        With a fixed step a world that runs by itself runs as fast as it can, as CARLA's does, but
        keeps to real time while no client is there.
        """
        if self.settings.synchronous_mode:
            return float("inf")
        if self.settings.fixed_delta_seconds and len(self.clients):
            return 0.0
        return max(self._wall_s + self._delta_s() - now_s, 0.0)

    def step_if_due(self, now_s: float) -> None:
        """Advance a world that runs by itself when its time has come."""
        if self.seconds_until_step(now_s) <= 0.0:
            self.step()
            self.finish_frame()

    def _delta_s(self) -> float:
        fixed = self.settings.fixed_delta_seconds
        if fixed:
            return fixed
        return ASYNC_DELTA_S

    def step(self) -> int:
        """Advance the world by one tick, tell listeners of the world, and return the frame."""
        now_s = time.monotonic()
        delta_s = self._delta_s()
        if not self.settings.fixed_delta_seconds and self.settings.synchronous_mode:
            delta_s = min(max(now_s - self._wall_s, SHORTEST_DELTA_S), LONGEST_DELTA_S)
        # Keep the pace of wall time on average, but do not catch up after a long pause, nor rest
        # after ticks that came faster.
        late = now_s > self._wall_s + 2 * delta_s
        self._wall_s = now_s if late else min(self._wall_s + delta_s, now_s)
        self.frame += 1
        self.elapsed_s += delta_s
        left = iter(self._parts_of_a_frame)
        done = False
        while not done:
            with self.faults.within("", "the frame goes on without it") as part:
                for part.what, advance in left:
                    advance(delta_s)
                done = True
        self._unsensed_s = delta_s
        return self.frame

    def _move_vehicles(self, delta_s: float) -> None:
        self._name_lost(self.fleet.advance(delta_s, self._substep_s(), self.level.ground))

    def _move_walkers(self, delta_s: float) -> None:
        for walker in self.actors.of_kind("walker"):
            name = f"walker {walker.id} ({walker.description.id})"
            with self.faults.within(name, "it stands still") as part:
                advance_walker(walker, delta_s, self.level.ground)
            if part.error is not None:
                walker.simulated, walker.walk, walker.velocity = False, STANDING, ZERO

    def _name_lost(self, vehicle_ids: list[int]) -> None:
        for actor_id in vehicle_ids:
            self.faults.refused(
                f"vehicle {actor_id} ({self.actors.get(actor_id).description.id})",
                "its motion could not be computed from its physics, impulses and place; it is "
                "frozen where it was. set_simulate_physics(True) lets it drive again",
            )

    def _swing_doors(self, delta_s: float) -> None:
        self._swinging = [door for door in self._swinging if door.advance(delta_s)]

    def finish_frame(self) -> None:
        """Produce the sensor data of the last step, once; called after the tick was answered."""
        if self._unsensed_s is not None:
            delta_s, self._unsensed_s = self._unsensed_s, None
            with self.faults.within("the sensors", "this frame has no more sensor data"):
                self.streams.settle()
                self.sensors.produce(delta_s)

    def _substep_s(self) -> float:
        if not self.settings.substepping:
            return SUBSTEP_S
        return min(max(self.settings.max_substep_delta_time, SHORTEST_DELTA_S), SUBSTEP_S)

    def _publish(self, delta_s: float) -> None:
        lamps_changed = self.scenery.take_lamps_changed()
        message = self.observer.message(delta_s, self._map_changed, lamps_changed)
        self._map_changed = False
        self.streams.latest_state = message
        self.streams.publish(WORLD_STREAM, (message,), self.settings.synchronous_mode)

    def apply_settings(self, settings: EpisodeSettings) -> int:
        """Change the settings; return the current frame."""
        delta_s = settings.fixed_delta_seconds
        if delta_s is not None and delta_s <= 0.0:
            settings = replace(settings, fixed_delta_seconds=None)
        elif delta_s is not None and delta_s > LONGEST_FIXED_DELTA_S:
            raise CallFailure(
                f"a tick of {delta_s:g} s is too long; use {LONGEST_FIXED_DELTA_S:g} s or less"
            )
        self.settings = settings
        self._wall_s = time.monotonic()
        return self.frame

    def move_door(self, actor: EpisodeActor, number: int, opens: bool) -> None:
        """Let a door swing open or shut."""
        door = actor.doors.setdefault(number, Door())
        door.opens = opens
        if door not in self._swinging:
            self._swinging.append(door)
        self.doors.append((actor.id, number, opens))

    # Surroundings of vehicles.

    def refresh_surroundings(self) -> None:
        """Look up every vehicle's speed limit and the light it waits at."""
        state = self.fleet.state
        self.speed_limits = self.level.ground.limits_at(state[:, d.X : d.Z + 1])
        self.light_ahead = self.signals.ahead(state, self.fleet.extents)

    def light_of(self, vehicle_id: int) -> int | None:
        """Return the actor id of the light a vehicle waits at, or None."""
        index = int(self.light_ahead[self.fleet.row_of[vehicle_id]])
        return None if index == NONE else self.signals.stop_lights[index].actor_id

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
        self._moved.add(actor)

    def take_moved(self) -> set[EpisodeActor]:
        """Return the actors placed since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    # Collisions.

    def fixed_boxes(self) -> tuple[np.ndarray, np.ndarray, list[EpisodeActor]]:
        """Return the boxes (M, 7), masses in kg (M,) and actors of walkers and solid props."""
        solid = [a for a in self.actors if a.kind in ("walker", "prop") and a.collides]
        solid = [a for a in solid if a.parent is None and not self._lies_flat(a)]
        rows = [standing_box(a.box, a.transform) for a in solid]
        masses = [WALKER_MASS_KG if a.kind == "walker" else PROP_MASS_KG for a in solid]
        return np.array(rows).reshape(-1, contacts.BOX_COLUMNS), np.array(masses), solid

    def _lies_flat(self, actor: EpisodeActor) -> bool:
        return lies_flat(actor.kind, actor.box, actor.transform, self.level.ground)

    def _collide(self, _: float) -> None:
        fleet = self.fleet
        if not len(fleet):
            return
        before = fleet.state.copy()
        boxes = np.zeros((len(fleet), contacts.BOX_COLUMNS))
        contacts.fill_boxes(fleet.state, fleet.extents, boxes)
        fixed, masses, solid = self.fixed_boxes()
        count = contacts.resolve(
            fleet.state, fleet.parameters, fleet.control, boxes, fixed, masses, self._found
        )
        for row, other, push_x, push_y, _ in self._found[:count].tolist():
            one = self.actors.get(fleet.ids[int(row)])
            two = self.actors.get(fleet.ids[int(other)]) if other >= 0 else solid[int(-1 - other)]
            if two.kind == "walker":
                self._shove(two, fixed[int(-1 - other)])
            self.sensors.collided(one, two, (push_x, push_y, 0.0))
        count = contacts.hit_obstacles(
            fleet.state, fleet.parameters, fleet.control, boxes, *self._obstacles(), self._found
        )
        for row, obstacle, push_x, push_y, _ in self._found[:count].tolist():
            one = self.actors.get(fleet.ids[int(row)])
            if one.children:
                self.sensors.collided(one, self._met(int(obstacle)), (push_x, push_y, 0.0))
        self._name_lost(fleet.keep(before))

    def _triggers(self) -> list[tuple[int, Transform]]:
        return [(a.id, self.transform_of(a)) for a in self.actors.of_kind("trigger")]

    def _obstacles(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        o = self.level.obstacles
        return (o.boxes, o.solid), (
            o.origin_x,
            o.origin_y,
            CELL_M,
            o.columns,
            o.starts,
            o.members,
        )

    def _shove(self, walker: EpisodeActor, row: np.ndarray) -> None:
        """Put a walker where a vehicle pushed its box."""
        x, y = row[: contacts.BOX_YAW].tolist()
        pose = walker.transform
        walker.transform = replace(pose, location=(x, y, pose.location[2]))

    def _met(self, obstacle: int) -> EpisodeActor:
        """Return an object of the level as the other side of a collision: id 0, as in CARLA."""
        item = self.level.objects[int(self.level.obstacles.objects[obstacle])]
        return EpisodeActor(
            0,
            "scenery",
            ActorDescription(0, static_type(item.tag)),
            tags=bytes([item.tag]),
            transform=Transform(item.centre, (0.0, item.yaw_deg, 0.0)),
        )

    def set_collides(self, actor: EpisodeActor, enabled: bool) -> None:
        """Let an actor meet others or pass through them."""
        actor.collides = enabled
        if actor.kind == "vehicle":
            self.fleet.set_collides(actor.id, enabled)


def _level_actors(level: Level, actors: Registry) -> tuple[EpisodeActor, Signals]:
    """Put the spectator and a level's traffic lights into a fresh world."""
    nobody = ActorDescription(0, "spectator")
    spectator = actors.add(EpisodeActor(actors.new_id(nobody), "spectator", nobody))
    by_actor: dict[int, TrafficLight] = {}
    for light in level.lights:
        role = [AttributeValue("role_name", TEXT_TYPE, "")]
        description = ActorDescription(0, "traffic.traffic_light", role)
        transform = Transform(*light.pose)
        actor = EpisodeActor(
            actors.new_id(description),
            "light",
            description,
            box=trigger_box(transform, light.triggers),
            tags=b"\x07",
            transform=transform,
        )
        by_actor[actors.add(actor).id] = light
    return spectator, Signals.create(by_actor, level.groups)
