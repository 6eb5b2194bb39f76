"""Check marks, questions and training files: their tables, every answer, and the videos of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ..store import Dataset, StoredScenario
from ..store.layout import training_folder
from ..truth import MarkTable
from .answers import answer_problems


def annotation_problems(dataset: Dataset, scenario: StoredScenario) -> Iterator[str]:
    """Yield what is wrong with the marks of a scenario and with its questions.

    InputError for a file that cannot be read.
    """
    for camera in scenario.truth.cameras:
        table = scenario.marks(camera)
        if table is not None:
            where = scenario.folder.marks(camera).relative_to(dataset.path).as_posix()
            for told in _mark_problems(dataset, scenario, table):
                yield f"{where}: {told}"
    asked = scenario.questions()
    if asked is not None:
        where = scenario.folder.questions.relative_to(dataset.path).as_posix()
        for problem in answer_problems(scenario, asked.questions):
            yield f"{where}: {problem.question_id}: {problem.text}"


def _mark_problems(dataset: Dataset, scenario: StoredScenario, table: MarkTable) -> Iterator[str]:
    actors = {one.track_id: one for one in scenario.truth.actors}
    tracks = [one.track_id for one in table.marks]
    if [one.mark for one in table.marks] != list(range(1, len(tracks) + 1)):
        yield "the marks do not go from 1 without a gap"
    if len(set(tracks)) < len(tracks):
        yield "a track has two marks"
    for one in table.marks:
        actor = actors.get(one.track_id)
        if actor is None:
            yield f"mark {one.mark}: scenario.json knows no track {one.track_id}"
            continue
        for field in ("actor_id", "recorded_id", "object_class"):
            if getattr(one, field) != getattr(actor, field):
                yield f"mark {one.mark}: {field} is not that of scenario.json"
        spans = [(span.first_ns, span.last_ns) for span in one.spans]
        if not spans or (one.first_ns, one.last_ns) != (spans[0][0], spans[-1][1]):
            yield f"mark {one.mark}: first_ns and last_ns are not those of its spans"
    for name in table.videos:
        if name not in dataset.manifest.files:
            yield f"there is no video {name}"


def training_problems(dataset: Dataset) -> Iterator[str]:
    """Yield which rows of training files are none, or name a video that is not there.

    A scenario that rows of two parts name is told too: a split never divides one.
    """
    part_of: dict[str, str] = {}
    for path in sorted(training_folder(dataset.path).glob("*.jsonl")):
        part = path.name.split("_", 1)[0]
        where = path.relative_to(dataset.path).as_posix()
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                video = _video_of(json.loads(line))
            except (ValueError, KeyError, IndexError, TypeError):
                yield f"{where}, line {number}: no row of a training file"
                continue
            if video not in dataset.manifest.files:
                yield f"{where}, line {number}: there is no video {video}"
            scenario = Path(video).parts[0] if Path(video).parts else ""
            if part_of.setdefault(scenario, part) != part:
                yield f"{where}, line {number}: {scenario} is in {part_of[scenario]} too"


def _video_of(row: dict[str, object]) -> str:
    """Return the video that a row names, whichever of the two forms it has."""
    if "video" in row:
        return str(row["video"])
    messages = row["messages"]
    if not isinstance(messages, list):
        raise TypeError(messages)
    return str(messages[0]["content"][0]["video"])
