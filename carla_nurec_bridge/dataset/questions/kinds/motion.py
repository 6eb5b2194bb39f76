"""How objects move: moving or standing, closer or farther, turning, and out of view."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ....core.run_contract.timebase import NS_PER_S
from ....world.object_classes import VEHICLES
from ...truth import Evidence, ObjectTruth, QuestionKind
from ..clip import AskedMoment, QuestionClip
from ..draft import Draft, Unclear
from ..words import marked, sentence, time

MOVING_MPS, STANDING_MPS = 1.0, 0.1
"""Moving is above the first speed, standing still below the second."""
CLOSER_M = 2.0
TURN_DEG, STRAIGHT_DEG, STRAIGHT_M = 40.0, 6.0, 8.0
"""A turn is of the first angle or more; straight on is within the second over some metres."""
FIRST_S = 0.6


def motion(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask how each clear object moves; speeds and angles within a margin are left out."""
    for moment in clip.moments:
        for one in clip.asked(moment.number).values():
            yield from _moving(clip, moment, one, unclear)
    for moment, later in zip(clip.moments, clip.moments[2:], strict=False):
        before, after = clip.asked(moment.number), clip.asked(later.number)
        for track in before.keys() & after.keys():
            yield from _distance(clip, moment, later, before[track], after[track], unclear)
    yield from _turns(clip, unclear)
    yield from _leaving(clip, unclear)


def _moving(
    clip: QuestionClip, moment: AskedMoment, one: ObjectTruth, unclear: Unclear
) -> Iterator[Draft]:
    if one.velocity_map_mps is None:
        unclear.add("moving")
        return
    speed_mps = math.hypot(*one.velocity_map_mps[:2])
    if STANDING_MPS < speed_mps < MOVING_MPS:
        unclear.add("moving")
        return
    moves = speed_mps >= MOVING_MPS
    for pattern, holds in (("moving", moves), ("standing", not moves)):
        yield Draft(
            QuestionKind.MOVING,
            pattern,
            {"a": marked(clip.marks[one.track_id]), "time": time(moment.seconds)},
            "yes" if holds else "no",
            "Yes." if holds else "No.",
            Evidence(
                stamps_ns=(moment.stamp_ns,),
                track_ids=(one.track_id,),
                numbers={"speed_mps": round(speed_mps, 3)},
            ),
            option="moves" if moves else "stands",
            hardness=1 / (1 + speed_mps),
        )


def _distance(
    clip: QuestionClip,
    moment: AskedMoment,
    later: AskedMoment,
    before: ObjectTruth,
    after: ObjectTruth,
    unclear: Unclear,
) -> Iterator[Draft]:
    change_m = after.distance_m - before.distance_m
    if abs(change_m) < CLOSER_M:
        unclear.add("distance_change")
        return
    closer = change_m < 0
    yield Draft(
        QuestionKind.DISTANCE_CHANGE,
        "distance_change",
        {
            "a": marked(clip.marks[before.track_id]),
            "time": time(moment.seconds),
            "later": time(later.seconds),
        },
        "closer" if closer else "farther",
        "Closer." if closer else "Farther.",
        Evidence(
            stamps_ns=(moment.stamp_ns, later.stamp_ns),
            track_ids=(before.track_id,),
            numbers={"change_m": round(change_m, 3)},
        ),
        hardness=1 / (1 + abs(change_m)),
    )


def _turns(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask where vehicles turn that carry their mark in one span, and go some metres in it."""
    for track, mark in clip.marks.items():
        if mark.object_class not in VEHICLES or len(mark.spans) != 1:
            continue
        boxes = [
            one.box_map
            for frame in clip.frames
            if mark.shown_at(frame.stamp_ns)
            for one in frame.objects
            if one.track_id == track
        ]
        turned = np.degrees(np.unwrap([box.yaw_rad for box in boxes]))
        turned -= turned[0]
        places = np.array([box.centre_m[:2] for box in boxes])
        length_m = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
        end = float(turned[-1])
        if length_m < STRAIGHT_M:
            continue
        if np.abs(turned).max() <= STRAIGHT_DEG:
            way = "straight"
        elif abs(end) >= TURN_DEG and np.abs(turned).max() <= abs(end) + STRAIGHT_DEG:
            way = "left" if end > 0 else "right"
        else:
            unclear.add("turn")
            continue
        yield Draft(
            QuestionKind.TURN,
            "turn",
            {"a": marked(mark)},
            way,
            "It goes straight on." if way == "straight" else f"It turns {way}.",
            Evidence(
                stamps_ns=(mark.first_ns, mark.last_ns),
                track_ids=(track,),
                numbers={"turned_deg": round(end, 2), "length_m": round(length_m, 2)},
            ),
        )


def _leaving(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask which of two objects is out of view first, of those that were clear, and gone wholly."""
    last_clear_ns: dict[int, int] = {}
    last_pixel_ns: dict[int, int] = {}
    for frame in clip.frames:
        last_clear_ns.update(dict.fromkeys(clip.asked(frame.number), frame.stamp_ns))
        last_pixel_ns.update(
            {one.track_id: frame.stamp_ns for one in frame.objects if one.mask is not None}
        )
    for one, other in combinations(sorted(last_clear_ns), 2):
        early, late = sorted((one, other), key=lambda track: last_pixel_ns[track])
        apart_ns = min(last_clear_ns[late], last_pixel_ns[late]) - last_pixel_ns[early]
        if apart_ns < FIRST_S * NS_PER_S:
            unclear.add("leaves_first")
            continue
        mark = clip.marks[early]
        first, second = (one, other) if (one + other) % 2 else (other, one)
        yield Draft(
            QuestionKind.LEAVES_FIRST,
            "leaves_first",
            {"a": marked(clip.marks[first]), "b": marked(clip.marks[second])},
            str(mark.mark),
            sentence(marked(mark)),
            Evidence(
                stamps_ns=(last_pixel_ns[early], last_pixel_ns[late]),
                track_ids=(first, second),
                numbers={"apart_s": round(apart_ns / NS_PER_S, 3)},
            ),
            option="first" if early == first else "second",
        )
