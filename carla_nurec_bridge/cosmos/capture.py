"""Make clips of a recording that CARLA plays: one for each camera, frame by frame."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..carla_client.actors.ego import Ego, measure
from ..carla_client.actors.objects import ObjectTracker
from ..carla_client.actors.signal_heads import light_states, shown_fixtures
from ..carla_client.replay.exact_replay import (
    ExactReplay,
    ExactReplayOptions,
    ReplayWindow,
    window_of,
)
from ..carla_client.replay.recordings import RecordingInfo, open_recording
from ..carla_client.session.session import Session, Snapshot
from ..carla_client.session.transforms import matrix_of
from ..carla_client.session.weather import weather_json
from ..core.errors import InputError, RunError
from ..core.frames import Matrix, invert
from ..core.rig.rig import RigCamera
from ..core.run_contract.timebase import NS_PER_S
from ..core.timings import Timings
from ..labels.actor_ids import LabelledActor, labelled_actors
from ..labels.live import LabelledMoment
from .camera_capture import CameraCapture, ClipSettings, ClipStory, open_camera
from .clip.clip import ClipDone, sha256_of
from .clip.streams import ControlOptions
from .hdmap.content import HdMap, hd_map
from .sensor_files.sensor_rig import SensorRig, in_world, on_vehicle


@dataclass(frozen=True)
class Capture:
    """What to make: cameras, whose they are (recorded id, or 0 for a role), how and where to."""

    sensors: SensorRig
    output: Path
    replay: ExactReplayOptions
    controls: ControlOptions
    actor_id: int = 0
    role_name: str = "hero"
    seed: int | None = None
    engine: str = "CARLA"


@dataclass(frozen=True)
class Captured:
    """What came of it; ``notes`` are sentences for the user, ``timings`` the loop's stages."""

    window: ReplayWindow
    clips: tuple[ClipDone, ...]
    notes: tuple[str, ...]
    timings: Timings


def capture(
    session: Session, info: RecordingInfo, wish: Capture, on_frame: Callable[[int, int], None]
) -> Captured:
    """Play the recording and write the clips; ``on_frame(done, total)`` hears about each frame.

    Every image is of exactly the tick's frame, or RunError says which stream lacks which. The
    world's settings and the replayer's are restored whatever happens.
    """
    recording = open_recording(info)
    window = window_of(recording.timeline, wish.replay)
    session.use_map(info.map_name)
    session.synchronise(round(window.tick_s * NS_PER_S))
    with ExactReplay(session, window, wish.replay, recording) as replay:
        replay.load()
        done = _RunningCapture(session, info, wish, window, replay).run(on_frame)
    return replace(done, notes=(*done.notes, *recording.notes))


class _RunningCapture:
    """The parts of a running capture."""

    def __init__(
        self,
        session: Session,
        info: RecordingInfo,
        wish: Capture,
        window: ReplayWindow,
        replay: ExactReplay,
    ) -> None:
        """Find the cameras' car in a loaded replay; InputError when it cannot carry them."""
        self._session, self._info, self._wish = session, info, wish
        self._window, self._replay = window, replay
        self._timings = Timings()
        self._notes = [*window.notes, *wish.sensors.notes]
        self._ego = None if wish.sensors.anchor == "world" else self._find_ego()
        self._xodr = session.map.to_opendrive()

    def _find_ego(self) -> Ego:
        wish, replay = self._wish, self._replay
        recorded = self._info.actor(wish.actor_id, wish.role_name)
        if not recorded.blueprint.startswith("vehicle."):
            raise InputError(f"actor {recorded.id} is a {recorded.blueprint}; cameras go on cars")
        if recorded.role_name == "hero" and wish.replay.ignore_hero:
            raise InputError("the cameras are the hero's, which --ignore-hero leaves out")
        actor = replay.live(recorded)
        return measure(actor, matrix_of(replay.snapshot.find(actor.id).get_transform()))

    def run(self, on_frame: Callable[[int, int], None]) -> Captured:
        """Record all frames and write the manifests."""
        with ExitStack() as stack:
            cameras = self._open(stack)
            tracker = ObjectTracker(
                self._session.world,
                self._ego.actor.id if self._ego else -1,
                1.0 / self._wish.replay.fps,
                from_poses=True,
            )
            carla_frames: list[int] = []
            actors: tuple[LabelledActor, ...] = ()
            frames = self._replay.frames()
            for _ in range(self._window.frames):
                with self._timings.stage("tick"):
                    number, passed_ns, snapshot = next(frames)
                with self._timings.stage("objects and lights"):
                    states = tracker.update(snapshot)
                    lights = light_states(self._session.world)
                    live = self._ego.actor if self._ego is not None else None
                    recorded = self._replay.identify(number, states, live)
                    actors = labelled_actors(recorded, states, actors, self._ego)
                map_from_rig = self._map_from_rig(number, snapshot)
                moment = LabelledMoment(
                    number, snapshot.frame, passed_ns, map_from_rig, tuple(states), lights
                )
                for camera in cameras:
                    camera.record(moment, self._timings)
                carla_frames.append(snapshot.frame)
                on_frame(number + 1, self._window.frames)
            with self._timings.stage("finish files"):
                story = self._story(carla_frames, actors)
                done = tuple(camera.finish(story) for camera in cameras)
        return Captured(self._window, done, tuple(self._notes), self._timings)

    def _open(self, stack: ExitStack) -> list[CameraCapture]:
        wish, ego = self._wish, self._ego
        cameras: Sequence[RigCamera]
        if ego is None:
            cameras = in_world(wish.sensors)
        else:
            rig, notes = on_vehicle(
                wish.sensors, ego.base_from_actor, ego.info.box_in_base_m, ego.info.size_m
            )
            self._notes += notes
            cameras = rig.cameras
        settings = ClipSettings(
            wish.output, Fraction(wish.replay.fps), wish.controls, self._street()
        )
        return [open_camera(stack, self._session, ego, camera, settings) for camera in cameras]

    def _street(self) -> HdMap:
        shown = shown_fixtures(self._session.world, self._session.opendrive)
        return hd_map(self._session.opendrive, shown)

    def _map_from_rig(self, number: int, snapshot: Snapshot) -> Matrix:
        ego = self._ego
        if ego is None:
            return np.eye(4)
        state = snapshot.find(ego.actor.id)
        if state is None:
            raise RunError(
                f"frame {number}: the cameras' car (actor {ego.actor.id}) has gone; end before, "
                "with --duration"
            )
        return matrix_of(state.get_transform()) @ invert(ego.base_from_actor)

    def _story(self, carla_frames: Sequence[int], actors: Sequence[LabelledActor]) -> ClipStory:
        wish = self._wish
        return ClipStory(
            carla_frames, actors, wish.engine, self._world(), self._recording(actors), wish.seed
        )

    def _world(self) -> dict[str, Any]:
        return {
            "map": self._info.map_name,
            "opendrive_sha256": hashlib.sha256(self._xodr.encode()).hexdigest(),
            "server": self._wish.engine,
            "weather": json.loads(weather_json(self._session.world)),
        }

    def _recording(self, actors: Sequence[LabelledActor]) -> dict[str, Any]:
        window, options = self._window, self._wish.replay
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
            "actors": [actor.to_json() for actor in actors],
        }
