"""The owner of the world: its clock and settings, the order of a tick, and the loading of maps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ...core.errors import InputError
from ...recorder_log.reader import read_log
from ...town.level import Level, open_level
from ...town.maps import MapLibrary, MapSource
from .clients import Clients
from .faults import Faults
from .physics.walkers import advance_walker
from .recorder.control import RecorderControl
from .recorder.replay_options import ReplayOptions
from .sensing.schedule import Sensors
from .traffic_steps import TrafficSteps
from .wire.streams import WORLD_STREAM, StreamHub
from .wire.structs import ZERO, EpisodeSettings, TrafficManagerAddress
from .world.actors import STANDING, ActorIds
from .world.collisions import collide
from .world.episode import Episode
from .world.observer import WorldStateRows
from .world.warm_up import warm_up

ASYNC_DELTA_S = 0.05
LONGEST_DELTA_S = 0.1
SHORTEST_DELTA_S = 0.001
LONGEST_FIXED_DELTA_S = 10.0
SUBSTEP_S = 0.01


class Simulation:
    """Owns the present episode and what outlives it; used from the server's one thread only."""

    def __init__(
        self,
        maps: MapLibrary,
        map_name: str,
        streams: StreamHub,
        seed: int = 0,
        steps: TrafficSteps | None = None,
    ) -> None:
        """Begin the first episode on a map; InputError when it is unknown or broken.

        ``seed`` is that of sensors without their own; ``steps`` keeps ticks apart from those of
        clients' Traffic Managers.
        """
        self.maps = maps
        self.streams = streams
        self.settings = EpisodeSettings()
        self.traffic_managers: dict[int, TrafficManagerAddress] = {}
        self.faults = Faults()
        self.clients = Clients()
        self.steps = steps or TrafficSteps()
        self.sensors = Sensors(streams, self.faults)
        self.recorder = RecorderControl(self.faults)
        self._ids = ActorIds(self.clients)
        self._wall_s = time.monotonic()
        self._unsensed_s: float | None = None
        self._source = maps.read(map_name) if map_name else MapSource("", "")
        self.episode = Episode(_level(self._source), self._ids, seed)
        self.observer = WorldStateRows()
        self._parts_of_a_tick: tuple[tuple[str, Callable[[float], None]], ...] = (
            ("the replay", lambda delta_s: self.recorder.play(self.episode, delta_s)),
            ("Ackermann control", lambda delta_s: self.episode.ackermann.advance(delta_s)),
            ("the motion of vehicles", self._move_vehicles),
            ("the motion of walkers", self._move_walkers),
            ("collisions", lambda _: self._name_lost(collide(self.episode))),
            ("friction triggers", lambda _: self.episode.act_frictions()),
            ("traffic lights", lambda delta_s: self.episode.signals.advance(delta_s)),
            ("doors", lambda delta_s: self.episode.swing_doors(delta_s)),
            ("debug shapes", lambda delta_s: self.episode.expire_drawings(delta_s)),
            ("speed limits and lights ahead", lambda _: self.episode.refresh_surroundings()),
            ("the state of the world", lambda _: self.observer.refresh(self.episode)),
            ("what clients are told", self._publish),
            ("the recorder", self.recorder.record),
        )
        self._begin()

    # Maps.

    def load(self, name: str) -> None:
        """Start a new episode on a map; InputError when it is unknown or broken.

        Whatever is raised, the episode before goes on as it was.
        """
        before = self.episode
        source = self.maps.read(name) if name else self._source
        level = before.level if source == self._source else _level(source)
        episode = Episode(
            level,
            self._ids,
            before.seed,
            number=before.number + 1,
            frame=before.frame,
            imu_gravity_m_s2=before.imu_gravity_m_s2,
        )
        self.streams.hush()
        self.recorder.stop()
        self.sensors.clear()
        before.close()
        self._source, self.episode, self.observer = source, episode, WorldStateRows()
        self._begin()

    def _begin(self) -> None:
        """Make ready what a fresh episode is seen through, and tell clients of it."""
        self.sensors.open_level(self.episode.level)
        with self.faults.within("the state of the world", "clients are told of an empty one"):
            self.observer.refresh(self.episode)
        self._publish(0.0)

    def replay(self, path: Path, options: ReplayOptions) -> str:
        """Play a file back, on its own map if there is one; return CARLA's answer.

        InputError when the file cannot be read or its map is not there.
        """
        log = read_log(path)
        text = self.recorder.prepare_replay(self.episode, log, options)
        if log.map_name != self.episode.level.name:
            self.load(log.map_name)
        self.recorder.start_replay(self.episode, self.sensors, log)
        return text

    def warm_up(self) -> None:
        """Compile every kernel now, not in the first tick."""
        warm_up(self.episode)
        self.sensors.warm_up(self.episode)

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
        return self.settings.fixed_delta_seconds or ASYNC_DELTA_S

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
        self.episode.frame += 1
        self.episode.elapsed_s += delta_s
        left = iter(self._parts_of_a_tick)
        done = False
        while not done:
            with self.faults.within("", "the frame goes on without it") as part:
                for part.what, advance in left:
                    advance(delta_s)
                done = True
        self.episode.door_moves.clear()
        self._unsensed_s = delta_s
        return self.episode.frame

    def finish_frame(self) -> None:
        """Produce the sensor data of the last step, once; called after the tick was answered."""
        if self._unsensed_s is not None:
            delta_s, self._unsensed_s = self._unsensed_s, None
            with self.faults.within("the sensors", "this frame has no more sensor data"):
                self.streams.settle()
                self.sensors.produce(self.episode, self.settings, delta_s)
            self.episode.collisions.clear()

    def apply_settings(self, settings: EpisodeSettings) -> int:
        """Change the settings; return the current frame."""
        delta_s = settings.fixed_delta_seconds
        if delta_s is not None and delta_s <= 0.0:
            settings = replace(settings, fixed_delta_seconds=None)
        elif delta_s is not None and delta_s > LONGEST_FIXED_DELTA_S:
            raise InputError(
                f"a tick of {delta_s:g} s is too long; use {LONGEST_FIXED_DELTA_S:g} s or less"
            )
        self.settings = settings
        self._wall_s = time.monotonic()
        return self.episode.frame

    # Parts of a tick.

    def _move_vehicles(self, delta_s: float) -> None:
        substep_s = SUBSTEP_S
        if self.settings.substepping:
            substep_s = min(max(self.settings.max_substep_delta_time, SHORTEST_DELTA_S), SUBSTEP_S)
        episode = self.episode
        self._name_lost(episode.fleet.advance(delta_s, substep_s, episode.level.ground))

    def _move_walkers(self, delta_s: float) -> None:
        for walker in self.episode.actors.of_kind("walker"):
            name = f"walker {walker.id} ({walker.description.id})"
            with self.faults.within(name, "it stands still") as part:
                advance_walker(walker, delta_s, self.episode.level.ground)
            if part.error is not None:
                walker.simulated, walker.walk, walker.velocity = False, STANDING, ZERO

    def _name_lost(self, vehicle_ids: list[int]) -> None:
        for actor_id in vehicle_ids:
            self.faults.refused(
                f"vehicle {actor_id} ({self.episode.actors.get(actor_id).description.id})",
                "its motion could not be computed from its physics, impulses and place; it is "
                "frozen where it was. set_simulate_physics(True) lets it drive again",
            )

    def _publish(self, delta_s: float) -> None:
        message = self.observer.message(self.episode, delta_s)
        self.streams.latest_state = message
        self.streams.publish(WORLD_STREAM, (message,), keep_all=self.settings.synchronous_mode)


def _level(source: MapSource) -> Level:
    return open_level(source.name, source.text, source.spawns)
