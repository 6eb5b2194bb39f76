"""All sensors of an episode: when each is due, what it sees, and where its data goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import msgpack
import numpy as np

from ....core.frames import Matrix, mirror_vector, rigid
from ....rendering.lidar import render_lidar
from ....rendering.lighting import Lamp
from ....rendering.rays import cast
from ....town.actors.vehicle_meshes import Pose
from ....town.drawn_world import (
    AT_REST,
    DrawnWorld,
    LampState,
    Shown,
)
from ....town.level import Level
from ....town.street import cached_street
from ....town.tags import static_type
from ..attributes import colour, real
from ..physics import dynamics as d
from ..wire.state import sensor_header
from ..wire.streams import Part
from ..wire.structs import (
    ACTOR,
    ActorDescription,
    LabelledPoint,
    Vector,
)
from ..world.actors import EpisodeActor
from ..world.blueprints import EVENT_SENSORS
from ..world.signals import GREEN, RED, YELLOW
from . import (
    cameras,
    events,
    flow,
    inertial,
    lidars,
    obstacle,
    radar,
)
from .optics.atmosphere import BRIGHT_SUN_DEG, lamps_around, light_of
from .optics.exposure import Exposure
from .optics.lens import Optics

if TYPE_CHECKING:
    from ..world.simulation import Simulation

COLLISION, COLLISION_INDEX = "sensor.other.collision", 0
CLIENT_SIDE = "sensor.other.lane_invasion"
LAMP_OF_STATE: dict[int, LampState] = {RED: "red", YELLOW: "yellow", GREEN: "green"}
FRONT_WHEELS = (0, 1)
SLACK_S = 1e-6
MOST_HITS = 64
NOBODY = 0
RAY_START_M = 0.01

RAYS = (lidars.Lidar, radar.Radar, obstacle.ObstacleProbe)
Device = (
    lidars.Lidar
    | radar.Radar
    | inertial.Imu
    | inertial.Gnss
    | flow.Flow
    | events.EventCamera
    | obstacle.ObstacleProbe
)


class Sensors:
    """Makes and sends sensor data after each tick, only for streams that someone listens to."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._stage: DrawnWorld | None = None
        self._devices: dict[int, Device] = {}
        self._tick_s: dict[int, float] = {}
        self._due_s: dict[int, float] = {}
        self._collisions: list[tuple[EpisodeActor, EpisodeActor, Vector]] = []
        self._producing = False
        self._placed: tuple[int, dict[int, Matrix]] | None = None
        self._stopped: set[int] = set()

    def open_level(self, level: Level) -> None:
        """Make ready to draw a level; the street itself is opened when first seen."""
        cached_street(level.xodr)

    def warm_up(self) -> None:
        """Draw a few pixels and rays now: a client gives up while a first picture compiles."""
        stage, exposed = self._exposed(self._simulation.spectator, np.eye(4))
        cameras.warm_up(exposed)
        ahead = np.array([[1.0, 0.0, 0.0]])
        render_lidar(
            stage.scene, ahead[None].astype(np.float32), np.zeros(1), np.eye(4), np.eye(4), 1.0
        )
        cast(stage.scene, np.zeros((1, 3)), ahead, 1.0)

    def clear(self) -> None:
        """Forget all sensors and the level."""
        self.redraw()
        self._devices.clear()
        self._tick_s.clear()
        self._due_s.clear()
        self._collisions.clear()
        self._stopped.clear()

    def redraw(self) -> None:
        """Build the drawn street anew when next seen: what is hidden of it has changed."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def forget(self, actor: EpisodeActor) -> None:
        """Drop what is kept for a destroyed sensor."""
        self._devices.pop(actor.id, None)
        self._tick_s.pop(actor.id, None)
        self._due_s.pop(actor.id, None)
        self._stopped.discard(actor.id)

    def check(self, actor: EpisodeActor) -> None:
        """Read a fresh sensor's attributes; CallFailure when they make no sense."""
        blueprint = actor.description.id
        if blueprint in EVENT_SENSORS:
            return
        tick_s = real(actor.attributes, "sensor_tick")
        if blueprint in cameras.KINDS:
            Optics.of(actor)
            Exposure.of(actor)
        if blueprint == flow.FLOW:
            self._devices[actor.id] = flow.Flow()
        elif blueprint == events.DVS:
            self._devices[actor.id] = events.EventCamera(actor, self._simulation.seed)
        elif blueprint == obstacle.OBSTACLE:
            self._devices[actor.id] = obstacle.ObstacleProbe(actor)
        elif blueprint in lidars.INDEX:
            self._devices[actor.id] = lidars.Lidar(actor, self._simulation.seed)
        elif blueprint == radar.RADAR:
            self._devices[actor.id] = radar.Radar(actor, self._simulation.seed)
        elif blueprint == inertial.IMU:
            self._devices[actor.id] = inertial.Imu(actor, self._simulation.seed)
        elif blueprint == inertial.GNSS:
            road_map = self._simulation.level.road_map
            self._devices[actor.id] = inertial.Gnss(actor, self._simulation.seed, road_map)
        self._tick_s[actor.id] = tick_s

    def collided(self, one: EpisodeActor, other: EpisodeActor, push: Vector) -> None:
        """Note that two actors met; ``push`` is the impulse on ``other`` in N s."""
        self._collisions.append((one, other, push))

    def take_collisions(self) -> list[tuple[int, int]]:
        """Return (carrier of a collision sensor, other) of this tick's collisions."""
        pairs = []
        for one, other, _ in self._collisions:
            pairs += [(a.id, b.id) for a, b in ((one, other), (other, one)) if _carries(a)]
        return pairs

    def produce(self, delta_s: float) -> None:
        """Send the data of every sensor that is due after a tick of ``delta_s`` seconds.

        A sensor whose data cannot be made sends no more; the others and the world go on.
        """
        simulation = self._simulation
        self._send_collisions()
        sensors = (a for a in simulation.actors.of_kind("sensor") if a.id in self._tick_s)
        due = [a for a in sensors if self._is_due(a) and a.id not in self._stopped]
        if not due:
            return
        placed = [(actor, simulation.matrix_of(actor)) for actor in due]
        streams = simulation.streams
        heard = [(actor, pose) for actor, pose in placed if streams.has_listener(_stream(actor))]
        self._send_bodily(placed, delta_s)
        self._producing = True
        try:
            self._send_views([x for x in heard if x[0].description.id in cameras.KINDS])
            for actor, pose in heard:
                if isinstance(self._devices.get(actor.id), RAYS):
                    with self._alone(actor):
                        self._send_rays(actor, pose, delta_s)
        finally:
            self._producing, self._placed = False, None

    @contextmanager
    def _alone(self, actor: EpisodeActor) -> Iterator[None]:
        """Let what one sensor raises stop that sensor only."""
        name = f"sensor {actor.id} ({actor.description.id})"
        with self._simulation.faults.within(name, "its stream stops, all else goes on") as part:
            yield
        if part.error is not None:
            self._stopped.add(actor.id)

    def _is_due(self, actor: EpisodeActor) -> bool:
        tick_s = self._tick_s[actor.id]
        now_s = self._simulation.elapsed_s
        if now_s + SLACK_S < self._due_s.get(actor.id, 0.0):
            return False
        planned_s = self._due_s.get(actor.id, now_s) + tick_s
        self._due_s[actor.id] = planned_s if planned_s > now_s else now_s + tick_s
        return True

    def _send(self, actor: EpisodeActor, kind: int, parts: Sequence[Part]) -> None:
        simulation = self._simulation
        pose = simulation.transform_of(actor)
        header = sensor_header(
            kind, simulation.frame, simulation.elapsed_s, (*pose.location, *pose.rotation)
        )
        simulation.streams.publish(
            _stream(actor), (header, *parts), simulation.settings.synchronous_mode
        )

    def _send_bodily(self, placed: Sequence[tuple[EpisodeActor, Matrix]], delta_s: float) -> None:
        """Run the sensors that feel motion; they keep state, so they run unheard as well."""
        for actor, pose in placed:
            device = self._devices.get(actor.id)
            with self._alone(actor):
                if isinstance(device, inertial.Imu):
                    gravity = self._simulation.imui_gravity
                    self._send(actor, *device.measure(pose, delta_s, gravity))
                elif isinstance(device, inertial.Gnss):
                    self._send(actor, *device.measure(pose))

    def _send_views(self, heard: Sequence[tuple[EpisodeActor, Matrix]]) -> None:
        if self._simulation.settings.no_rendering_mode or not heard:
            return
        for view in cameras.shared_views(heard):
            left = list(view.cameras)
            with suppress(Exception):  # told of below, by the camera whose fault it is
                self._send_view(view, left)
            for camera in tuple(left):
                with self._alone(camera):
                    self._send_view(replace(view, cameras=[camera]), left)

    def _send_view(self, view: cameras.SensorView, left: list[EpisodeActor]) -> None:
        """Send the pictures of a view; cameras whose picture was sent are taken off ``left``."""
        _, exposed = self._exposed(view.cameras[0], view.map_from_camera)
        for actor, kind, parts in cameras.take_pictures(view, exposed):
            self._send(actor, kind, parts)
            left.remove(actor)

    def _exposed(
        self, viewer: EpisodeActor, map_from_viewer: Matrix
    ) -> tuple[DrawnWorld, cameras.Exposed]:
        """Return the stage set for a viewer, and what its cameras are exposed to."""
        simulation, weather = self._simulation, self._simulation.weather
        stage, bodies = self._show_around(viewer, map_from_viewer)
        return stage, cameras.Exposed(
            stage.scene,
            light_of(weather, self._lamps(map_from_viewer[:3, 3])),
            simulation.drawings,
            bodies,
            self._devices,
            min(max(weather.precipitation / 100.0, 0.0), 1.0),
            min(max(weather.wind_intensity / 100.0, 0.0), 1.0),
            simulation.frame,
            simulation.elapsed_s,
        )

    def _send_rays(self, actor: EpisodeActor, pose: Matrix, delta_s: float) -> None:
        stage, _ = self._show_around(actor, pose)
        device = self._devices[actor.id]
        tick_s = max(self._tick_s[actor.id], delta_s)
        if isinstance(device, lidars.Lidar):
            self._send(actor, *device.measure(stage.scene, pose, tick_s))
            return
        velocities = self._velocities()
        if isinstance(device, radar.Radar):
            root = actor
            while root.parent is not None:
                root = root.parent
            own = velocities.get(root.id, np.zeros(3))
            self._send(actor, *device.measure(stage.scene, pose, own, velocities, tick_s))
        elif isinstance(device, obstacle.ObstacleProbe):
            met = device.measure(stage.scene, pose, _family(actor), velocities)
            if met is not None:
                carrier = actor.parent or actor
                event = [
                    ACTOR.encode(carrier.info()),
                    ACTOR.encode(self._met(met).info()),
                    met.distance_m,
                ]
                self._send(actor, obstacle.INDEX, (msgpack.packb(event),))

    def _send_collisions(self) -> None:
        for one, other, push in self._collisions:
            back = (-push[0], -push[1], -push[2])
            for carrier, hit, impulse in ((one, other, back), (other, one, push)):
                for sensor in carrier.children:
                    if sensor.description.id == COLLISION and sensor.id not in self._stopped:
                        with self._alone(sensor):
                            event = [
                                ACTOR.encode(carrier.info()),
                                ACTOR.encode(hit.info()),
                                list(impulse),
                            ]
                            self._send(sensor, COLLISION_INDEX, (msgpack.packb(event),))
        self._collisions.clear()

    # The scene.

    def _show_around(
        self, viewer: EpisodeActor, map_from_viewer: Matrix
    ) -> tuple[DrawnWorld, dict[int, Matrix]]:
        """Place all actors, save a vehicle in whose box the viewer sits: meshes have no inside.

        While a tick's data is produced nothing moves, so who sees the same actors shares them.
        The second result is map_from_centre (4, 4) of the actors placed, by id.
        """
        simulation = self._simulation
        if self._stage is None:
            scenery = simulation.scenery
            self._stage = DrawnWorld(simulation.level.xodr, scenery.hidden, scenery.hidden_tags)
        carrier = viewer.parent
        inside = carrier is not None and _holds(
            carrier, simulation.matrix_of(carrier), map_from_viewer[:3, 3]
        )
        hidden = carrier.id if carrier is not None and inside else NOBODY
        if self._placed is not None and self._placed[0] == hidden:
            return self._stage, self._placed[1]
        shown = []
        for actor in simulation.actors:
            if actor.blueprint is None or actor.id == hidden:
                continue
            map_from_actor = simulation.matrix_of(actor)
            centre = map_from_actor @ rigid(np.eye(3), mirror_vector(actor.box.location))
            phase = actor.gait.phase if actor.kind == "walker" else None
            pose = self._parts(actor) if actor.kind == "vehicle" else AT_REST
            paint = colour(actor.attributes, "color")
            shown.append(Shown(actor.id, actor.blueprint, centre, paint, phase, pose))
        lamps = {
            light.signal_id: (LAMP_OF_STATE.get(light.state, "off"), light.actor_id)
            for light, _ in simulation.signals.by_actor.values()
        }
        self._stage.show(shown, lamps)
        bodies = {item.actor_id: item.map_from_centre for item in shown}
        self._placed = (hidden, bodies) if self._producing else None
        return self._stage, bodies

    def _parts(self, actor: EpisodeActor) -> Pose:
        """Return how a vehicle's wheels and doors stand."""
        fleet = self._simulation.fleet
        row = fleet.row_of[actor.id]
        steer_deg = np.degrees(fleet.state[row, d.STEER] * fleet.parameters[row, d.MAX_STEER])
        shown = [actor.wheel_looks.get(wheel, (None, None))[0] for wheel in FRONT_WHEELS]
        left, right = (np.radians(steer_deg if look is None else look) for look in shown)
        doors = {number: door.share for number, door in actor.doors.items()}
        return Pose((-float(left), -float(right)), doors)

    def _lamps(self, place: np.ndarray) -> tuple[Lamp, ...]:
        simulation = self._simulation
        if simulation.weather.sun_altitude_angle >= BRIGHT_SUN_DEG:
            return ()
        vehicles = [(a, simulation.matrix_of(a)) for a in simulation.actors.of_kind("vehicle")]
        return lamps_around(place, simulation.scenery.lamps.values(), vehicles)

    def _met(self, met: obstacle.Meeting) -> EpisodeActor:
        """Return the actor that an obstacle sensor met; part of the level is an actor 0."""
        actor = self._simulation.actors.find(met.instance)
        if actor is not None:
            return actor
        return EpisodeActor(
            0, "scenery", ActorDescription(0, static_type(met.tag)), tags=bytes([met.tag])
        )

    def _velocities(self) -> dict[int, np.ndarray]:
        """Return the velocity of every moving actor in m/s, map frame."""
        fleet = self._simulation.fleet
        carla = fleet.state[:, d.VEL_X : d.VEL_Z + 1]
        velocities = dict(zip(fleet.ids, mirror_vector(carla), strict=True))
        for walker in self._simulation.actors.of_kind("walker"):
            velocities[walker.id] = mirror_vector(walker.velocity)
        return velocities

    # Questions.

    def first_hit(self, origin: Vector, direction: Vector, reach_m: float) -> LabelledPoint | None:
        """Return where a ray from ``origin`` first meets a surface, or None."""
        start, way = mirror_vector(origin), mirror_vector(direction)
        length = float(np.linalg.norm(way))
        if length == 0.0 or reach_m <= 0.0:
            return None
        stage, _ = self._show_around(self._simulation.spectator, np.eye(4))
        hits = cast(stage.scene, start[None], (way / length)[None], reach_m)
        if not np.isfinite(hits.range_m[0]):
            return None
        point = mirror_vector(start + way / length * float(hits.range_m[0]))
        return LabelledPoint(tuple(point.tolist()), int(hits.tag[0]))

    def hits_between(self, start: Vector, end: Vector) -> list[LabelledPoint]:
        """Return every surface that a line meets, in order."""
        found: list[LabelledPoint] = []
        way = np.subtract(end, start)
        length = float(np.linalg.norm(way))
        travelled = 0.0
        while length - travelled > RAY_START_M and len(found) < MOST_HITS:
            origin = np.add(start, way / length * travelled)
            hit = self.first_hit(tuple(origin.tolist()), tuple(way.tolist()), length - travelled)
            if hit is None:
                break
            found.append(hit)
            travelled = float(np.linalg.norm(np.subtract(hit.location, start))) + RAY_START_M
        return found


def _stream(actor: EpisodeActor) -> int:
    return int.from_bytes(actor.token[:4], "little")


def _family(actor: EpisodeActor) -> set[int]:
    """Return the ids of an actor and of all that it hangs on."""
    family = {actor.id}
    while actor.parent is not None:
        actor = actor.parent
        family.add(actor.id)
    return family


def _carries(actor: EpisodeActor) -> bool:
    return any(child.description.id == COLLISION for child in actor.children)


def _holds(actor: EpisodeActor, map_from_actor: Matrix, point: np.ndarray) -> bool:
    local = map_from_actor[:3, :3].T @ (point - map_from_actor[:3, 3])
    offset = local - mirror_vector(actor.box.location)
    return bool(np.all(np.abs(offset) <= actor.box.extent))
