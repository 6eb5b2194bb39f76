"""The events of a data set's scenarios, found in its frames and written into it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from ...evaluation.incidents.incident import Thresholds
from ...opendrive import OpenDriveMap
from ...world.states import Actor, ActorState
from ..odvg import odvg_files
from ..store.amend import amend
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
    """Write a scenario's events, and PNGs by their ids, in place of those that the data set has.

    ODVG tells of them in the frames in which they go on. Raises what ``amend`` does.
    """
    folder = scenario.folder
    contents = {folder.event_picture(event_id): data for event_id, data in pictures.items()}
    contents[folder.events] = EVENTS.dump_json(events, indent=1) + b"\n"
    known = dataset.manifest.files
    for path, data in odvg_files(scenario, events):
        name = path.relative_to(dataset.path).as_posix()
        if known.get(name) != hashlib.sha256(data).hexdigest():
            contents[path] = data
    amend(dataset, contents, replaces=[folder.events.parent])


def _state(told: TrackState, actor: Actor) -> ActorState:
    return ActorState(actor, told.map_from_box.matrix(), _UNTOLD, _UNTOLD, _UNTOLD)
