"""The events of a recorded drive: a bag is looked through without a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from ...core.errors import InputError
from ...core.run_contract.record import Record
from ...core.run_contract.timebase import seconds_to_ns
from ...evaluation.incidents.incident import Thresholds
from ...evaluation.incidents.lanes import MapLanes
from ...evaluation.incidents.traffic import EGO_ID, ObservedTraffic
from ...opendrive import map_name, parse, read_opendrive
from ...recording import BagReader
from ...recording.read_back.drive import read_drive
from ...world.object_classes import ObjectClass
from ...world.states import WorldState
from ..truth.events import Event
from .find import find_events
from .negatives import hard_negatives


class EventActor(Record):
    """Who a track of events is in the bag."""

    track_id: int
    actor_id: int | None = Field(description="id in objects; null for the ego")
    object_class: ObjectClass | None = Field(description="null for the ego")


class EventsFile(Record):
    """The events of a bag, and with which limits they were found."""

    source: str
    start_ns: int = Field(description="stamp of the first frame that was looked at")
    end_ns: int = Field(description="stamp of the last one")
    seed: int = Field(description="that drew the hard negatives")
    thresholds: Thresholds
    actors: tuple[EventActor, ...]
    events: tuple[Event, ...]


def events_of_bag(
    source: Path,
    map_file: Path | None,
    *,
    window_s: tuple[float, float | None] = (0.0, None),
    limits: Thresholds,
    seed: int,
    negatives: int,
) -> EventsFile:
    """Return the events of a bag, or of a run's folder with one.

    Args:
        source: the folder.
        map_file: OpenDRIVE, in place of what the bag holds.
        window_s: start in seconds from the first frame on, and duration (None: to the end).
        limits: where incidents begin.
        seed: of the choice of hard negatives.
        negatives: how many of each difficulty.

    InputError when there is no map, or no frame in the window.
    """
    folder = source / "bag" if (source / "bag").is_dir() else source
    with BagReader(folder) as bag:
        drive = read_drive(bag)
    if map_file is not None:
        opendrive = parse(read_opendrive(map_file), map_name(map_file))
    elif drive.xodr is not None:
        opendrive = parse(drive.xodr, folder.name)
    else:
        raise InputError(f"{folder} holds no map; give the OpenDRIVE file with --map")
    states = _within(drive.states, window_s)
    if not states:
        raise InputError(f"{folder} has no frame with objects in that window")
    traffic, actors = ObservedTraffic.of_states(states, MapLanes(opendrive)), _actors(states)
    track_of = {EGO_ID if x.actor_id is None else x.actor_id: x.track_id for x in actors}
    found = find_events(traffic, track_of, limits)
    hard = hard_negatives(traffic, track_of, found, seed=seed, each=negatives, limits=limits)
    return EventsFile(
        source=folder.resolve().name,
        start_ns=states[0].stamp_ns,
        end_ns=states[-1].stamp_ns,
        seed=seed,
        thresholds=limits,
        actors=actors,
        events=(*found, *hard),
    )


def _within(
    states: Sequence[WorldState], window_s: tuple[float, float | None]
) -> tuple[WorldState, ...]:
    """Return the states from a start on, for a duration; the end itself is not in it."""
    if not states:
        return ()
    start_s, duration_s = window_s
    first_ns = states[0].stamp_ns + seconds_to_ns(start_s)
    end_ns = None if duration_s is None else first_ns + seconds_to_ns(duration_s)
    return tuple(
        state
        for state in states
        if first_ns <= state.stamp_ns and (end_ns is None or state.stamp_ns < end_ns)
    )


def _actors(states: Sequence[WorldState]) -> tuple[EventActor, ...]:
    """Return the ego where its size is known, then all others in the order in which they came."""
    seen: dict[int | None, ObjectClass | None] = {}
    if any(state.ego.body is not None for state in states):
        seen[None] = None
    for state in states:
        for other in sorted(state.actors, key=lambda one: one.actor.id):
            seen.setdefault(other.actor.id, other.actor.object_class)
    return tuple(
        EventActor(track_id=number, actor_id=actor_id, object_class=object_class)
        for number, (actor_id, object_class) in enumerate(seen.items(), 1)
    )
