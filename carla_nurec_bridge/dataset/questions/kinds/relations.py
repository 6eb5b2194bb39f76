"""Where objects are: left or right in the image, nearer or farther, ahead as one of them faces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import permutations

from ....world.object_classes import VEHICLES
from ...truth import Evidence, ObjectTruth, QuestionKind
from ..clip import AskedMoment, QuestionClip
from ..draft import Draft, Unclear
from ..words import marked, sentence, time

SIDE_DEG = 4.0
"""Objects are side by side in the image below this difference of bearings."""
NEARER_SHARE, NEARER_M = 0.08, 1.0
"""The farther one's nearest end is beyond the nearer one's middle by this part of its distance, and
by these metres; else they are as far."""
AHEAD_DEG, NOT_AHEAD_DEG = 12.0, 50.0
"""Ahead is within the first angle from where one faces; beyond the second it is not."""
FARTHEST_AHEAD_M = 60.0


def relations(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask of each pair of clear objects at each moment; what is within a margin is left out."""
    for moment in clip.moments:
        objects = clip.asked(moment.number)
        for one, other in permutations(objects.values(), 2):
            yield from _sides(clip, moment, one, other, unclear)
            yield from _ahead(clip, moment, one, other, unclear)
            if one.track_id < other.track_id:
                yield from _nearer(clip, moment, one, other, unclear)


def _slots(
    clip: QuestionClip, moment: AskedMoment, one: ObjectTruth, other: ObjectTruth
) -> dict[str, str]:
    a, b = (marked(clip.marks[it.track_id]) for it in (one, other))
    return {"a": a, "b": b, "time": time(moment.seconds)}


def _evidence(
    moment: AskedMoment, one: ObjectTruth, other: ObjectTruth, **numbers: float
) -> Evidence:
    rounded = {name: round(value, 3) for name, value in numbers.items()}
    return Evidence(
        stamps_ns=(moment.stamp_ns,), track_ids=(one.track_id, other.track_id), numbers=rounded
    )


def _bearing_deg(one: ObjectTruth) -> float:
    x, _, z = one.box_camera.centre_m
    return math.degrees(math.atan2(x, z))


def _sides(
    clip: QuestionClip, moment: AskedMoment, one: ObjectTruth, other: ObjectTruth, unclear: Unclear
) -> Iterator[Draft]:
    assert one.box_visible_px is not None
    assert other.box_visible_px is not None
    apart_deg = _bearing_deg(one) - _bearing_deg(other)
    (left_a, _, width_a, _), (left_b, _, width_b, _) = one.box_visible_px, other.box_visible_px
    is_left = left_a + width_a <= left_b
    is_right = left_b + width_b <= left_a
    agrees = (is_left and apart_deg <= -SIDE_DEG) or (is_right and apart_deg >= SIDE_DEG)
    if not agrees:
        unclear.add("left_right")
        return
    for side, holds in (("left", is_left), ("right", is_right)):
        yield Draft(
            QuestionKind.LEFT_RIGHT,
            side,
            _slots(clip, moment, one, other),
            "yes" if holds else "no",
            "Yes." if holds else "No.",
            _evidence(moment, one, other, apart_deg=apart_deg),
            hardness=1 / (1 + abs(apart_deg)),
        )


def _nearer(
    clip: QuestionClip, moment: AskedMoment, one: ObjectTruth, other: ObjectTruth, unclear: Unclear
) -> Iterator[Draft]:
    near, far = (one, other) if one.distance_m < other.distance_m else (other, one)
    begins_m = far.distance_m - max(far.box_map.size_m) / 2
    if begins_m - near.distance_m < max(NEARER_M, NEARER_SHARE * near.distance_m):
        unclear.add("nearer")
        return
    first, second = (one, other) if moment.number % 2 else (other, one)
    for pattern, answer in (("nearer", near), ("farther", far)):
        mark = clip.marks[answer.track_id]
        yield Draft(
            QuestionKind.NEARER,
            pattern,
            _slots(clip, moment, first, second),
            str(mark.mark),
            sentence(marked(mark)),
            _evidence(moment, first, second, first_m=first.distance_m, second_m=second.distance_m),
            option="first" if answer is first else "second",
            hardness=near.distance_m / far.distance_m,
        )


def _ahead(
    clip: QuestionClip, moment: AskedMoment, one: ObjectTruth, other: ObjectTruth, unclear: Unclear
) -> Iterator[Draft]:
    if other.object_class not in VEHICLES:
        return
    (ax, ay, _), (bx, by, _) = one.box_map.centre_m, other.box_map.centre_m
    angle = math.atan2(ay - by, ax - bx) - other.box_map.yaw_rad
    off_deg = abs(math.degrees(math.remainder(angle, 2 * math.pi)))
    distance_m = math.hypot(ax - bx, ay - by)
    if AHEAD_DEG < off_deg < NOT_AHEAD_DEG or distance_m > FARTHEST_AHEAD_M:
        unclear.add("ahead")
        return
    holds = off_deg <= AHEAD_DEG
    yield Draft(
        QuestionKind.AHEAD,
        "ahead",
        _slots(clip, moment, one, other),
        "yes" if holds else "no",
        "Yes." if holds else "No.",
        _evidence(moment, one, other, off_deg=off_deg, distance_m=distance_m),
        hardness=1 - distance_m / FARTHEST_AHEAD_M,
    )
