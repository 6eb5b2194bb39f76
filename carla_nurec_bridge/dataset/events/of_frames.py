"""The events of a scenario's frames, be they recorded just now or read from a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...evaluation.incidents.incident import DEFAULTS, Thresholds
from ...evaluation.incidents.lanes import MapLanes
from ...evaluation.incidents.traffic import ObservedTraffic
from ...opendrive import OpenDriveMap
from ...opendrive.model import TRAFFIC_LIGHT
from ...opendrive.signals import lane_light
from ...opendrive.stops import stop_lines
from ...world.states import ActorState, LightColour, TrafficLight
from ..truth.events import Event
from .find import find_events
from .negatives import hard_negatives


@dataclass(frozen=True, eq=False)
class EventFrame:
    """Who was there in a frame, the ego too, and what the lights showed by OpenDRIVE's id."""

    stamp_ns: int
    actors: Sequence[ActorState]
    lights: Mapping[str, LightColour]


def events_of_frames(
    frames: Sequence[EventFrame],
    opendrive: OpenDriveMap,
    track_of: Mapping[int, int],
    *,
    limits: Thresholds = DEFAULTS,
    seed: int,
    each: int = 1,
) -> tuple[Event, ...]:
    """Return the events of frames in order of time, then ``each`` hard negatives of a kind.

    ``track_of`` has track ids by the actors' ids; the seed draws the negatives. Traffic lights
    hold where the map has their stop lines.
    """
    lights = tuple(
        lane_light(opendrive, line)
        for signal_id, lines in stop_lines(opendrive).items()
        if opendrive.signals[signal_id][1].type == TRAFFIC_LIGHT
        for line in lines
    )
    traffic = ObservedTraffic.of_frames(
        [frame.stamp_ns for frame in frames],
        [frame.actors for frame in frames],
        [_shown(lights, frame.lights) for frame in frames],
        MapLanes(opendrive),
    )
    found = find_events(traffic, track_of, limits)
    hard = hard_negatives(traffic, track_of, found, seed=seed, each=each, limits=limits)
    return (*found, *hard)


def _shown(
    lights: Sequence[TrafficLight], shows: Mapping[str, LightColour]
) -> tuple[TrafficLight, ...]:
    return tuple(
        replace(light, shows=shows[light.signal_id]) for light in lights if light.signal_id in shows
    )
