"""Why something happens: the event of another that comes just before, where there is one only."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ....core.run_contract.timebase import NS_PER_S
from ...truth import Event, EventKind, Evidence, QuestionKind
from ..clip import QuestionClip
from ..draft import Draft, Unclear
from .clauses import CLAUSES, question_of

_BEFORE_S = 4.0
_EFFECTS = (EventKind.COLLISION, EventKind.NEAR_MISS, EventKind.HARD_BRAKE)
_AHEAD_DEG, _AHEAD_M = 30.0, 40.0
_OF_A_DRIVER = (EventKind.WRONG_WAY, EventKind.RED_LIGHT, EventKind.JAYWALKING)


def causes(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask why those collide, nearly collide or brake hard for whom there is one cause only.

    Causes begin up to 4 s before: whoever drives the wrong way, over a red light or walks on the
    road, and takes part or is ahead; who brakes hard ahead; who cuts in.
    """
    for effect in clip.events:
        if effect.kind not in _EFFECTS or not _is_marked(clip, effect):
            continue
        found = [one for one in clip.events if _may_cause(clip, one, effect)]
        if len(found) != 1 or not _is_marked(clip, found[0]):
            unclear.add("why")
            continue
        (cause,) = found
        names = clip.names(effect.track_ids)
        told = CLAUSES[cause.kind].tells(clip.names(cause.track_ids))
        yield Draft(
            QuestionKind.WHY,
            "why",
            {
                "question": question_of(effect.kind, names),
                "clause": CLAUSES[effect.kind].tells(names),
            },
            cause.event_id,
            f"Because {told} just before.",
            Evidence(
                stamps_ns=(cause.start_ns, effect.start_ns),
                track_ids=tuple(dict.fromkeys((*cause.track_ids, *effect.track_ids))),
                event_ids=(cause.event_id, effect.event_id),
                numbers={"before_s": round((effect.start_ns - cause.start_ns) / NS_PER_S, 3)},
            ),
            option=cause.kind.value,
        )


def _is_marked(clip: QuestionClip, event: Event) -> bool:
    return all(clip.is_shown(track, event.start_ns, event.start_ns) for track in event.track_ids)


def _may_cause(clip: QuestionClip, cause: Event, effect: Event) -> bool:
    before_ns = effect.start_ns - cause.start_ns
    if cause is effect or not 0 < before_ns <= _BEFORE_S * NS_PER_S:
        return False
    who = cause.track_ids[0]
    partners = effect.track_ids
    if cause.kind is EventKind.CUT_IN:
        return set(partners) == set(cause.track_ids) or partners == cause.track_ids[1:]
    if cause.kind is EventKind.HARD_BRAKE:
        behind = [track for track in partners if track != who]
        inside = effect.kind is EventKind.HARD_BRAKE or who in partners
        return (
            inside
            and bool(behind)
            and all(_is_ahead(clip, who, track, cause.start_ns) for track in behind)
        )
    if cause.kind not in _OF_A_DRIVER:
        return False
    if effect.kind is EventKind.HARD_BRAKE:
        return who not in partners and _is_ahead(clip, who, partners[0], effect.start_ns)
    return who in partners


def _is_ahead(clip: QuestionClip, who: int, of: int, stamp_ns: int) -> bool:
    """Return whether one is ahead of another, as that one faces, and near."""
    frame = next(one for one in clip.states if one.stamp_ns >= stamp_ns)
    there = {one.track_id: one.map_from_box for one in frame.actors}
    if not {who, of} <= there.keys():
        return False
    (ax, ay, _), (bx, by, _) = there[who].translation_m, there[of].translation_m
    forward = there[of].matrix()[:2, 0]
    angle = math.atan2(ay - by, ax - bx) - math.atan2(forward[1], forward[0])
    off_deg = abs(math.degrees(math.remainder(angle, 2 * math.pi)))
    return off_deg <= _AHEAD_DEG and math.hypot(ax - bx, ay - by) <= _AHEAD_M
