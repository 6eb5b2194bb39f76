"""Frames of a CARLA recording that is played: by cameras on the ego and cameras in the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from ....carla_client.actors.level_objects import level_objects
from ....carla_client.replay.exact_replay import ExactReplay, ExactReplayOptions, window_of
from ....carla_client.replay.recordings import RecordingInfo, open_recording
from ....carla_client.session.session import Session
from ....core.run_contract.timebase import NS_PER_S
from ....core.timings import Timings
from ....cosmos.mounted_camera import MountedCamera
from ....cosmos.played_recording import Carrier, PlayedRecording
from ....cosmos.sensor_files.sensor_rig import SensorRig
from ....world.level_objects import LevelObject
from ..source import SourceCamera, SourceFacts, SourceFrame
from .mounting import mounted_cameras, seen_by, sensors_to_json


@dataclass(frozen=True)
class RecordingWish:
    """What is played, who sees it, and who carries those cameras that do not stand still."""

    sensors: Sequence[SensorRig]
    replay: ExactReplayOptions
    carrier: Carrier

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {
            "sensors": sensors_to_json(self.sensors),
            "replay": asdict(self.replay),
            "carrier": asdict(self.carrier),
        }


class PlayedSource:
    """The frames of a loaded recording; ``notes`` are sentences for the user."""

    def __init__(
        self,
        played: PlayedRecording,
        mounted: Sequence[MountedCamera],
        frames: int,
        fps: float,
        engine: str,
        timings: Timings,
        level: Sequence[LevelObject],
        notes: tuple[str, ...],
    ) -> None:
        self.level = level
        self._played, self._mounted, self._timings = played, mounted, timings
        self._engine = engine
        self.cameras: Sequence[SourceCamera] = [
            SourceCamera(m.camera, m.carrier is not None) for m in mounted
        ]
        self.ego_id = None if played.ego is None else played.ego.actor.id
        self.frames = frames
        self.dt_ns = round(NS_PER_S / fps)
        self.notes = notes

    def play(self) -> Iterator[SourceFrame]:
        """Yield all frames; RunError when CARLA leaves an image out."""
        first: int | None = None
        for moment in self._played.moments(self._timings, ego_too=True):
            first = moment.carla_frame if first is None else first
            recorded = {
                one.live_id: one.recorded_id
                for one in self._played.actors
                if one.recorded_id is not None
            }
            yield SourceFrame(
                moment.number,
                moment.stamp_ns,
                moment.carla_frame - first,
                moment.actors,
                moment.lights,
                recorded,
                tuple(seen_by(one, moment, self._timings) for one in self._mounted),
            )

    def facts(self) -> SourceFacts:
        """Return what holds for the recording and the world that showed it."""
        world = self._played.world(self._engine)
        origin = {"engine": self._engine, "recording": self._played.recording()}
        return SourceFacts(
            world["map"],
            world["opendrive_sha256"],
            self._played.opendrive,
            world["weather"],
            origin,
        )


@contextmanager
def played_source(
    session: Session, info: RecordingInfo, wish: RecordingWish, engine: str, timings: Timings
) -> Iterator[PlayedSource]:
    """Load a recording and put up all cameras; leave the server as it was found.

    ``engine`` is what manifests call the server. InputError for two cameras of a name, and for a
    car that cannot carry any.
    """
    recording = open_recording(info)
    window = window_of(recording.timeline, wish.replay)
    session.use_map(info.map_name)
    session.synchronise(round(window.tick_s * NS_PER_S))
    carried = any(sensors.anchor != "world" for sensors in wish.sensors)
    notes = [*recording.notes, *window.notes]
    with ExactReplay(session, window, wish.replay, recording) as replay, ExitStack() as stack:
        replay.load()
        carrier = wish.carrier if carried else None
        played = PlayedRecording(session, info, replay, window, wish.replay, carrier)
        mounted, told = mounted_cameras(stack, session, played.ego, wish.sensors, played.cameras)
        level, unfair = level_objects(session.world)
        yield PlayedSource(
            played,
            mounted,
            window.frames,
            wish.replay.fps,
            engine,
            timings,
            level,
            (*notes, *told, *unfair),
        )
