"""Finding events in a recording: what really happened, whatever was planned.

Contacts are those that CARLA recorded; the rest is what the rules of ``evaluation/incidents`` find
in the actors' recorded paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.run_contract.timebase import NS_PER_S, seconds_to_ns
from ..evaluation.incidents.actor_paths import ActorPath, lanes_along
from ..evaluation.incidents.find import vehicle_incidents
from ..evaluation.incidents.incident import DEFAULTS, Incident, IncidentKind
from ..evaluation.incidents.lanes import Lanes
from ..evaluation.incidents.signs import jaywalking
from ..recorder_log import Log
from ..recorder_log.layouts import PacketKind
from ..recorder_log.queries import collision_rows
from ..recorder_log.statistics import actor_words
from ..recorder_log.trajectories import Track, trajectories
from ..scene.build.road_user_classes import actor_of, box_of
from .events import EventParticipant, Point, ScenarioEvent
from .spec import EventType

SCRIPTED_ROLES = ("hero", "incident")
_FEWEST_FRAMES = 6
_KMH = 3.6

_TYPES: dict[IncidentKind, EventType] = {
    "collision": "collision",
    "wrong_way": "wrong_way",
    "overtaking": "overtaking",
    "hard_brake": "hard_brake",
    "cut_in": "cut_in",
    "jaywalking": "jaywalking",
    "stopped_vehicle": "stopped_car",
}
_DECIMALS = {"length_m": 1, "lane_cosine": 3, "crosses_s": 3}


@dataclass(frozen=True, eq=False)
class _Recorded:
    """The vehicles and walkers of a recording by their ids: as recorded, and their boxes' paths."""

    tracks: Mapping[int, Track]
    paths: Mapping[int, ActorPath] = field(repr=False)

    def words(self, actor_id: int) -> str:
        actor = self.paths[actor_id].actor
        kind = actor.blueprint.split(".", 1)[-1]
        return f"{actor.role_name} ({kind})" if actor.role_name else f"{kind} {actor_id}"

    def participant(self, actor_id: int, start_ns: int, end_ns: int) -> EventParticipant:
        actor, track = self.paths[actor_id].actor, self.tracks[actor_id]
        ends = (_origin_at(track, stamp_ns) for stamp_ns in (start_ns, end_ns))
        return EventParticipant(actor_id, actor.role_name, actor.blueprint, *ends)


def find_events(log: Log, lanes: Lanes) -> list[ScenarioEvent]:
    """Return all events of a recording by rising start."""
    recorded = _recorded(log, lanes)
    paths = tuple(recorded.paths.values())
    contacts = list(_contacts(log, recorded))
    found = [incident for incident, _ in contacts]
    events = [_event(recorded, incident, words) for incident, words in contacts]
    for path in paths:
        if path.is_walker:
            incidents = list(jaywalking(path, lanes, DEFAULTS))
        else:
            incidents = vehicle_incidents(path, paths, found, DEFAULTS)
        events += [_event(recorded, x, _WORDS[x.kind](recorded, x)) for x in incidents]
    return sorted(events, key=lambda event: (event.start_s, event.type))


def _recorded(log: Log, lanes: Lanes) -> _Recorded:
    tracks, paths = {}, {}
    for actor_id, track in trajectories(log).items():
        if track.event.moves and len(track.times_s) >= _FEWEST_FRAMES:
            poses = track.map_from_actor @ box_of(track)[1]
            stamps_ns = np.array([seconds_to_ns(time_s) for time_s in track.times_s.tolist()])
            tracks[actor_id] = track
            paths[actor_id] = ActorPath(
                actor_of(track), stamps_ns, poses, lanes_along(poses[:, :3, 3], lanes)
            )
    return _Recorded(tracks, paths)


def _event(recorded: _Recorded, incident: Incident, sentence: str) -> ScenarioEvent:
    measures = dict(incident.evidence)
    if incident.kind == "cut_in":
        measures = {
            "gap_m": measures["gap_m"],
            "crosses_s": incident.start_ns / NS_PER_S + measures["crosses_after_s"],
            "headway_s": measures["headway_s"],
        }
    if incident.kind == "jaywalking":
        measures = {"seconds": measures["seconds"]}
    participants = tuple(
        recorded.participant(actor_id, incident.start_ns, incident.end_ns)
        for actor_id in incident.actor_ids
    )
    return ScenarioEvent(
        _TYPES[incident.kind],
        round(incident.start_ns / NS_PER_S, 6),
        round(incident.end_ns / NS_PER_S, 6),
        participants,
        sentence,
        {name: round(value, _DECIMALS.get(name, 2)) for name, value in measures.items()},
        scripted=any(actor.role_name in SCRIPTED_ROLES for actor in participants),
    )


def _contacts(log: Log, recorded: _Recorded) -> Iterator[tuple[Incident, str]]:
    """Contacts as CARLA recorded them, each pair once, with their sentences."""
    seen: set[frozenset[int]] = set()
    for row in collision_rows(log, "a", "a"):
        pair = frozenset(row.ids)
        involved = [recorded.paths[i] for i in row.ids if i in recorded.paths]
        if pair in seen or not involved:
            continue
        seen.add(pair)
        start_ns = seconds_to_ns(row.time_s)
        velocities = [_velocity(path, start_ns) for path in involved]
        other = velocities[1] if len(velocities) > 1 else np.zeros(2)
        closing = float(np.linalg.norm(velocities[0] - other))
        names = [recorded.words(path.actor.id) for path in involved]
        rest = [actor_words(log, i) for i in row.ids if i not in recorded.paths]
        first, second = (*names, *rest)
        incident = Incident(
            "collision",
            start_ns,
            min(_last_contact_ns(log, pair), _at_rest_ns(involved, start_ns)),
            tuple(path.actor.id for path in involved),
            involved[0].positions[_nearest(involved[0], start_ns)],
            {"closing_mps": closing},
        )
        yield (
            incident,
            f"{first} and {second} collide at {closing * _KMH:.0f} km/h to each other",
        )


def _brake_words(recorded: _Recorded, x: Incident) -> str:
    return (
        f"{recorded.words(x.actor_ids[0])} brakes from {x.evidence['from_mps'] * _KMH:.0f} to "
        f"{x.evidence['to_mps'] * _KMH:.0f} km/h at up to "
        f"{x.evidence['deceleration_mps2']:.1f} m/s²"
    )


def _against_words(recorded: _Recorded, x: Incident) -> str:
    did = "uses the oncoming lane" if x.kind == "overtaking" else "drives against its lane"
    return (
        f"{recorded.words(x.actor_ids[0])} {did} for {x.evidence['length_m']:.0f} m at "
        f"{x.evidence['mean_mps'] * _KMH:.0f} km/h"
    )


def _stop_words(recorded: _Recorded, x: Incident) -> str:
    who = recorded.words(x.actor_ids[0])
    return f"{who} stands on the road for {x.evidence['seconds']:.1f} s"


def _cut_in_words(recorded: _Recorded, x: Incident) -> str:
    one, other = map(recorded.words, x.actor_ids)
    return (
        f"{one} cuts in {x.evidence['gap_m']:.1f} m before {other}, which drives "
        f"{x.evidence['other_mps'] * _KMH:.0f} km/h"
    )


def _walker_words(recorded: _Recorded, x: Incident) -> str:
    who = recorded.words(x.actor_ids[0])
    return f"{who} is on the road away from any crossing for {x.evidence['seconds']:.1f} s"


_WORDS: dict[IncidentKind, Callable[[_Recorded, Incident], str]] = {
    "hard_brake": _brake_words,
    "wrong_way": _against_words,
    "overtaking": _against_words,
    "stopped_vehicle": _stop_words,
    "cut_in": _cut_in_words,
    "jaywalking": _walker_words,
}


def _nearest(path: ActorPath, stamp_ns: int) -> int:
    return int(np.argmin(np.abs(path.stamps_ns - stamp_ns)))


def _origin_at(track: Track, stamp_ns: int) -> Point:
    index = int(np.argmin(np.abs(track.times_s - stamp_ns / NS_PER_S)))
    x, y, z = (round(float(v), 3) for v in track.map_from_actor[index, :3, 3])
    return x, y, z


def _velocity(path: ActorPath, stamp_ns: int) -> NDArray[np.float64]:
    """Return the velocity (2,) in the map just before a time; contacts change it."""
    return np.asarray(path.velocities[max(_nearest(path, stamp_ns) - 1, 1)])


def _at_rest_ns(paths: Sequence[ActorPath], from_ns: int) -> int:
    """Return when all of them stand after a contact, the end of the recording if they never do."""
    stamps_ns = paths[0].stamps_ns
    for stamp_ns in stamps_ns[stamps_ns > from_ns].tolist():
        if all(path.speeds_mps[_nearest(path, stamp_ns)] < DEFAULTS.standing_mps for path in paths):
            return int(stamp_ns)
    return int(stamps_ns[-1])


def _last_contact_ns(log: Log, pair: frozenset[int]) -> int:
    last_s = 0.0
    for frame in log.frames:
        for _, one, other, *_ in log.records(frame, PacketKind.COLLISION).tolist():
            if frozenset((one, other)) == pair:
                last_s = frame.elapsed_s
    return seconds_to_ns(last_s)
