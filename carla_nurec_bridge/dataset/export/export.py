"""Export a data set to a format: whole or not at all, its scenarios split and never divided."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError, RunError
from ...core.files.absolute import absolute
from ..store import Dataset
from .folder import MARK, whole_folder
from .formats import Format
from .labelled_image import LabelledImage, labelled_images_of, run_name, scenarios_of
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
    datasets: Dataset | Sequence[Dataset],
    form: Format,
    out: Path,
    shares: Mapping[str, float],
    seed: int,
    progress: Progress,
) -> Exported:
    """Write a data set, or several as one, in a format; an export that was at ``out`` is replaced.

    InputError for a folder that holds something else, RunError when the disk refuses; what was at
    ``out`` is as before then.
    """
    sources = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    for dataset in sources:
        _refuse(dataset, out)
    if len(shares) > 1 and not form.has_parts:
        raise InputError(
            f"{form.name} keeps all scenarios of a run in one folder; leave --split out"
        )
    scenarios = scenarios_of(sources)
    parts = split_scenarios([one.name for one in scenarios], shares, seed)
    entries = [entry for one in sources for entry in one.manifest.scenarios.values()]
    total = sum(entry.frames * len(entry.cameras) for entry in entries)
    index: list[list[object]] = []
    counts: Counter[str] = Counter()

    def noted() -> Iterator[LabelledImage]:
        for labelled in labelled_images_of(scenarios, parts):
            yield labelled
            truth = labelled.truth
            counts["objects"] += len(truth.objects)
            counts["ignored"] += len(truth.objects) - len(truth.kept(scenery=True))
            index.append([labelled.number, labelled.part, labelled.stem, truth.stamp_ns])
            progress(len(index), total)

    try:
        with whole_folder(out) as folder:
            form.write(noted(), folder, absolute(out))
            mark = {
                "format": form.name,
                "created_by": ", ".join(sorted({one.manifest.created_by for one in sources})),
                "source": [run_name(one.path) for one in sources],
                "split": dict(shares),
                "seed": seed,
                "cannot_hold": form.cannot_hold,
                "images": {"columns": ["number", "part", "name", "stamp_ns"], "rows": index},
            }
            (folder / MARK).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        # Of a copy that fails the second name is the one that is written.
        where = error.filename2 or error.filename or out
        raise RunError(f"cannot write {where}: {error.strerror}") from error
    images = Counter(str(row[1]) for row in index)
    return Exported(images, Counter(parts.values()), counts["objects"], counts["ignored"])


def _refuse(dataset: Dataset, out: Path) -> None:
    """Raise InputError for a data set without scenarios, or a place within or around it."""
    if not dataset.manifest.scenarios:
        raise InputError(f"{dataset.path} has no finished scenario; record one first")
    run, place = absolute(dataset.path), absolute(out)
    if run in (place, *place.parents):
        raise InputError(f"{out} lies in the data set itself; name a folder beside it")
    if place in run.parents:  # an export there would be replaced with all that lies in it
        raise InputError(f"{out} holds the data set {dataset.path}; name a folder beside it")
