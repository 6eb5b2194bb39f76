"""Events: whether, when, who, and which comes first; hard negatives are pairs that come close."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ....core.run_contract.timebase import NS_PER_S
from ....evaluation.incidents.incident import DEFAULTS
from ....world.object_classes import VEHICLES, ObjectClass
from ...truth import Event, EventKind, Evidence, ObjectMark, QuestionKind
from ..clip import QuestionClip
from ..draft import Draft, Unclear
from ..words import joined, marked, sentence, time
from .clauses import CLAUSES, PAIRS, question_of

_NOT_STORED = "not_stored"
"""What an event is called that did not happen, and that a question is about all the same."""
_AROUND_NS = NS_PER_S // 4
_ORDER_S = 0.5
_GENTLE = 0.6
"""Who brakes less than this part of the limit of a hard brake does not brake hard."""
_MOVED_M = 5.0
_CLOSE_M, _SAFE = 2.5, 1.5
"""A near miss comes nearer than this; what is none has this many times its time."""
_TIMED = (EventKind.COLLISION, EventKind.HARD_BRAKE, EventKind.JAYWALKING, EventKind.RED_LIGHT)


def happenings(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask about the events that the clip shows, and about pairs and drivers without any."""
    shown = tuple(event for event in clip.events if _is_shown(clip, event))
    unclear.counts.update({"event": len(clip.events) - len(shown)} if clip.events != shown else {})
    real = [event for event in shown if event.kind in CLAUSES and not _is_faint(event)]
    for event in real:
        yield _whether(clip, event.kind, event, holds=True, hardness=1.0)
        yield from _when(clip, event)
    yield from _no_pairs(clip, shown)
    yield from _no_drivers(clip)
    yield from _who(clip, real, unclear)
    for one, other in combinations(real, 2):
        yield from _order(clip, one, other, unclear)


def _is_shown(clip: QuestionClip, event: Event) -> bool:
    """Return whether all who take part carry their marks while it begins; alone, all the time."""
    start_ns, end_ns = event.start_ns, event.end_ns
    if len(event.track_ids) > 1:
        first_ns, last_ns = clip.frames[0].stamp_ns, clip.frames[-1].stamp_ns
        end_ns = min(max(start_ns, min(end_ns, start_ns + _AROUND_NS)), last_ns)
        start_ns = max(start_ns - _AROUND_NS, first_ns)
    return all(clip.is_shown(track, start_ns, end_ns) for track in event.track_ids)


def _is_faint(event: Event) -> bool:
    """Return whether a near miss is one by its figures more than to the eye, or nearly is one."""
    figures = event.evidence
    if event.kind is EventKind.NEAR_MISS:
        return figures.get("pet_s", np.inf) > DEFAULTS.near_miss_pet_s and (
            figures.get("least_distance_m", 0.0) > _CLOSE_M
        )
    return event.negative_of is EventKind.NEAR_MISS and (
        figures.get("pet_s", np.inf) < _SAFE * DEFAULTS.near_miss_pet_s
        or figures.get("ttc_s", np.inf) < _SAFE * DEFAULTS.near_miss_ttc_s
        or figures.get("distance_m", np.inf) < _CLOSE_M
    )


def _whether(
    clip: QuestionClip, kind: EventKind, event: Event, *, holds: bool, hardness: float
) -> Draft:
    return Draft(
        QuestionKind.EVENT,
        "event",
        {"question": question_of(kind, clip.names(event.track_ids))},
        "yes" if holds else "no",
        "Yes." if holds else "No.",
        Evidence(
            stamps_ns=(event.start_ns, event.end_ns),
            track_ids=event.track_ids,
            event_ids=() if event.event_id == _NOT_STORED else (event.event_id,),
            numbers=event.evidence,
        ),
        about=kind.value,
        hardness=hardness,
    )


def _no_pairs(clip: QuestionClip, shown: tuple[Event, ...]) -> Iterator[Draft]:
    """Ask whether pairs collide, nearly collide or cut in that only look like it.

    Near misses are the hardest that do not collide; all else is what the events' negatives are of.
    """
    did: dict[EventKind, set[frozenset[int]]] = {kind: set() for kind in EventKind}
    for event in clip.events:
        did[event.kind].add(frozenset(event.track_ids))
    asked: set[tuple[EventKind, frozenset[int]]] = set()
    for event in shown:
        for kind in PAIRS:
            like = event.negative_of is kind or (
                kind is EventKind.COLLISION and event.kind is EventKind.NEAR_MISS
            )
            pair = frozenset(event.track_ids)
            touched = kind is EventKind.NEAR_MISS and pair in did[EventKind.COLLISION]
            faint = kind is EventKind.NEAR_MISS and _is_faint(event)
            if not like or faint or touched or pair in did[kind] or (kind, pair) in asked:
                continue
            asked.add((kind, pair))
            hardness = 1.0 if event.difficulty is None else event.difficulty
            yield _whether(clip, kind, event, holds=False, hardness=hardness)


def _no_drivers(clip: QuestionClip) -> Iterator[Draft]:
    """Ask whether drivers and walkers do what none of their events says, who have room to do it."""
    did = {(event.kind, track) for event in clip.events for track in event.track_ids}
    for track, mark in clip.marks.items():
        speeds_mps, moved_m, slowing_mps2 = _movement(clip, track)
        if moved_m < _MOVED_M:
            continue
        kinds: list[EventKind] = []
        if mark.object_class is ObjectClass.PEDESTRIAN:
            kinds = [EventKind.JAYWALKING]
        elif mark.object_class in VEHICLES:
            kinds = [EventKind.RED_LIGHT, EventKind.OVERTAKING]
            if (EventKind.OVERTAKING, track) not in did:
                kinds.append(EventKind.WRONG_WAY)
            if slowing_mps2 < _GENTLE * DEFAULTS.hard_brake_mps2:
                kinds.append(EventKind.HARD_BRAKE)
        for kind in kinds:
            if (kind, track) in did or not any(event.kind is kind for event in clip.events):
                continue
            event = Event(
                event_id=_NOT_STORED,
                kind=EventKind.NORMAL,
                start_ns=mark.first_ns,
                end_ns=mark.last_ns,
                track_ids=(track,),
                place_map_m=(0.0, 0.0, 0.0),
                evidence={
                    "most_mps": round(float(speeds_mps.max()), 3),
                    "slowing_mps2": round(slowing_mps2, 3),
                },
            )
            hardness = min(slowing_mps2 / DEFAULTS.hard_brake_mps2, 1.0)
            yield _whether(clip, kind, event, holds=False, hardness=hardness)


def _movement(clip: QuestionClip, track: int) -> tuple[np.ndarray, float, float]:
    """Return speeds, the way and the hardest braking over half a second of what labels tell."""
    told = [
        (frame.stamp_ns, one.velocity_map_mps)
        for frame in clip.frames
        for one in frame.objects
        if one.track_id == track and one.velocity_map_mps is not None
    ]
    if len(told) < 2:
        return np.zeros(1), 0.0, 0.0
    times_s = np.array([stamp_ns for stamp_ns, _ in told]) / NS_PER_S
    speeds_mps = np.linalg.norm(np.array([velocity for _, velocity in told])[:, :2], axis=1)
    moved_m = float(np.sum(speeds_mps[1:] * np.diff(times_s)))
    before = np.interp(times_s - 0.5, times_s, speeds_mps)
    return speeds_mps, moved_m, float(np.max((before - speeds_mps) / 0.5))


def _when(clip: QuestionClip, event: Event) -> Iterator[Draft]:
    if event.kind not in _TIMED or event.start_ns <= clip.t0_ns:
        return
    seconds = clip.seconds(event.start_ns)
    yield Draft(
        QuestionKind.WHEN,
        "when",
        {"question": question_of(event.kind, clip.names(event.track_ids), begins=True)},
        f"{seconds:.1f}",
        f"At about {time(seconds)}.",
        Evidence(
            stamps_ns=(event.start_ns,),
            track_ids=event.track_ids,
            event_ids=(event.event_id,),
            numbers={"start_s": round(seconds, 4)},
        ),
    )


def _who(clip: QuestionClip, real: list[Event], unclear: Unclear) -> Iterator[Draft]:
    """Ask who does it, where the clip's marks have done it once, and nobody else may have."""
    for event in real:
        same = [
            one
            for one in clip.events
            if one.kind is event.kind and any(track in clip.marks for track in one.track_ids)
        ]
        if len(same) > 1:
            unclear.add("who")
            continue
        names, does = clip.names(event.track_ids), CLAUSES[event.kind].who
        unmarked = event.track_ids.count(clip.carrier_track_id or 0)
        if unmarked and (
            event.kind not in PAIRS
            or (event.kind is EventKind.CUT_IN and event.track_ids[0] == clip.carrier_track_id)
        ):
            continue
        if unmarked:
            pattern, thing, does = "who_one", "road user", CLAUSES[event.kind].to_carrier
        elif event.kind in (EventKind.COLLISION, EventKind.NEAR_MISS):
            pattern, thing = "who_two", ""
        elif len(names) == 1:
            mark = clip.marks[event.track_ids[0]]
            person = mark.object_class is ObjectClass.PEDESTRIAN
            pattern, thing = "who_one", "pedestrian" if person else "vehicle"
        else:
            continue
        named = sorted((one for one in map(clip.marks.get, event.track_ids) if one), key=_number)
        yield Draft(
            QuestionKind.WHO,
            pattern,
            {"thing": thing, "does": does},
            ",".join(str(mark.mark) for mark in named),
            sentence(joined(map(marked, named))),
            Evidence(
                stamps_ns=(event.start_ns, event.end_ns),
                track_ids=event.track_ids,
                event_ids=(event.event_id,),
            ),
            option=event.kind.value,
        )


def _number(mark: ObjectMark) -> int:
    return mark.mark


def _order(clip: QuestionClip, one: Event, other: Event, unclear: Unclear) -> Iterator[Draft]:
    if abs(one.start_ns - other.start_ns) < _ORDER_S * NS_PER_S or clip.t0_ns in (
        one.start_ns,
        other.start_ns,
    ):
        unclear.add("event_order")
        return
    first, second = (one, other) if (one.start_ns // 1_000_000) % 2 else (other, one)
    early = min(one, other, key=lambda event: event.start_ns)
    clauses = [CLAUSES[event.kind].tells(clip.names(event.track_ids)) for event in (first, second)]
    if clauses[0] == clauses[1]:
        return
    yield Draft(
        QuestionKind.EVENT_ORDER,
        "event_order",
        {"first": clauses[0], "second": clauses[1]},
        "first" if early is first else "second",
        sentence(clauses[0] if early is first else clauses[1]),
        Evidence(
            stamps_ns=(first.start_ns, second.start_ns),
            track_ids=(*first.track_ids, *second.track_ids),
            event_ids=(first.event_id, second.event_id),
        ),
    )
