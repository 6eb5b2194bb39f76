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
from ..carla_client.actors.objects import ObjectState, ObjectTracker, labels_of
from ..carla_client.actors.signal_heads import light_states, shown_fixtures
from ..carla_client.replay.exact_replay import (
    ExactReplay,
    ExactReplayOptions,
    ReplayWindow,
    window_of,
)
from ..carla_client.replay.recordings import RecordingInfo, open_recording
from ..carla_client.sensors.cameras import (
    DECODERS,
    CameraGroup,
    decode_instance,
    mount,
    mount_still,
)
from ..carla_client.session.session import Session, Snapshot, matrix_of
from ..carla_client.session.weather import weather_json
from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..core.errors import BridgeError, InputError, RunError
from ..core.frames import Matrix, invert
from ..core.rig.rig import RigCamera
from ..core.run_contract.timebase import NS_PER_S
from ..core.timings import Timings
from ..labels.actor_ids import LabelledActor, cast_of
from ..labels.frame import ControlFrame, LabelBox
from ..world.pixel_ids import pixel_id
from .clip.clip import ClipDone, ControlClip, sha256_of
from .clip.manifest import (
    MAP_ENGINE,
    ClipCamera,
    ClipContent,
    write_manifest,
)
from .clip.streams import ControlOptions
from .hdmap.content import Fixture, HdMap, hd_map
from .sensor_files.sensor_rig import SensorRig, in_world, on_vehicle

_PICTURE_S = 30.0
_NEEDED = ("rgb", "depth", "labels")
_ORIGINS = {
    "rgb": "sensor.camera.rgb",
    "depth": "sensor.camera.depth",
    "semantic": "sensor.camera.instance_segmentation",
    "instance": "sensor.camera.instance_segmentation",
    "normals": "sensor.camera.normals",
}
_SOURCES = frozenset(_ORIGINS)


@dataclass(frozen=True)
class Capture:
    """What to make: cameras, whose they are (recorded id, or 0 for a role), how and where to."""

    sensors: SensorRig
    output: Path
    rerun: ExactReplayOptions
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


class _Shot:
    """One camera of a capture with its clip."""

    def __init__(self, group: CameraGroup, camera: RigCamera, clip: ControlClip) -> None:
        self.group = group
        self.camera = camera
        self.clip = clip
        self.poses: list[Matrix] = []


def capture(
    session: Session, info: RecordingInfo, wish: Capture, on_frame: Callable[[int, int], None]
) -> Captured:
    """Play the recording and write the clips; ``on_frame(done, total)`` hears about each frame.

    Every picture is of exactly the tick's frame, or RunError says which stream lacks which. The
    world's settings and the replayer's are restored whatever happens.
    """
    recording = open_recording(info)
    window = window_of(recording.timeline, wish.rerun)
    session.use_map(info.map_name)
    session.synchronise(round(window.tick_s * NS_PER_S))
    with ExactReplay(session, window, wish.rerun, recording) as rerun:
        rerun.load()
        done = _Studio(session, info, wish, window, rerun).run(on_frame)
    return replace(done, notes=(*done.notes, *recording.notes))


class _Studio:
    """The parts of a running capture."""

    def __init__(
        self,
        session: Session,
        info: RecordingInfo,
        wish: Capture,
        window: ReplayWindow,
        rerun: ExactReplay,
    ) -> None:
        self._session, self._info, self._wish = session, info, wish
        self._window, self._rerun = window, rerun
        self._timings = Timings()
        self._notes = [*window.notes, *wish.sensors.notes]
        self._ego: Ego | None = None
        if wish.sensors.anchor != "world":
            self._ego = self._find_ego()
        self._xodr = session.map.to_opendrive()
        self._lights: dict[str, str] = {}

    def _find_ego(self) -> Ego:
        wish, rerun = self._wish, self._rerun
        recorded = self._info.actor(wish.actor_id, wish.role_name)
        if not recorded.blueprint.startswith("vehicle."):
            raise InputError(f"actor {recorded.id} is a {recorded.blueprint}; cameras go on cars")
        if recorded.role_name == "hero" and wish.rerun.ignore_hero:
            raise InputError("the cameras are the hero's, which --ignore-hero leaves out")
        actor = rerun.live(recorded)
        return measure(actor, matrix_of(rerun.snapshot.find(actor.id).get_transform()))

    def run(self, on_frame: Callable[[int, int], None]) -> Captured:
        """Record all frames and write the manifests."""
        with ExitStack() as stack:
            shots = self._open(stack)
            tracker = ObjectTracker(
                self._session.world,
                self._ego.actor.id if self._ego else -1,
                1.0 / self._wish.rerun.fps,
                labels_of(self._session.world.get_blueprint_library()),
                from_poses=True,
            )
            numbers: list[int] = []
            players: tuple[LabelledActor, ...] = ()
            frames = self._rerun.frames()
            for _ in range(self._window.frames):
                with self._timings.stage("tick"):
                    number, passed_ns, snapshot = next(frames)
                with self._timings.stage("objects and lights"):
                    states = tracker.update(snapshot)
                    self._lights = light_states(self._session.world)
                    actor = self._ego.actor if self._ego is not None else None
                    recorded = self._rerun.identify(number, states, actor)
                    players = cast_of(recorded, states, players, self._ego)
                for shot in shots:
                    self._record(shot, number, passed_ns, snapshot, states)
                numbers.append(snapshot.frame)
                on_frame(number + 1, self._window.frames)
            with self._timings.stage("finish files"):
                done = tuple(self._finish(shot, numbers, players) for shot in shots)
        return Captured(self._window, done, tuple(self._notes), self._timings)

    def _open(self, stack: ExitStack) -> list[_Shot]:
        wish, client = self._wish, self._session.client
        cameras: Sequence[RigCamera]
        if self._ego is None:
            cameras = in_world(wish.sensors)
        else:
            ego = self._ego
            rig, notes = on_vehicle(
                wish.sensors, ego.base_from_actor, ego.info.box_in_base_m, ego.info.size_m
            )
            self._notes += notes
            cameras = rig.cameras
        street = self._street()
        only = wish.controls.only
        normals = not only or "normals" in only
        outputs = (*_NEEDED, "normals") if normals else _NEEDED
        sources = _SOURCES if normals else _SOURCES - {"normals"}
        shots = []
        for camera in cameras:
            model = camera.model
            if not isinstance(model, OpenCVPinholeCamera):
                raise InputError(f"camera {camera.name} is no pinhole, as CARLA's cameras are")
            wanted = replace(camera, outputs=outputs)
            group = mount(client, self._ego, wanted) if self._ego else mount_still(client, wanted)
            stack.enter_context(group)
            clip = ControlClip(
                wish.output / camera.name,
                model,
                Fraction(wish.rerun.fps),
                wish.controls,
                sources,
                street,
                pixel_id(self._ego.actor.id) if self._ego else 0,
            )
            stack.callback(clip.abandon)
            shots.append(_Shot(group, camera, clip))
        return shots

    def _street(self) -> HdMap:
        shown = shown_fixtures(self._session.world, self._session.opendrive)
        fixtures = [Fixture(f.kind, f.signal_id, f.map_from_box, f.size_m, f.facing) for f in shown]
        return hd_map(self._session.opendrive, fixtures)

    def _record(
        self,
        shot: _Shot,
        number: int,
        passed_ns: int,
        snapshot: Snapshot,
        states: Sequence[ObjectState],
    ) -> None:
        with self._timings.stage("pictures"):
            try:
                seen = shot.group.take(snapshot.frame, _PICTURE_S)
            except BridgeError as error:
                raise RunError(f"frame {number} of {shot.camera.name}: {error}") from error
        pose = self._map_from_rig(number, snapshot) @ shot.camera.rig_from_camera
        labels: Any = seen["labels"]
        with self._timings.stage("decode"):
            frame = ControlFrame(
                passed_ns,
                np.asarray(seen["rgb"], np.uint8),
                np.asarray(seen["depth"], np.float32),
                np.asarray(DECODERS["semantic"](labels), np.uint8),
                decode_instance(labels),
                np.asarray(seen["normals"], np.uint8) if "normals" in seen else None,
                pose,
                tuple(_box(state) for state in states),
                self._lights,
                snapshot.frame,
            )
        shot.poses.append(pose)
        with self._timings.stage("wait for encoders"):
            shot.clip.add(frame)

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

    def _finish(
        self, shot: _Shot, numbers: Sequence[int], players: Sequence[LabelledActor]
    ) -> ClipDone:
        wish, clip, camera = self._wish, shot.clip, shot.camera
        files = clip.close()
        ego = next((p for p in players if p.is_ego), None)
        described = ClipCamera(
            camera.name,
            camera.model,
            camera.shutter,
            camera.rig_from_camera,
            "base_link" if self._ego else "map",
            f"{ego.blueprint} {ego.live_id}" if ego else "the map",
            float(clip.rate),
        )
        by_pixel = {p.pixel_id: p for p in players}
        instances = [
            {**entry, **(by_pixel[entry["id"]].to_json() if entry["id"] in by_pixel else {})}
            for entry in clip.instances()
        ]
        agreement = clip.agreement.report()
        content = ClipContent(
            described,
            files,
            clip.options,
            clip.stamps_ns,
            list(numbers),
            shot.poses,
            {**dict.fromkeys(_SOURCES, wish.engine), "map": MAP_ENGINE},
            {**_ORIGINS, "map": "OpenDRIVE of the map, boxes of the snapshot"},
            instances,
            self._world(),
            self._recording(players),
            wish.seed,
            agreement,
        )
        write_manifest(clip.directory, content)
        return ClipDone(clip.directory, camera.name, files, agreement)

    def _world(self) -> dict[str, Any]:
        return {
            "map": self._info.map_name,
            "opendrive_sha256": hashlib.sha256(self._xodr.encode()).hexdigest(),
            "server": self._wish.engine,
            "weather": json.loads(weather_json(self._session.world)),
        }

    def _recording(self, players: Sequence[LabelledActor]) -> dict[str, Any]:
        window, options = self._window, self._wish.rerun
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
            "actors": [player.to_json() for player in players],
        }


def _box(state: ObjectState) -> LabelBox:
    actor = state.actor
    return LabelBox(pixel_id(actor.id), actor.label, actor.size_m, state.map_from_box)
