"""Export a data set to a format: whole or not at all, its scenarios split and never divided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError, RunError
from ..store import Dataset
from .folder import MARK, whole_folder
from .formats import Format
from .picture import Picture, pictures_of
from .split import split_scenarios

Progress = Callable[[int, int], None]
"""Called with how many images are done, and of how many."""


@dataclass(frozen=True)
class Exported:
    """What an export holds: images and scenarios by part of the split, objects, ignored ones."""

    images: Mapping[str, int]
    scenarios: Mapping[str, int]
    objects: int
    ignored: int


def export_dataset(
    dataset: Dataset,
    form: Format,
    out: Path,
    shares: Mapping[str, float],
    seed: int,
    progress: Progress,
) -> Exported:
    """Write a data set in a format; an export that was at ``out`` is replaced.

    InputError for a folder that holds something else, RunError when the disk refuses; what was at
    ``out`` is as before then.
    """
    scenarios = dataset.manifest.scenarios
    if not scenarios:
        raise InputError(f"{dataset.path} has no finished scenario; record one first")
    if out.resolve() == dataset.path.resolve() or dataset.path.resolve() in out.resolve().parents:
        raise InputError(f"{out} lies in the data set itself; name a folder beside it")
    if len(shares) > 1 and not form.has_parts:
        raise InputError(
            f"{form.name} keeps all scenarios of a run in one folder; leave --split out"
        )
    parts = split_scenarios(list(scenarios), shares, seed)
    total = sum(entry.frames * len(entry.cameras) for entry in scenarios.values())
    index: list[list[object]] = []
    counts: Counter[str] = Counter()

    def noted() -> Iterator[Picture]:
        for picture in pictures_of(dataset, parts):
            yield picture
            truth = picture.truth
            counts["objects"] += len(truth.objects)
            counts["ignored"] += len(truth.objects) - len(truth.kept(scenery=True))
            index.append([picture.number, picture.part, picture.stem, truth.stamp_ns])
            progress(len(index), total)

    try:
        with whole_folder(out) as folder:
            form.write(noted(), folder)
            mark = {
                "format": form.name,
                "created_by": dataset.manifest.created_by,
                "source": dataset.path.name,
                "split": dict(shares),
                "seed": seed,
                "cannot_hold": form.cannot_hold,
                "images": {"columns": ["number", "part", "name", "stamp_ns"], "rows": index},
            }
            (folder / MARK).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunError(f"cannot write {error.filename or out}: {error.strerror}") from error
    images = Counter(str(row[1]) for row in index)
    return Exported(images, Counter(parts.values()), counts["objects"], counts["ignored"])
