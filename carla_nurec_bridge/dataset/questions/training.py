"""Write the training files of a data set's questions: split by scenario, balanced in each part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError
from ..export.split import split_scenarios
from ..marks.work import twins_of
from ..store import Dataset, ScenarioFolder, StoredScenario
from ..store.amend import amend
from ..store.layout import training_file, training_folder
from ..truth import MarkTable, Question
from .balance import balanced
from .rows import ROWS, AskedRow, ShownClip, samples_of


@dataclass(frozen=True)
class TrainingWish:
    """How training files are made: shares of parts, seed, style of marks, one or many turns."""

    shares: Mapping[str, float]
    seed: int
    style: str
    multi_turn: bool


@dataclass(frozen=True)
class TrainingPart:
    """What a part of the split holds, and how many rows were cut to balance answers."""

    scenarios: int
    questions: int
    samples: int
    cut: Counter[str]


def write_training(dataset: Dataset, wish: TrainingWish) -> dict[str, TrainingPart]:
    """Write ``RUN/questions/PART_FORM.jsonl`` of all scenarios with questions.

    Augmented videos go where their scenario goes. Paths of videos are those in the run.
    InputError when there are fewer scenarios with questions than parts.
    """
    told = {one.name: one.questions() for one in dataset.scenarios()}
    asked = {name: found for name, found in told.items() if found is not None}
    if training_folder(Path()).name in dataset.manifest.scenarios:
        raise InputError(f"{dataset.path} has a scenario called questions, where they would go")
    if not asked:
        raise InputError(f"{dataset.path} has no questions; annotate a scenario first")
    parts = split_scenarios(list(asked), wish.shares, wish.seed)
    contents: dict[Path, bytes] = {}
    done: dict[str, TrainingPart] = {}
    for part in wish.shares:
        mine = [name for name in asked if parts[name] == part]
        pool = [
            row for name in mine for row in _rows(dataset, name, asked[name].questions, wish.style)
        ]
        kept, cut = balanced(pool, wish.seed)
        by_clip: dict[ShownClip, list[Question]] = {}
        for row in kept:
            by_clip.setdefault(row.clip, []).append(row.question)
        samples = [
            sample
            for clip, questions in by_clip.items()
            for sample in samples_of(clip, questions, multi_turn=wish.multi_turn)
        ]
        for form, row_of in ROWS.items():
            lines = [json.dumps(row_of(one), ensure_ascii=False) + "\n" for one in samples]
            contents[training_file(dataset.path, part, form)] = "".join(lines).encode()
        done[part] = TrainingPart(len(mine), _questions(kept), len(samples), cut)
    amend(dataset, contents, replaces=[training_folder(dataset.path)])
    return done


def _rows(
    dataset: Dataset, name: str, questions: Iterable[Question], style: str
) -> Iterator[AskedRow]:
    """Yield the questions of a scenario, each about all looks of its clip that show the answer."""
    scenario = dataset.scenario(name)
    for camera in scenario.truth.cameras:
        table = scenario.marks(camera)
        mine = [question for question in questions if question.camera == camera]
        if table is None or not mine:
            continue
        for clip in looks_of(dataset, scenario, table, style):
            for question in mine:
                if clip.video_of(question) is not None:
                    yield AskedRow(name, clip, question)


def _questions(rows: Iterable[AskedRow]) -> int:
    return len({(row.scenario, row.question.question_id) for row in rows})


def looks_of(
    dataset: Dataset, scenario: StoredScenario, table: MarkTable, style: str
) -> list[ShownClip]:
    """Return the recorded look of a clip and the accepted augmented ones that have marks."""
    camera, files = table.camera, dataset.manifest.files
    folder = ScenarioFolder(Path(scenario.name))
    tinted = style == "mask"
    looks = []
    marked, plain = folder.marks_video(camera, style), folder.video(camera, "rgb").as_posix()
    if marked.as_posix() in table.videos:
        there = plain if plain in files else None
        name = f"{scenario.name}/{camera}"
        looks.append(ShownClip(name, marked.as_posix(), there, True, tinted))
    for twin in twins_of(dataset, scenario.name, camera):
        marked = folder.variant_marks_video(camera, twin.name, style)
        if twin.is_accepted and marked.as_posix() in table.videos:
            name = f"{scenario.name}/{camera}/{twin.name}"
            looks.append(ShownClip(name, marked.as_posix(), twin.path, False, tinted))
    return looks
