"""Hard negatives: pairs to which nothing happens, though it looks as if it might."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...core.run_contract.timebase import seconds_to_ns
from ...evaluation.incidents.encounters import Encounter, encroachment
from ...evaluation.incidents.incident import DEFAULTS, Thresholds
from ...evaluation.incidents.lanes import Lanes
from ...evaluation.incidents.traffic import ObservedTraffic
from ...world.states import Vector
from ..truth.events import Event, EventKind
from ..truth.geometry import vector

FARTHEST_M = 50.0
"""Pairs that never come nearer than this are no hard negatives."""

LATEST_S = 5.0
"""FHWA's SSAM counts crossings up to this post-encroachment time, and looks as far ahead."""

_AROUND_NS = seconds_to_ns(1.0)
_POOL = 2


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A pair at its hardest: difficulty up to 1, ticks, the worst tick's index, figures."""

    encounter: Encounter
    difficulty: float
    span_ns: tuple[int, int]
    worst: int
    evidence: dict[str, float] = field(repr=False)

    @property
    def pair(self) -> tuple[int, ...]:
        """The actors' ids, rising."""
        return tuple(sorted((self.encounter.one.actor.id, self.encounter.other.actor.id)))


def hard_negatives(
    traffic: ObservedTraffic,
    track_of: Mapping[int, int],
    events: Sequence[Event],
    *,
    seed: int,
    each: int = 1,
    limits: Thresholds = DEFAULTS,
) -> tuple[Event, ...]:
    """Return pairs without an event: close ones, ones on one lane, and ones whose paths cross.

    Of each of the three the seed draws up to ``each`` from twice as many that are the hardest; no
    pair comes twice. The other arguments are those of ``find_events`` and what it returned. Where
    too few road users are about there are fewer, or none.
    """
    taken = {frozenset(event.track_ids) for event in events if len(event.track_ids) == 2}
    encounters = [
        x
        for x in traffic.encounters
        if {x.one.actor.id, x.other.actor.id} <= track_of.keys()
        and frozenset((track_of[x.one.actor.id], track_of[x.other.actor.id])) not in taken
    ]
    chosen: list[Event] = []
    used: set[tuple[int, ...]] = set()
    for number, (kind, hardest) in enumerate(_RULES):
        found = [x for x in (hardest(e, limits) for e in encounters) if x is not None]
        found = [x for x in found if x.pair not in used]
        found.sort(key=lambda x: (-x.difficulty, x.pair, x.span_ns))
        pool = list({x.pair: x for x in reversed(found)}.values())[::-1][: _POOL * each]
        rng = np.random.default_rng((seed, number))
        drawn = rng.choice(len(pool), min(each, len(pool)), replace=False) if pool else ()
        for index in sorted(int(i) for i in drawn):
            used.add(pool[index].pair)
            event_id = f"{EventKind.NORMAL}_{len(chosen) + 1:03d}"
            chosen.append(_event(pool[index], event_id, kind, traffic.lanes, track_of))
    return tuple(chosen)


def _closest(encounter: Encounter, _: Thresholds) -> _Candidate | None:
    return _nearest_of(encounter, encounter.level)


def _same_lane(encounter: Encounter, _: Thresholds) -> _Candidate | None:
    one = (encounter.one.lanes[i] for i in encounter.at_one)
    other = (encounter.other.lanes[i] for i in encounter.at_other)
    same = [
        a is not None and b is not None and a.key == b.key for a, b in zip(one, other, strict=True)
    ]
    return _nearest_of(encounter, np.array(same) & encounter.level)


def _nearest_of(encounter: Encounter, ticks: np.ndarray) -> _Candidate | None:
    """Return a pair at the nearest of some ticks, None where it is far apart or there are none."""
    gaps_m = np.where(ticks, encounter.gaps_m, np.inf)
    worst = int(np.argmin(gaps_m))
    if gaps_m[worst] > FARTHEST_M:
        return None
    stamps_ns = encounter.stamps_ns
    around = stamps_ns[np.abs(stamps_ns - stamps_ns[worst]) <= _AROUND_NS]
    span_ns = int(around[0]), int(around[-1])
    return _Candidate(encounter, 1.0 - float(gaps_m[worst]) / FARTHEST_M, span_ns, worst, {})


def _crossing(encounter: Encounter, limits: Thresholds) -> _Candidate | None:
    found = encroachment(encounter.one, encounter.other, LATEST_S, limits.crossing_rad)
    if found is None:
        return None
    worst = int(np.argmin(np.abs(encounter.stamps_ns - found.entered_ns)))
    difficulty = 1.0 - found.pet_s / LATEST_S
    span_ns = (found.left_ns, found.entered_ns)
    return _Candidate(encounter, difficulty, span_ns, worst, {"pet_s": found.pet_s})


_RULES: tuple[tuple[EventKind, Callable[[Encounter, Thresholds], _Candidate | None]], ...] = (
    (EventKind.NEAR_MISS, _crossing),
    (EventKind.CUT_IN, _same_lane),
    (EventKind.COLLISION, _closest),
)
"""What a negative may be mistaken for, and how hard a pair is."""


def _event(
    candidate: _Candidate,
    event_id: str,
    mistaken_for: EventKind,
    lanes: Lanes,
    track_of: Mapping[int, int],
) -> Event:
    encounter, worst = candidate.encounter, candidate.worst
    ids, speeds = encounter.faster_first(worst)
    place: Vector = encounter.middle(worst)
    (lane,) = lanes.at(place[None])
    ttc_s = float(encounter.times_to_collision_s(LATEST_S).min())
    evidence = {
        **candidate.evidence,
        **({"ttc_s": ttc_s} if np.isfinite(ttc_s) else {}),
        "distance_m": float(encounter.gaps_m[worst]),
        "closing_mps": encounter.closing_mps(worst),
        "speed_mps": speeds[0],
        "other_mps": speeds[1],
    }
    return Event(
        event_id=event_id,
        kind=EventKind.NORMAL,
        start_ns=candidate.span_ns[0],
        end_ns=candidate.span_ns[1],
        track_ids=tuple(track_of[actor_id] for actor_id in ids),
        place_map_m=vector(place),
        lane=None if lane is None else lane.name,
        evidence={name: round(value, 4) for name, value in evidence.items()},
        negative_of=mistaken_for,
        difficulty=round(candidate.difficulty, 4),
    )
