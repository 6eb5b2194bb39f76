"""A clip as questions see it: what is clearly there in each frame, and what may only be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...core.run_contract.timebase import NS_PER_S
from ...world.object_classes import ObjectClass
from ..store import StoredScenario
from ..store.class_groups import GROUPS
from ..truth import ActorTruth, Event, FrameState, FrameTruth, MarkTable, ObjectMark, ObjectTruth
from .words import CARRIER, marked

CLEAR_FRACTION = 0.5
CLEAR_AREA = 6e-4
CLEAR_TRUNCATION = 0.5
"""An object is clear when half of it is seen, at least this part of the image is its, and no more
than half of its box lies beyond the image's edges."""
STRANGE_PX = 12
"""So many pixels of vehicles or people that are nobody's make it unknown who is there."""
_STEP_NS = NS_PER_S // 2

_LOOK_ALIKES: dict[ObjectClass, tuple[ObjectClass, ...]] = {
    ObjectClass.CAR: (ObjectClass.VAN, ObjectClass.OTHER),
    ObjectClass.VAN: (ObjectClass.CAR, ObjectClass.TRUCK, ObjectClass.BUS, ObjectClass.OTHER),
    ObjectClass.TRUCK: (ObjectClass.VAN, ObjectClass.BUS, ObjectClass.CAR, ObjectClass.OTHER),
    ObjectClass.BUS: (ObjectClass.VAN, ObjectClass.TRUCK, ObjectClass.OTHER),
    ObjectClass.MOTORCYCLE: (ObjectClass.BICYCLE, ObjectClass.OTHER),
    ObjectClass.BICYCLE: (ObjectClass.MOTORCYCLE, ObjectClass.OTHER),
    ObjectClass.PEDESTRIAN: (ObjectClass.MOTORCYCLE, ObjectClass.BICYCLE, ObjectClass.OTHER),
}
NAMED = tuple(_LOOK_ALIKES)
"""The classes that questions name."""


@dataclass(frozen=True)
class AskedMoment:
    """A frame at which questions ask: half seconds from the clip's first frame."""

    number: int
    stamp_ns: int
    seconds: float


class QuestionClip:
    """One camera of a scenario with its marks and events; its frames are read once."""

    def __init__(self, scenario: StoredScenario, camera: str, table: MarkTable) -> None:
        self.scenario = scenario
        self.camera = camera
        self.frames: tuple[FrameTruth, ...] = tuple(scenario.all_labels(camera))
        self.marks: Mapping[int, ObjectMark] = {one.track_id: one for one in table.marks}
        self.carrier_track_id = scenario.calibration(camera).carrier_track_id
        self.events: tuple[Event, ...] = scenario.events()
        self.actors: Mapping[int, ActorTruth] = {one.track_id: one for one in scenario.truth.actors}

    @cached_property
    def states(self) -> Sequence[FrameState]:
        """Who is where in each frame, seen or not."""
        return list(self.scenario.frames())

    @property
    def t0_ns(self) -> int:
        """The stamp of the first frame."""
        return self.frames[0].stamp_ns

    @cached_property
    def moments(self) -> tuple[AskedMoment, ...]:
        """The frames nearest to each half second, none of them half a frame away or more."""
        stamps_ns = np.array([frame.stamp_ns for frame in self.frames])
        found = []
        for k in range(int((stamps_ns[-1] - stamps_ns[0]) // _STEP_NS) + 1):
            wanted_ns = int(stamps_ns[0]) + k * _STEP_NS
            number = int(np.argmin(np.abs(stamps_ns - wanted_ns)))
            if abs(int(stamps_ns[number]) - wanted_ns) * 2 <= self.scenario.truth.dt_ns:
                found.append(AskedMoment(number, int(stamps_ns[number]), k * _STEP_NS / NS_PER_S))
        return tuple(found)

    def seconds(self, stamp_ns: int) -> float:
        """Return the time of a stamp in the clip."""
        return (stamp_ns - self.t0_ns) / NS_PER_S

    def names(self, track_ids: Iterable[int]) -> list[str]:
        """Return what questions call some tracks that have marks or carry the camera."""
        return [
            CARRIER if track == self.carrier_track_id else marked(self.marks[track])
            for track in track_ids
        ]

    def is_marked(self, one: ObjectTruth, frame: FrameTruth) -> bool:
        """Return whether the frame shows the object's mark."""
        mark = self.marks.get(one.track_id)
        return mark is not None and one.mask is not None and mark.shown_at(frame.stamp_ns)

    def is_clear(self, one: ObjectTruth, frame: FrameTruth) -> bool:
        """Return whether nobody would doubt that the object is seen, and what it is."""
        return (
            one.ignored is None
            and one.visible_fraction >= CLEAR_FRACTION
            and one.truncation <= CLEAR_TRUNCATION
            and one.visible_px >= CLEAR_AREA * frame.width * frame.height
        )

    def asked(self, number: int) -> Mapping[int, ObjectTruth]:
        """Return the objects of a frame that are clear and carry a mark, by track."""
        frame = self.frames[number]
        return {
            one.track_id: one
            for one in frame.objects
            if self.is_marked(one, frame) and self.is_clear(one, frame)
        }

    def seen(self, number: int) -> Iterator[tuple[ObjectTruth, bool]]:
        """Yield all objects with pixels in a frame, and whether each is clear."""
        frame = self.frames[number]
        for one in frame.objects:
            if one.mask is not None:
                yield one, self.is_clear(one, frame)

    def is_shown(self, track_id: int, start_ns: int, end_ns: int) -> bool:
        """Return whether one span of its mark covers a time; the camera's carrier needs none."""
        if track_id == self.carrier_track_id:
            return True
        mark = self.marks.get(track_id)
        return mark is not None and any(
            span.first_ns <= start_ns and end_ns <= span.last_ns for span in mark.spans
        )

    @cached_property
    def strangers(self) -> Sequence[Mapping[str, bool] | None]:
        """Whether each frame has vehicles or humans that are no objects; None where unknown.

        Those belong to the level, like parked cars: they are in the semantic images alone.
        """
        return [self._strangers(frame.number) for frame in self.frames]

    def _strangers(self, number: int) -> Mapping[str, bool] | None:
        kinds = ("semantic_segmentation", "instance_segmentation")
        if not all(self.scenario.image_path(self.camera, kind, number).exists() for kind in kinds):
            return None
        tags, ids = (self.scenario.image(self.camera, kind, number) for kind in kinds)
        nobody = ids == 0
        return {
            group: int(np.count_nonzero(np.isin(tags, GROUPS[group]) & nobody)) >= STRANGE_PX
            for group in ("vehicle", "human")
        }


def confusable(classes: Iterable[ObjectClass]) -> frozenset[ObjectClass]:
    """Return the classes that might be taken for one of some classes, without those."""
    given = frozenset(classes)
    return frozenset(other for one in given for other in _LOOK_ALIKES[one]) - given


def group_of(object_class: ObjectClass) -> str:
    """Return the group of semantic tags that a class has."""
    return "human" if object_class is ObjectClass.PEDESTRIAN else "vehicle"
