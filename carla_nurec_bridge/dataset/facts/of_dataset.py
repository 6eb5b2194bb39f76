"""Facts of a data set's scenario, and of what one of its cameras saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...core.errors import InputError
from ...evaluation.incidents.actor_paths import ActorPath
from ...opendrive import OpenDriveMap
from ..events import scenario_map
from ..store.reader import StoredScenario
from ..truth import ActorTruth
from ..truth.events import Event
from .colours import colour_word
from .conditions import recorded_conditions
from .motion import SceneMotion, motion_of
from .place import place_of
from .presence import Presence
from .values import ActorFacts, EventFacts, Manoeuvre, SceneFacts, TimeSpan
from .words import (
    NameOf,
    actor_name,
    carrier_name,
    event_text,
    one_of_many,
    with_article,
)

_MOVES_M = 1.0
_LEAST_SEEN_NS = 300_000_000


def known_map(scenario: StoredScenario, given: Sequence[Path] = ()) -> OpenDriveMap | None:
    """Return the map of a scenario, None where none is given and it is none of the shipped ones.

    InputError when each of those that are given is another.
    """
    try:
        return scenario_map(scenario, given)
    except InputError:
        if given:
            raise
        return None


def facts_of_scenario(
    scenario: StoredScenario, opendrive: OpenDriveMap | None = None
) -> SceneFacts:
    """Return all that is known of a scenario's actors, seen or not.

    Lanes are unknown without its map. Parts of the level, parked cars too, are told by cameras.
    """
    frames = list(scenario.frames())
    there = [frozenset(one.track_id for one in frame.actors) for frame in frames]
    presence = Presence([frame.stamp_ns for frame in frames], there)
    return _Facts(scenario, motion_of(scenario, opendrive), presence, None).all()


def facts_of_camera(
    scenario: StoredScenario,
    camera: str,
    opendrive: OpenDriveMap | None = None,
    motion: SceneMotion | None = None,
) -> SceneFacts:
    """Return what is known of a camera's clip: of those that it sees, while it sees them.

    Who is ignored in the labels (far, small, hidden) is not seen. ``motion``, where it is known
    already, is that of the scenario on the map. InputError for no such camera.
    """
    if camera not in scenario.truth.cameras:
        known = ", ".join(scenario.truth.cameras) or "none"
        raise InputError(f"{scenario.name} has no camera {camera}; there are: {known}")
    labels = list(scenario.all_labels(camera))
    seen = [frozenset(one.track_id for one in frame.kept()) for frame in labels]
    presence = Presence([frame.stamp_ns for frame in labels], seen)
    return _Facts(scenario, motion or motion_of(scenario, opendrive), presence, camera).all()


@dataclass(frozen=True)
class _Facts:
    scenario: StoredScenario
    motion: SceneMotion
    presence: Presence
    camera: str | None

    def all(self) -> SceneFacts:
        truth = self.scenario.truth
        paths = self.motion.paths
        classes = {one.track_id: one.object_class for one in truth.actors}
        stamps = self.presence.stamps_ns
        actors = self._actors(paths)
        cameras = truth.cameras if self.camera is None else (self.camera,)
        there = {one.track_id for one in actors}
        driven = [
            lane
            for path in paths
            if path.is_vehicle and path.actor.id in there
            for lane in path.lanes
            if lane is not None
        ]
        return SceneFacts(
            scenario=self.scenario.name,
            camera=self.camera,
            span=TimeSpan(start_ns=stamps[0], end_ns=stamps[-1]),
            dt_ns=truth.dt_ns,
            frames=len(stamps),
            vehicles=self.presence.vehicles(classes),
            counts=self.presence.counts(classes),
            actors=actors,
            manoeuvres=self._manoeuvres(),
            place=place_of(self.scenario, cameras, self.motion.opendrive, driven),
            conditions=recorded_conditions(truth.weather),
            events=tuple(self._event(event) for event in self._events()),
            notes=self._notes(paths),
        )

    @property
    def _carrier(self) -> int | None:
        """Who carries the camera; of the whole scenario nobody is left out."""
        if self.camera is None:
            return None
        return self.scenario.calibration(self.camera).carrier_track_id

    def _spans(self, track: int) -> tuple[TimeSpan, ...]:
        stamps = self.presence.stamps_ns
        if track == self._carrier:
            return (TimeSpan(start_ns=stamps[0], end_ns=stamps[-1]),)
        return self.presence.spans.get(track, ())

    def _actors(self, paths: Sequence[ActorPath]) -> tuple[ActorFacts, ...]:
        found = []
        for one in self.scenario.truth.actors:
            spans = self._spans(one.track_id)
            if not spans:
                continue
            colour = None if one.colour_rgb is None else colour_word(one.colour_rgb)
            mine = [path for path in paths if path.actor.id == one.track_id]
            inside = [
                (path, index)
                for path in mine
                for index, stamp_ns in enumerate(path.stamps_ns.tolist())
                if any(span.start_ns <= stamp_ns <= span.end_ns for span in spans)
            ]
            speeds = [float(path.speeds_mps[index]) for path, index in inside]
            lanes = [lane.name for path, index in inside if (lane := path.lanes[index])]
            found.append(
                ActorFacts(
                    track_id=one.track_id,
                    object_class=one.object_class,
                    colour=colour,
                    name=actor_name(one.object_class, colour),
                    carries_camera=one.track_id == self._carrier,
                    spans=spans,
                    moves=_moved_m(inside) >= _MOVES_M,
                    mean_mps=sum(speeds) / len(speeds) if speeds else 0.0,
                    most_mps=max(speeds, default=0.0),
                    lanes=tuple(dict.fromkeys(lanes)),
                )
            )
        return tuple(found)

    def _manoeuvres(self) -> tuple[Manoeuvre, ...]:
        """Return what is done by those that are there, for as long as they are."""
        found = []
        for one in self.motion.manoeuvres:
            span = self._shown(one.track_id, one.span)
            if span is not None:
                found.append(one.model_copy(update={"span": span}))
        return tuple(sorted(found, key=lambda x: (x.span.start_ns, x.track_id, x.kind.value)))

    def _shown(self, track: int, span: TimeSpan) -> TimeSpan | None:
        """Return the part of a span that is seen, None for less than 0.3 s of a longer one."""
        if self.camera is None or track == self._carrier:
            return span
        part = self.presence.seen_within(track, span)
        least_ns = min(_LEAST_SEEN_NS, span.end_ns - span.start_ns)
        return part if part is not None and part.end_ns - part.start_ns >= least_ns else None

    def _events(self) -> list[Event]:
        """Return the events of those that are there, at the time of it."""
        return [
            event
            for event in self.scenario.events()
            if self.camera is None or self._seen_in(event) - {self._carrier}
        ]

    def _seen_in(self, event: Event) -> set[int]:
        span = TimeSpan(start_ns=event.start_ns, end_ns=event.end_ns)
        there = {t for t in event.track_ids if self.presence.seen_within(t, span) is not None}
        return there | ({self._carrier} & set(event.track_ids) if self._carrier else set())

    def _event(self, event: Event) -> EventFacts:
        seen = self._seen_in(event)
        return EventFacts(
            event_id=event.event_id,
            kind=event.kind,
            negative_of=event.negative_of,
            span=TimeSpan(start_ns=event.start_ns, end_ns=event.end_ns),
            track_ids=event.track_ids,
            seen_track_ids=tuple(track for track in event.track_ids if track in seen),
            text=event_text(event, lambda track: f"the {self._name(track)} (track {track})"),
            plain_text=event_text(event, self._plain_name_in(event)),
        )

    def _plain_name_in(self, event: Event) -> NameOf:
        """Return what names an event's actors without ids.

        The only one of its name is "the", one of several "one of the two"; one like an earlier one
        is "the other" or "another".
        """
        there = Counter(
            self._name(track) for track in self.presence.spans.keys() | {*event.track_ids}
        )
        names: dict[int, str] = {}
        for track in event.track_ids:
            name = self._name(track)
            twin = name in (self._name(earlier) for earlier in names)
            if track == self._carrier or (there[name] == 1 and track in self.presence.spans):
                names[track] = f"the {name}"
            elif there[name] == 1:
                names[track] = with_article(name)
            elif twin:
                names[track] = "the other one" if there[name] == 2 else f"another {name}"
            else:
                names[track] = one_of_many(name, there[name])
        return names.__getitem__

    def _name(self, track: int) -> str:
        actor = self._known.get(track)
        if actor is None:
            return "road user"
        if track == self._carrier:
            return carrier_name(actor.object_class)
        colour = None if actor.colour_rgb is None else colour_word(actor.colour_rgb)
        return actor_name(actor.object_class, colour)

    @cached_property
    def _known(self) -> dict[int, ActorTruth]:
        return {one.track_id: one for one in self.scenario.truth.actors}

    def _notes(self, paths: Sequence[ActorPath]) -> tuple[str, ...]:
        notes = []
        if self.motion.opendrive is None:
            notes.append("the map is not known: lanes, layout and crossings are not either")
        if not paths:
            notes.append("the data set tells no motion: manoeuvres are not known")
        return tuple(notes)


def _moved_m(inside: Sequence[tuple[ActorPath, int]]) -> float:
    """Return how far apart the places of ticks are, along the map's axis where that is most."""
    if not inside:
        return 0.0
    places = np.array([path.positions[index, :2] for path, index in inside])
    return float(np.ptp(places, axis=0).max())
