"""Who is there: existence of classes in a clip, and counts at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ....world.object_classes import VEHICLES, ObjectClass
from ...truth import Evidence, ObjectTruth, QuestionKind
from ..clip import NAMED, AskedMoment, QuestionClip, confusable, group_of
from ..draft import Draft, Unclear
from ..words import plural, time

_LEAST_FRAMES_S = 0.4
_MOST = 9
_VEHICLES = "vehicles (bicycles included)"


def existence(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask for each class whether it is in the clip.

    Yes needs it clear for 0.4 s; no needs that nothing of it, or like it, has a pixel in any frame.
    """
    least = _LEAST_FRAMES_S * 1e9 / clip.scenario.truth.dt_ns
    frames: dict[ObjectClass, int] = {}
    stamps: dict[ObjectClass, int] = {}
    any_pixel: set[ObjectClass] = set()
    for frame in clip.frames:
        for one, clear in clip.seen(frame.number):
            any_pixel.add(one.object_class)
            if clear:
                frames[one.object_class] = frames.get(one.object_class, 0) + 1
                stamps.setdefault(one.object_class, frame.stamp_ns)
    for object_class in NAMED:
        yes = frames.get(object_class, 0) >= least
        if not yes:
            maybe = {object_class, *confusable([object_class])} & any_pixel
            if maybe or not _nobody_else(clip, range(len(clip.frames)), [object_class]):
                unclear.add("existence")
                continue
        yield Draft(
            QuestionKind.EXISTENCE,
            "existence",
            {"thing": object_class.value},
            "yes" if yes else "no",
            "Yes." if yes else "No.",
            Evidence(
                stamps_ns=(stamps[object_class],) if yes else (),
                numbers={"clear_frames": float(frames.get(object_class, 0))},
            ),
            needs_marks=False,
        )


def counts(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask how many of a class, and how many vehicles, are seen or carry a mark at each moment."""
    groups = [((one,), plural(one)) for one in NAMED] + [(VEHICLES, _VEHICLES)]
    for moment in clip.moments:
        for classes, things in groups:
            found = list(clip.seen(moment.number))
            if any(one.object_class in classes for one, _ in found):
                yield from _count(clip, moment, classes, things, found, unclear)


def _count(
    clip: QuestionClip,
    moment: AskedMoment,
    classes: tuple[ObjectClass, ...],
    things: str,
    found: list[tuple[ObjectTruth, bool]],
    unclear: Unclear,
) -> Iterator[Draft]:
    frame, others = clip.frames[moment.number], confusable(classes)
    for pattern, only_marked in (("count", False), ("count_marked", True)):
        looked = [
            (one, clear) for one, clear in found if not only_marked or clip.is_marked(one, frame)
        ]
        mine = [one for one, _ in looked if one.object_class in classes]
        doubtful = any(
            (one.object_class in classes and not clear) or one.object_class in others
            for one, clear in looked
        )
        alone = only_marked or _nobody_else(clip, [moment.number], classes)
        if doubtful or not alone or not 1 <= len(mine) <= _MOST:
            unclear.add("count")
            continue
        yield Draft(
            QuestionKind.COUNT,
            pattern,
            {"things": things, "time": time(moment.seconds)},
            str(len(mine)),
            f"{len(mine)}.",
            Evidence(
                stamps_ns=(moment.stamp_ns,),
                track_ids=tuple(one.track_id for one in mine),
                numbers={"count": float(len(mine))},
            ),
            needs_marks=only_marked,
            hardness=len(mine) / _MOST,
        )


def _nobody_else(
    clip: QuestionClip, numbers: Iterable[int], classes: Iterable[ObjectClass]
) -> bool:
    """Return whether no pixels in some frames are of vehicles or people that are no objects."""
    groups = {group_of(one) for one in classes}
    for number in numbers:
        strangers = clip.strangers[number]
        if strangers is None or any(strangers[group] for group in groups):
            return False
    return True
