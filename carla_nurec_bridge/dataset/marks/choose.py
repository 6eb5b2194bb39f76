"""Choose which objects of a clip get a mark, from when to when, and in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...core.run_contract.timebase import NS_PER_S
from ..truth import FrameTruth, MarkLimits, MarkSpan, ObjectMark, ObjectTruth, Rejection

_NEVER = (Rejection.BEHIND, Rejection.OUTSIDE, Rejection.FAR)


@dataclass(frozen=True)
class _Seen:
    """A frame in which an object is above the low limits, and whether it is above the high ones."""

    number: int
    clear: bool


def choose_marks(frames: Sequence[FrameTruth], limits: MarkLimits) -> tuple[ObjectMark, ...]:
    """Return the marks of a clip: 1 to K by first appearance, larger objects first in a frame.

    An object has one number for the whole clip, also when it is hidden for a while. It is drawn in
    runs of frames above the low limits that reach the high ones once, and last long enough. Scenery
    gets none.
    """
    seen: defaultdict[int, list[_Seen]] = defaultdict(list)
    who: dict[int, ObjectTruth] = {}
    size: defaultdict[tuple[int, int], int] = defaultdict(int)
    for index, frame in enumerate(frames):
        area_px = frame.width * frame.height
        for one in frame.objects:
            if _above(one, limits.low_area * area_px, limits.low_visible):
                clear = one.ignored is None and _above(
                    one, limits.high_area * area_px, limits.high_visible
                )
                seen[one.track_id].append(_Seen(index, clear))
                who.setdefault(one.track_id, one)
                size[one.track_id, index] = one.visible_px
    stamps_ns = [frame.stamp_ns for frame in frames]
    spans = {track: _spans(found, stamps_ns, limits) for track, found in seen.items()}
    shown = {track: found for track, found in spans.items() if found}
    order = sorted(shown, key=lambda track: (shown[track][0][0], -size[track, shown[track][0][0]]))
    return tuple(
        _mark(number, who[track], shown[track], stamps_ns) for number, track in enumerate(order, 1)
    )


def drawn_tracks(marks: Sequence[ObjectMark], frame: FrameTruth) -> Mapping[int, ObjectTruth]:
    """Return the objects that carry a mark in a frame, by their marks.

    Within a span an object is left out of frames in which nothing of it is seen.
    """
    objects = {one.track_id: one for one in frame.objects if one.mask is not None}
    return {
        one.mark: objects[one.track_id]
        for one in marks
        if one.track_id in objects and one.shown_at(frame.stamp_ns)
    }


def _above(one: ObjectTruth, area_px: float, visible: float) -> bool:
    return (
        one.mask is not None
        and not one.is_scenery
        and one.ignored not in _NEVER
        and one.visible_px >= area_px
        and one.visible_fraction >= visible
    )


def _spans(
    seen: Sequence[_Seen], stamps_ns: Sequence[int], limits: MarkLimits
) -> list[tuple[int, int]]:
    """Return the first and last frame of each run that is to be drawn."""
    runs: list[list[_Seen]] = []
    for one in seen:
        if runs:
            last = runs[-1][-1].number
            gap_ns = stamps_ns[one.number] - stamps_ns[last]
            if one.number == last + 1 or gap_ns <= limits.gap_s * NS_PER_S:
                runs[-1].append(one)
                continue
        runs.append([one])
    return [
        (run[0].number, run[-1].number)
        for run in runs
        if any(one.clear for one in run)
        and stamps_ns[run[-1].number] - stamps_ns[run[0].number] >= limits.least_s * NS_PER_S
    ]


def _mark(
    number: int, one: ObjectTruth, spans: Sequence[tuple[int, int]], stamps_ns: Sequence[int]
) -> ObjectMark:
    told = tuple(
        MarkSpan(first_ns=stamps_ns[first], last_ns=stamps_ns[last]) for first, last in spans
    )
    return ObjectMark(
        mark=number,
        track_id=one.track_id,
        actor_id=one.actor_id,
        recorded_id=one.recorded_id,
        object_class=one.object_class,
        blueprint=one.blueprint,
        colour_rgb=one.colour_rgb,
        first_ns=told[0].first_ns,
        last_ns=told[-1].last_ns,
        spans=told,
    )
