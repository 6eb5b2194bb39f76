"""The videos and the four JSON files of stage 3 of NVIDIA's smart-city pipeline, by its names.

Facts about them: metropolis-sdg-smart-cities 0.1.0, postprocess_for_vlm.py and its notebook. What
it does otherwise: all collisions count, a video that is named is there, identifiers are the marks
that the video shows, paths are relative, and a run with no yes or no no is written like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import RunError
from ...core.files.whole import write_whole
from ...world.object_classes import VEHICLES
from ..export.smart_city.paths import COLLISIONS, SmartCityRun, negative, scenario_name
from ..marks.clip import marked_clip
from ..marks.draw import Style
from ..marks.videos import write_marked_clip, write_marked_twin
from ..marks.work import Twin, twins_of
from ..store import Dataset, StoredScenario
from ..truth import Event, EventKind, MarkLimits, ObjectMark
from .draft import generator

_QUESTION = (
    "Is there a car collision between vehicles with numeric IDs {a} and {b}? "
    "Your final answer should be either Yes or No."
)
_ALL_CARS = "output_allcars"

Row = dict[str, Any]
Progress = Callable[[str], None]
"""Called with the name of each video that is to be written."""


@dataclass(frozen=True)
class SmartCityWish:
    """How the videos are drawn, and how many rows of the balanced file say yes."""

    style: Style
    limits: MarkLimits
    yes_ratio: float
    seed: int


@dataclass(frozen=True)
class SmartCityCounts:
    """Rows by file, videos, and pairs left out: somebody has no mark then, or is no vehicle."""

    rows: Mapping[str, int]
    videos: int
    left_out: int


@dataclass(frozen=True)
class _Asked:
    """What a video is for: its stem, whose marks it shows (None: all), which pairs are asked."""

    stem: str
    tracks: frozenset[int] | None
    pairs: tuple[tuple[int, int], ...]
    answer: str


@dataclass(frozen=True)
class _Video:
    """A video of a clip, or of one of its twins."""

    path: Path
    twin: Twin | None
    asked: _Asked


def write_smart_city(
    dataset: Dataset, place: SmartCityRun, wish: SmartCityWish, progress: Progress
) -> SmartCityCounts:
    """Write videos with marks and the four files; paths in these are relative to the outputs.

    RunError when the disk refuses.
    """
    rows: dict[str, list[Row]] = {"carla": [], "cosmos": []}
    videos = left_out = 0
    try:
        for scenario in dataset.scenarios():
            for camera in scenario.truth.cameras:
                marks = {m.track_id: m for m in marked_clip(scenario, camera, wish.limits).marks}
                asked, without = _asked(scenario, marks)
                left_out += without
                for video in _videos(dataset, scenario, camera, place, asked):
                    progress(video.path.relative_to(place.outputs).as_posix())
                    _draw(dataset, scenario, camera, video, wish)
                    videos += 1
                    kind = "carla" if video.twin is None else "cosmos"
                    rows[kind] += _rows(place, video, marks)
        files = {**rows, "carla_cosmos": rows["carla"] + rows["cosmos"]}
        files["balanced"] = balanced_rows(files["carla_cosmos"], wish.yes_ratio, wish.seed)
        for kind, content in files.items():
            text = json.dumps(content, indent=2) + "\n"
            place.annotation(kind).parent.mkdir(parents=True, exist_ok=True)
            write_whole(place.annotation(kind), text.encode())
    except OSError as error:
        where = error.filename or place.outputs
        raise RunError(f"cannot write {where}: {error.strerror}") from error
    return SmartCityCounts({kind: len(them) for kind, them in files.items()}, videos, left_out)


def balanced_rows(rows: Sequence[Row], yes_ratio: float, seed: int) -> list[Row]:
    """Return as many rows as there are of the wished share of yes, in an order drawn by the seed.

    All of the answer that is too rare stay. With one answer only, all rows of it stay.
    """
    yes = [row for row in rows if row["conversations"][1]["value"] == "Yes"]
    no = [row for row in rows if row["conversations"][1]["value"] == "No"]
    random = generator(seed, "smart-city")
    if yes and no and 0.0 < yes_ratio < 1.0:
        no_for_yes = (1.0 - yes_ratio) / yes_ratio
        most_no = min(len(no), round(len(yes) * no_for_yes))
        most_yes = min(len(yes), round(len(no) / no_for_yes))
        yes = _drawn(yes, max(most_yes, 1), random)
        no = _drawn(no, max(most_no, 1), random)
    kept = [*yes, *no]
    return [kept[index] for index in random.permutation(len(kept))]


def _drawn(rows: Sequence[Row], count: int, random: np.random.Generator) -> list[Row]:
    return [rows[index] for index in sorted(random.permutation(len(rows))[:count])]


def _asked(scenario: StoredScenario, marks: Mapping[int, ObjectMark]) -> tuple[list[_Asked], int]:
    """Return the videos of a clip, and how many pairs cannot be asked about."""
    events = scenario.events()
    collided = [one for one in events if one.kind is EventKind.COLLISION]
    did = {frozenset(one.track_ids) for one in collided}
    normal = [one for one in events if one.kind is EventKind.NORMAL]
    found: list[_Asked] = []
    askable = [one for one in collided if _can_be_asked(one, marks)]
    left_out = len(collided) - len(askable)
    if askable:
        pairs = tuple(dict.fromkeys(_pair(one) for one in askable))
        tracks = frozenset(track for pair in pairs for track in pair)
        found.append(_Asked(COLLISIONS, tracks, pairs, "Yes"))
    for number, event in enumerate(normal, 1):
        if _can_be_asked(event, marks) and frozenset(event.track_ids) not in did:
            pair = _pair(event)
            found.append(_Asked(negative(number), frozenset(pair), (pair,), "No"))
        else:
            left_out += 1
    return found, left_out


def _pair(event: Event) -> tuple[int, int]:
    one, other = event.track_ids
    return one, other


def _can_be_asked(event: Event, marks: Mapping[int, ObjectMark]) -> bool:
    """Return whether two vehicles take part whose marks are drawn when it begins."""
    return len(event.track_ids) == 2 and all(
        track in marks
        and marks[track].object_class in VEHICLES
        and marks[track].shown_at(event.start_ns)
        for track in event.track_ids
    )


def _videos(
    dataset: Dataset,
    scenario: StoredScenario,
    camera: str,
    place: SmartCityRun,
    asked: Sequence[_Asked],
) -> Iterator[_Video]:
    """Yield the videos of a clip: recorded ones, and those of each accepted augmentation."""
    name = scenario_name(scenario.name, camera, len(scenario.truth.cameras))
    for one in asked:
        yield _Video(place.marked_video(name, one.stem), None, one)
    twins = twins_of(dataset, scenario.name, camera)
    for number, twin in enumerate(twin for twin in twins if twin.is_accepted):
        for one in asked:
            yield _Video(place.marked_augmentation(name, number, one.stem), twin, one)
        everybody = place.marked_augmentation(name, number, _ALL_CARS)
        yield _Video(everybody, twin, _Asked("", None, (), ""))


def _draw(
    dataset: Dataset, scenario: StoredScenario, camera: str, video: _Video, wish: SmartCityWish
) -> None:
    """Write a video such that it is there whole or not at all."""
    clip = marked_clip(scenario, camera, wish.limits, only_tracks=video.asked.tracks)
    part = video.path.with_name(f".{video.path.name}")
    try:
        if video.twin is None:
            write_marked_clip(scenario, camera, clip, {wish.style: part}, lambda: None)
        else:
            source = dataset.path / video.twin.path
            frames = video.twin.source_frames
            write_marked_twin(source, clip, frames, {wish.style: part}, lambda: None)
        part.replace(video.path)
    finally:
        part.unlink(missing_ok=True)


def _rows(place: SmartCityRun, video: _Video, marks: Mapping[int, ObjectMark]) -> Iterator[Row]:
    path = video.path.relative_to(place.outputs).as_posix()
    for one, other in video.asked.pairs:
        question = _QUESTION.format(a=marks[one].mark, b=marks[other].mark)
        yield {
            "id": path,
            "video": path,
            "conversations": [
                {"from": "human", "value": question},
                {"from": "gpt", "value": video.asked.answer},
            ],
        }
