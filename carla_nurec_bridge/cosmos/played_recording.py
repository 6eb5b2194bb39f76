"""A recording that CARLA plays, frame by frame: who is there, and where its cameras are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..carla_client.actors.ego import Ego, measure
from ..carla_client.actors.objects import ObjectTracker
from ..carla_client.actors.signal_heads import light_states
from ..carla_client.replay.exact_replay import ExactReplay, ExactReplayOptions, ReplayWindow
from ..carla_client.replay.recordings import RecordingInfo
from ..carla_client.session.session import Session, Snapshot
from ..carla_client.session.transforms import matrix_of
from ..carla_client.session.weather import weather_json
from ..core.buffers import sha256_of
from ..core.errors import InputError, RunError
from ..core.frames import Matrix, invert
from ..core.rig.rig import RigCamera
from ..core.timings import Timings
from ..labels.actor_ids import LabelledActor, labelled_actors
from ..labels.live import LabelledMoment
from ..opendrive import OpenDriveMap
from .sensor_files.sensor_rig import SensorRig, in_world, on_vehicle


@dataclass(frozen=True)
class Carrier:
    """Which vehicle carries the cameras: its recorded id, or 0 for that of a role."""

    actor_id: int = 0
    role_name: str = "hero"


class PlayedRecording:
    """A recording that is loaded and about to play.

    ``ego`` is the cameras' car, None without one; ``actors`` are all that were seen so far, by all
    their ids, and ``carla_frames`` CARLA's numbers of the frames.
    """

    def __init__(
        self,
        session: Session,
        info: RecordingInfo,
        replay: ExactReplay,
        window: ReplayWindow,
        options: ExactReplayOptions,
        carrier: Carrier | None,
    ) -> None:
        """Find the cameras' car; InputError when it cannot carry them."""
        self._session, self._info, self._replay = session, info, replay
        self._window, self._options = window, options
        self.ego = None if carrier is None else self._find(carrier)
        self.actors: tuple[LabelledActor, ...] = ()
        self.carla_frames: list[int] = []

    def _find(self, carrier: Carrier) -> Ego:
        recorded = self._info.actor(carrier.actor_id, carrier.role_name)
        if not recorded.blueprint.startswith("vehicle."):
            raise InputError(f"actor {recorded.id} is a {recorded.blueprint}; cameras go on cars")
        if recorded.role_name == "hero" and self._options.ignore_hero:
            raise InputError("the cameras are the hero's, which --ignore-hero leaves out")
        actor = self._replay.live(recorded)
        return measure(actor, matrix_of(self._replay.snapshot.find(actor.id).get_transform()))

    def cameras(self, sensors: SensorRig) -> tuple[Sequence[RigCamera], tuple[str, ...]]:
        """Return cameras where they are mounted, and a sentence for each that was lifted."""
        if sensors.anchor == "world" or self.ego is None:
            return in_world(sensors), ()
        ego = self.ego
        rig, notes = on_vehicle(
            sensors, ego.base_from_actor, ego.info.box_in_base_m, ego.info.size_m
        )
        return rig.cameras, notes

    def moments(self, timings: Timings, *, ego_too: bool = False) -> Iterator[LabelledMoment]:
        """Play all frames of the window; with ``ego_too`` the cameras' car is among the actors."""
        ego = None if ego_too else self.ego
        ego_id = -1 if ego is None else ego.actor.id
        dt_s = 1.0 / self._options.fps
        tracker = ObjectTracker(self._session.world, ego_id, dt_s, from_poses=True)
        frames = self._replay.frames()
        for _ in range(self._window.frames):
            with timings.stage("tick"):
                number, passed_ns, snapshot = next(frames)
            with timings.stage("objects and lights"):
                states = tracker.update(snapshot)
                lights = light_states(self._session.world)
                live = None if ego is None else ego.actor
                recorded = self._replay.identify(number, states, live)
                self.actors = labelled_actors(recorded, states, self.actors, ego)
            self.carla_frames.append(snapshot.frame)
            yield LabelledMoment(
                number,
                snapshot.frame,
                passed_ns,
                self._map_from_rig(number, snapshot),
                tuple(states),
                lights,
            )

    def _map_from_rig(self, number: int, snapshot: Snapshot) -> Matrix:
        ego = self.ego
        if ego is None:
            return np.eye(4)
        state = snapshot.find(ego.actor.id)
        if state is None:
            raise RunError(
                f"frame {number}: the cameras' car (actor {ego.actor.id}) has gone; end before, "
                "with --duration"
            )
        return matrix_of(state.get_transform()) @ invert(ego.base_from_actor)

    @property
    def opendrive(self) -> OpenDriveMap:
        """The map that the recording is played on; InputError when it is unusable."""
        return self._session.opendrive

    def world(self, engine: str) -> dict[str, Any]:
        """Return what a manifest tells about the world that ``engine`` shows."""
        return {
            "map": self._info.map_name,
            "opendrive_sha256": hashlib.sha256(
                self._session.map.to_opendrive().encode()
            ).hexdigest(),
            "server": engine,
            "weather": json.loads(weather_json(self._session.world)),
        }

    def recording(self) -> dict[str, Any]:
        """Return what a manifest tells about the recording and how it was played."""
        window, options = self._window, self._options
        path = Path(self._info.path)
        return {
            "file": path.name,
            "sha256": sha256_of(path) if path.is_file() else None,
            "duration_s": self._info.duration_s,
            "start_s": window.start_s,
            "end_s": round(window.end_s, 6),
            "step_s": window.step_s,
            "time_factor": options.time_factor,
            "ignore_hero": options.ignore_hero,
            "warmup_ticks": options.warmup,
        }
