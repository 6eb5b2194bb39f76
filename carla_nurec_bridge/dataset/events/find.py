"""The events of a scenario: incidents among its actors, told by track id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ...evaluation.incidents.find import find_incidents
from ...evaluation.incidents.incident import DEFAULTS, Incident, Thresholds
from ...evaluation.incidents.lanes import Lanes
from ...evaluation.incidents.traffic import ObservedTraffic
from ..truth.events import Event, EventKind
from ..truth.geometry import vector


def find_events(
    traffic: ObservedTraffic, track_of: Mapping[int, int], limits: Thresholds = DEFAULTS
) -> tuple[Event, ...]:
    """Return the events of a scenario by rising start.

    Args:
        traffic: that of the scenario's frames; nothing outside them counts.
        track_of: track id by actor id, the ego's under ``EGO_ID``; who has none takes part in no
            event.
        limits: where incidents begin.
    """
    numbers: Counter[EventKind] = Counter()
    events = []
    for incident in find_incidents(traffic, limits):
        if all(actor_id in track_of for actor_id in incident.actor_ids):
            kind = EventKind(incident.kind)
            numbers[kind] += 1
            events.append(_event(incident, kind, numbers[kind], traffic.lanes, track_of))
    return tuple(events)


def _event(
    incident: Incident, kind: EventKind, number: int, lanes: Lanes, track_of: Mapping[int, int]
) -> Event:
    (lane,) = lanes.at(incident.place[None])
    return Event(
        event_id=f"{kind}_{number:03d}",
        kind=kind,
        start_ns=incident.start_ns,
        end_ns=incident.end_ns,
        track_ids=tuple(track_of[actor_id] for actor_id in incident.actor_ids),
        place_map_m=vector(incident.place),
        lane=None if lane is None else lane.name,
        evidence={name: round(value, 4) for name, value in incident.evidence.items()},
    )
