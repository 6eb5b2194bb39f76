"""MOTChallenge: ``PART/SCENARIO-CAMERA/{img1,gt/gt.txt,seqinfo.ini}``, a sequence a camera."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import InputError
from ...world.object_classes import ObjectClass
from ..truth import ObjectTruth
from .images import copy_image
from .labelled_image import LabelledImage

CLASSES = {
    ObjectClass.PEDESTRIAN: 1,
    ObjectClass.CAR: 3,
    ObjectClass.VAN: 3,
    ObjectClass.TRUCK: 3,
    ObjectClass.BUS: 3,
    ObjectClass.BICYCLE: 4,
    ObjectClass.MOTORCYCLE: 5,
    ObjectClass.PROP: 9,
    ObjectClass.TRAFFIC_LIGHT: 9,
    ObjectClass.TRAFFIC_SIGN: 9,
    ObjectClass.OTHER: 8,
}
"""MOT16's numbers: 3 is car, 8 distractor, 9 occluder."""


@dataclass
class _Sequence:
    """What is gathered of a camera of a scenario."""

    first: LabelledImage
    folder: Path
    suffix: str = ""
    frames: int = 0
    rows: list[str] = field(default_factory=list)

    def add(self, labelled: LabelledImage) -> None:
        self.frames += 1
        image = copy_image(labelled.path("rgb"), self.folder / "img1" / f"{self.frames:06d}")
        self.suffix = image.suffix
        self.rows += [_row(self.frames, one) for one in labelled.truth.objects if one.mask]

    def close(self) -> None:
        """Write the rows by track and frame, and what the tools ask about the sequence."""
        (self.folder / "gt").mkdir()
        rows = sorted(self.rows, key=lambda row: [int(n) for n in row.split(",")[1::-1]])
        (self.folder / "gt" / "gt.txt").write_text("".join(rows), encoding="ascii")
        info = {
            "name": self.folder.name,
            "imDir": "img1",
            "frameRate": f"{1e9 / self.first.scenario.truth.dt_ns:g}",
            "seqLength": self.frames,
            "imWidth": self.first.truth.width,
            "imHeight": self.first.truth.height,
            "imExt": self.suffix,
        }
        lines = ["[Sequence]", *(f"{key}={value}" for key, value in info.items()), "", ""]
        (self.folder / "seqinfo.ini").write_text("\n".join(lines), encoding="utf-8")


def write_mot(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write a sequence for each camera of each scenario, and their names in ``seqmaps``.

    InputError when two cameras come to the same name.
    """
    sequences: dict[str, _Sequence] = {}
    for labelled in labelled_images:
        name = f"{labelled.scenario.name}-{labelled.truth.camera}"
        if name not in sequences:
            sequences[name] = _Sequence(labelled, out / labelled.part / name)
        first = sequences[name].first
        if (first.scenario.name, first.truth.camera) != (
            labelled.scenario.name,
            labelled.truth.camera,
        ):
            raise InputError(
                f"{first.stem} and {labelled.stem} come to the same sequence {name}; rename one of "
                "the cameras"
            )
        sequences[name].add(labelled)
    parts: dict[str, list[str]] = {}
    for name, sequence in sequences.items():
        sequence.close()
        parts.setdefault(sequence.first.part, []).append(name)
    (out / "seqmaps").mkdir()
    for part, names in parts.items():
        (out / "seqmaps" / f"{part}.txt").write_text(
            "\n".join(["name", *names, ""]), encoding="utf-8"
        )


def _row(frame: int, one: ObjectTruth) -> str:
    """Return a line of gt.txt: pixels count from 1; the seventh number is 0 for ignored ones."""
    assert one.box_visible_px is not None
    x, y, width, height = one.box_visible_px
    kept = int(one.ignored is None)
    return (
        f"{frame},{one.track_id},{x + 1:g},{y + 1:g},{width:g},{height:g},{kept},"
        f"{CLASSES[one.object_class]},{one.visible_fraction:.4f}\n"
    )
