"""The events of a data set's scenarios, found in its frames and written into it."""

from __future__ import annotations

from collections.abc import Mapping

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


def write_events(
    dataset: Dataset,
    scenario: StoredScenario,
    events: tuple[Event, ...],
    pictures: Mapping[str, bytes],
) -> None:
    """Write a scenario's events, and PNGs by their ids, in place of what the data set has.

    The manifest follows, then what no event needs any more goes.
    """
    folder = scenario.folder
    contents = {folder.event_picture(event_id): data for event_id, data in pictures.items()}
    contents[folder.events] = EVENTS.dump_json(events, indent=1) + b"\n"
    hashes = {
        path.relative_to(dataset.path).as_posix(): write_whole(path, data)
        for path, data in contents.items()
    }
    before = f"{folder.events.parent.relative_to(dataset.path).as_posix()}/"
    kept = {k: v for k, v in dataset.manifest.files.items() if not k.startswith(before)}
    files = {**kept, **hashes}
    stale = [dataset.path / k for k in dataset.manifest.files.keys() - files.keys()]
    dataset.manifest = dataset.manifest.model_copy(update={"files": dict(sorted(files.items()))})
    text = dataset.manifest.model_dump_json(indent=1) + "\n"
    write_whole(dataset.path / MANIFEST, text.encode())
    for path in stale:
        path.unlink(missing_ok=True)


def _state(told: TrackState, actor: Actor) -> ActorState:
    return ActorState(actor, told.map_from_box.matrix(), _UNTOLD, _UNTOLD, _UNTOLD)
