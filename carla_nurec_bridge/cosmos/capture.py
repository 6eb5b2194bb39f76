"""Make clips of a recording that CARLA plays: one for each camera, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ..carla_client.actors.signal_heads import shown_fixtures
from ..carla_client.replay.exact_replay import (
    ExactReplay,
    ExactReplayOptions,
    ReplayWindow,
    window_of,
)
from ..carla_client.replay.recordings import RecordingInfo, open_recording
from ..carla_client.session.session import Session
from ..core.run_contract.timebase import NS_PER_S
from ..core.timings import Timings
from .camera_capture import CameraCapture, ClipSettings, ClipStory, open_camera
from .clip.clip import ClipDone
from .clip.streams import ControlOptions
from .hdmap.content import HdMap, hd_map
from .played_recording import Carrier, PlayedRecording
from .sensor_files.sensor_rig import SensorRig


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
        self._session, self._wish, self._window = session, wish, window
        self._timings = Timings()
        self._notes = [*window.notes, *wish.sensors.notes]
        still = wish.sensors.anchor == "world"
        carrier = None if still else Carrier(wish.actor_id, wish.role_name)
        self._played = PlayedRecording(session, info, replay, window, wish.replay, carrier)

    def run(self, on_frame: Callable[[int, int], None]) -> Captured:
        """Record all frames and write the manifests."""
        with ExitStack() as stack:
            cameras = self._open(stack)
            for moment in self._played.moments(self._timings):
                for camera in cameras:
                    camera.record(moment, self._timings)
                on_frame(moment.number + 1, self._window.frames)
            with self._timings.stage("finish files"):
                story = self._story()
                done = tuple(camera.finish(story) for camera in cameras)
        return Captured(self._window, done, tuple(self._notes), self._timings)

    def _open(self, stack: ExitStack) -> list[CameraCapture]:
        wish, ego = self._wish, self._played.ego
        cameras, notes = self._played.cameras(wish.sensors)
        self._notes += notes
        settings = ClipSettings(
            wish.output, Fraction(wish.replay.fps), wish.controls, self._street()
        )
        return [open_camera(stack, self._session, ego, camera, settings) for camera in cameras]

    def _street(self) -> HdMap:
        shown = shown_fixtures(self._session.world, self._session.opendrive)
        return hd_map(self._session.opendrive, shown)

    def _story(self) -> ClipStory:
        played, wish = self._played, self._wish
        recording = {
            **played.recording(),
            "actors": [actor.to_json() for actor in played.actors],
        }
        return ClipStory(
            played.carla_frames,
            played.actors,
            wish.engine,
            played.world(wish.engine),
            recording,
            wish.seed,
        )
