"""Which number each object of a clip is shown under, and when: the contents of marks.json."""

from __future__ import annotations

from pydantic import Field

from ...core.run_contract.record import Record
from ...world.object_classes import ObjectClass
from .names import PathPart


class MarkSpan(Record):
    """A time without a gap during which a mark is drawn."""

    first_ns: int = Field(description="stamp of its first frame")
    last_ns: int = Field(description="stamp of its last frame")


class ObjectMark(Record):
    """The number of an object in a clip, who it is, and when it is drawn."""

    mark: int = Field(ge=1, description="the number that is drawn, by first appearance")
    track_id: int = Field(ge=1)
    actor_id: int | None = Field(description="CARLA's id in the run")
    recorded_id: int | None = Field(description="id in the recording that was played")
    object_class: ObjectClass
    blueprint: str
    colour_rgb: tuple[int, int, int] | None = Field(description="paint, sRGB 0..255")
    first_ns: int = Field(description="stamp of the first frame that shows it")
    last_ns: int = Field(description="stamp of the last frame that shows it")
    spans: tuple[MarkSpan, ...] = Field(description="all times that show it, by rising stamps")

    def shown_at(self, stamp_ns: int) -> bool:
        """Return whether it is drawn into the frame of a stamp."""
        return any(span.first_ns <= stamp_ns <= span.last_ns for span in self.spans)


class MarkLimits(Record):
    """Who gets a mark: runs of frames above the low limits that reach the high ones.

    Areas are parts of the image's, so that a clip has the same marks at any size.
    """

    low_area: float = Field(default=1e-4, ge=0, description="visible pixels, part of the image")
    high_area: float = Field(default=4e-4, ge=0, description="the same, once in a run")
    low_visible: float = Field(default=0.1, ge=0, le=1, description="visible fraction")
    high_visible: float = Field(default=0.35, ge=0, le=1, description="the same, once in a run")
    gap_s: float = Field(
        default=0.25, ge=0, description="runs less apart are one; the gap has no mark where unseen"
    )
    least_s: float = Field(default=0.2, ge=0, description="shorter runs get no mark")


class MarkTable(Record):
    """All marks of a clip: one camera of a scenario."""

    scenario: PathPart
    camera: PathPart
    limits: MarkLimits
    videos: dict[str, str] = Field(
        description="paths in the run of the videos that show these marks, and hashes of what each "
        "is made of"
    )
    missing_labels: int = Field(description="labels for which a frame had no room")
    marks: tuple[ObjectMark, ...] = Field(description="by rising numbers, from 1 without a gap")

    def of_track(self, track_id: int) -> ObjectMark | None:
        """Return the mark of a track, None where it has none."""
        return next((one for one in self.marks if one.track_id == track_id), None)
