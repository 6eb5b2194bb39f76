"""The events of a data set's scenarios, found in its frames and written into it."""

from __future__ import annotations

import numpy as np

from ...evaluation.incidents.incident import Thresholds
from ...opendrive import OpenDriveMap
from ...world.states import Actor, ActorState
from ..store.layout import MANIFEST
from ..store.manifest import write_whole
from ..store.reader import Dataset, StoredScenario
from ..store.scenario_writer import EVENTS
from ..truth.events import Event
from ..truth.scenario import TrackState
from .of_frames import EventFrame, events_of_frames

_UNTOLD = np.full(3, np.nan)


def events_of_scenario(
    scenario: StoredScenario, opendrive: OpenDriveMap, *, limits: Thresholds, seed: int, each: int
) -> tuple[Event, ...]:
    """Return the events of a scenario as ``events_of_frames`` does."""
    actors = {
        one.track_id: Actor(one.track_id, one.role_name, one.object_class, one.size_m)
        for one in scenario.truth.actors
    }
    frames = [
        EventFrame(
            frame.stamp_ns,
            [_state(one, actors[one.track_id]) for one in frame.actors],
            frame.lights,
        )
        for frame in scenario.frames()
    ]
    track_of = {track: track for track in actors}
    return events_of_frames(frames, opendrive, track_of, limits=limits, seed=seed, each=each)


def write_events(dataset: Dataset, scenario: StoredScenario, events: tuple[Event, ...]) -> None:
    """Write a scenario's events into a data set, in place of what is there, and its manifest."""
    path = scenario.folder.events
    sha256 = write_whole(path, EVENTS.dump_json(events, indent=1) + b"\n")
    files = {**dataset.manifest.files, path.relative_to(dataset.path).as_posix(): sha256}
    dataset.manifest = dataset.manifest.model_copy(update={"files": dict(sorted(files.items()))})
    text = dataset.manifest.model_dump_json(indent=1) + "\n"
    write_whole(dataset.path / MANIFEST, text.encode())


def _state(told: TrackState, actor: Actor) -> ActorState:
    return ActorState(actor, told.map_from_box.matrix(), _UNTOLD, _UNTOLD, _UNTOLD)
