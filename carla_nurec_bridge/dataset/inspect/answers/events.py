"""Derive the answers of questions about events: from the list of events, and from the states.

An event of the list counts where poses, boxes, lights and the map tell it too. Without the map,
what is against a rule of the road is known by the list alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ...truth import Event, EventKind, QuestionKind
from .derive import Answer, off_heading_deg
from .reading import CAMERA, Happening, Reading
from .rules import NARROW, RULES, WIDE
from .stored import StoredClip

_TOUCH_M = 0.05
_NEAR_M = 4.0
_BRAKES_MPS2, _BRAKES_NOT_MPS2, _OVER_S = 3.5, 4.5, 0.5
_BEFORE_S = 4.0
_AROUND_NS = 500_000_000
_TWO_SIDED = (EventKind.COLLISION, EventKind.NEAR_MISS)


def _tracks(clip: StoredClip, happening: Happening) -> tuple[int, ...] | None:
    tracks = tuple(clip.track(mark) for mark in happening.marks)
    known = tuple(track for track in tracks if track is not None)
    return known if len(known) == len(tracks) else None


def events_of(clip: StoredClip, happening: Happening) -> list[Event]:
    """Return the stored events that a text names, by rising start."""
    tracks = _tracks(clip, happening)
    if tracks is None:
        return []
    two_sided = happening.kind in _TWO_SIDED
    found = [
        event
        for event in clip.events
        if event.kind is happening.kind
        and (event.track_ids == tracks or (two_sided and set(event.track_ids) == set(tracks)))
    ]
    return sorted(found, key=lambda event: event.start_ns)


def _whether(clip: StoredClip, asked: Reading) -> Answer:
    (happening,) = asked.happenings
    tracks, told = _tracks(clip, happening), bool(events_of(clip, happening))
    if tracks is None:
        return None
    by_states: bool | None = told
    if happening.kind in _TWO_SIDED:
        gaps_m = clip.gaps_m(*tracks)
        touched = bool(np.nanmin(gaps_m) <= _TOUCH_M) if np.isfinite(gaps_m).any() else None
        by_states = touched
        if happening.kind is EventKind.NEAR_MISS:
            near = touched is False and bool(np.nanmin(gaps_m) <= _NEAR_M)
            by_states = (near or _is_soon(clip, tracks)) if told else False
    elif happening.kind is EventKind.HARD_BRAKE:
        slowing = _slowing_mps2(clip, tracks[0])
        by_states = slowing >= _BRAKES_MPS2 if told else not slowing <= _BRAKES_NOT_MPS2
    elif happening.kind in RULES and clip.roads is not None:
        by_states = all(_is_seen(clip, event) for event in events_of(clip, happening))
        if not told:
            by_states = bool(RULES[happening.kind](clip, clip.roads, tracks, NARROW))
    return ("yes" if told else "no") if by_states is told else None


def _is_seen(clip: StoredClip, event: Event) -> bool:
    """Return whether the states tell an event against a rule of the road, or a cut-in, too."""
    if event.kind not in RULES or clip.roads is None:
        return True
    spans = RULES[event.kind](clip, clip.roads, event.track_ids, WIDE)
    return any(
        clip.stamps_ns[first] <= event.end_ns + _AROUND_NS
        and event.start_ns - _AROUND_NS <= clip.stamps_ns[last]
        for first, last in spans
    )


def _is_soon(clip: StoredClip, tracks: tuple[int, ...]) -> bool:
    """Return whether the stored figures of a near miss are times, which boxes do not show."""
    wanted = set(tracks)
    return any(
        set(event.track_ids) == wanted and event.evidence.keys() & {"ttc_s", "pet_s"}
        for event in clip.events
        if event.kind is EventKind.NEAR_MISS
    )


def _slowing_mps2(clip: StoredClip, track: int) -> float:
    """Return the most by which a track slows down over half a second, by its places."""
    places = clip.places[track]
    there = np.isfinite(places[:, 0])
    times_s = (clip.stamps_ns[there] - clip.stamps_ns[0]) / 1e9
    if len(times_s) < 3:
        return 0.0
    steps_m = np.linalg.norm(np.diff(places[there, :2], axis=0), axis=1)
    speeds, middle_s = steps_m / np.diff(times_s), (times_s[1:] + times_s[:-1]) / 2
    later = np.interp(middle_s + _OVER_S, middle_s, speeds)
    whole = middle_s + _OVER_S <= middle_s[-1]
    return float(np.max((speeds - later)[whole] / _OVER_S, initial=0.0))


def _when(clip: StoredClip, asked: Reading) -> Answer:
    found = events_of(clip, asked.happenings[0])
    if len(found) != 1 or not _is_seen(clip, found[0]):
        return None
    start_ns = found[0].start_ns
    if found[0].kind is EventKind.COLLISION:
        one, other = found[0].track_ids
        gaps_m = clip.gaps_m(one, other)
        touching = np.flatnonzero((gaps_m <= _TOUCH_M) & (clip.stamps_ns >= start_ns - 100_000_000))
        if not len(touching):
            return None
        start_ns = int(clip.stamps_ns[touching[0]])
    return f"{(start_ns - int(clip.stamps_ns[0])) / 1e9:.1f}"


def _who(clip: StoredClip, asked: Reading) -> Answer:
    (happening,) = asked.happenings
    carrier = clip.track(CAMERA)
    tracks = {one.track_id: mark for mark, one in clip.mark.items()}
    found = [
        event
        for event in clip.events
        if event.kind is happening.kind and any(track in tracks for track in event.track_ids)
    ]
    if len(found) != 1 or not _is_seen(clip, found[0]):
        return None
    others = [track for track in found[0].track_ids if track != carrier]
    with_camera = len(others) < len(found[0].track_ids)
    if with_camera != bool(happening.marks) or not all(track in tracks for track in others):
        return None
    if (asked.sense == "two") != (len(others) == 2):
        return None
    return ",".join(map(str, sorted(tracks[track] for track in others)))


def _order(clip: StoredClip, asked: Reading) -> Answer:
    starts = [events_of(clip, happening) for happening in asked.happenings]
    if not all(len(found) == 1 and _is_seen(clip, found[0]) for found in starts):
        return None
    first_ns, second_ns = (found[0].start_ns for found in starts)
    return None if first_ns == second_ns else "first" if first_ns < second_ns else "second"


def is_cause(clip: StoredClip, cause: Happening, effect: Happening) -> str | None:
    """Return the id of the event that a text gives as the cause of another; None if it is none.

    It begins up to 4 s before; who brakes or walks ahead is where the other heads, and who cuts in
    or breaks a rule is in what follows or ahead of it.
    """
    carrier = clip.track(CAMERA)
    for earlier in events_of(clip, cause):
        for later in events_of(clip, effect):
            before_s = (later.start_ns - earlier.start_ns) / 1e9
            if not 0 < before_s <= _BEFORE_S:
                continue
            who, partners = earlier.track_ids[0], later.track_ids
            behind = [track for track in partners if track != who]
            number = int(np.searchsorted(clip.stamps_ns, earlier.start_ns))
            ahead = all(off_heading_deg(clip, who, track, number) <= 45.0 for track in behind)
            takes_part = who in partners
            if cause.kind is EventKind.HARD_BRAKE and not (behind and ahead):
                continue
            if not takes_part and effect.kind is not EventKind.HARD_BRAKE:
                continue
            if carrier is None and CAMERA in (*cause.marks, *effect.marks):
                continue
            return earlier.event_id
    return None


EVENT_ANSWERS: Mapping[QuestionKind, Callable[[StoredClip, Reading], Answer]] = {
    QuestionKind.EVENT: _whether,
    QuestionKind.WHEN: _when,
    QuestionKind.WHO: _who,
    QuestionKind.EVENT_ORDER: _order,
}
