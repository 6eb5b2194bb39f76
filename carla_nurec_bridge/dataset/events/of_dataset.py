"""The events of a data set's scenarios, found in its frames and written into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...evaluation.incidents.incident import Thresholds
from ...evaluation.incidents.lanes import MapLanes
from ...evaluation.incidents.traffic import ObservedTraffic
from ...opendrive import OpenDriveMap
from ...opendrive.model import TRAFFIC_LIGHT
from ...opendrive.signals import lane_light
from ...opendrive.stops import stop_lines
from ...world.states import Actor, ActorState, LightColour, TrafficLight
from ..store.layout import MANIFEST
from ..store.manifest import write_whole
from ..store.reader import Dataset, StoredScenario
from ..store.scenario_writer import EVENTS
from ..truth.events import Event
from ..truth.scenario import TrackState
from .find import find_events
from .negatives import hard_negatives

_UNTOLD = np.full(3, np.nan)


def events_of_scenario(
    scenario: StoredScenario, opendrive: OpenDriveMap, *, limits: Thresholds, seed: int, each: int
) -> tuple[Event, ...]:
    """Return the events of a scenario, then ``each`` hard negatives of a kind that the seed draws.

    Traffic lights hold where the map has their stop lines.
    """
    actors = {
        one.track_id: Actor(one.track_id, one.role_name, one.object_class, one.size_m)
        for one in scenario.truth.actors
    }
    lights = _lights(opendrive)
    frames = list(scenario.frames())
    traffic = ObservedTraffic.of_frames(
        [frame.stamp_ns for frame in frames],
        [[_state(one, actors[one.track_id]) for one in frame.actors] for frame in frames],
        [_shown(lights, frame.lights) for frame in frames],
        MapLanes(opendrive),
    )
    track_of = {track: track for track in actors}
    found = find_events(traffic, track_of, limits)
    hard = hard_negatives(traffic, track_of, found, seed=seed, each=each, limits=limits)
    return (*found, *hard)


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


def _lights(opendrive: OpenDriveMap) -> tuple[TrafficLight, ...]:
    return tuple(
        lane_light(opendrive, line)
        for signal_id, lines in stop_lines(opendrive).items()
        if opendrive.signals[signal_id][1].type == TRAFFIC_LIGHT
        for line in lines
    )


def _shown(
    lights: tuple[TrafficLight, ...], shows: Mapping[str, LightColour]
) -> tuple[TrafficLight, ...]:
    return tuple(
        replace(light, shows=shows[light.signal_id]) for light in lights if light.signal_id in shows
    )
