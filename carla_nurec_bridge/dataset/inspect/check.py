"""Check a data set: every file hashed and counted again, every label held against its pixels."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from ...core.buffers import sha256_of
from ...core.errors import InputError
from ..store import IMAGES, CameraCalibration, Dataset, StoredScenario
from ..store.layout import LEDGER, MANIFEST, SHOWN, SHOWN_MARK
from ..store.manifest import ScenarioEntry
from ..truth import ActorTruth, Event, FrameState
from .frame_check import image_problems, label_problems, mask_problems
from .odvg_check import odvg_problems
from .question_check import annotation_problems, training_problems
from .variant_check import variant_problems
from .video_check import video_problems

Progress = Callable[[int, int], None]
"""Called with how many files and views are done, and of how many."""


@dataclass(frozen=True)
class DatasetVerdict:
    """What a check found: scenarios, views (images of cameras), files, their bytes, problems.

    A problem is a sentence that begins with the path of what is wrong. ``unfinished`` are
    scenarios and variants that the data set does not have, and why.
    """

    scenarios: int
    views: int
    files: int
    size: int
    problems: tuple[str, ...]
    unfinished: tuple[str, ...]


def check_dataset(dataset: Dataset, progress: Progress) -> DatasetVerdict:
    """Read a data set through and return what is wrong with it."""
    manifest = dataset.manifest
    total = len(manifest.files)
    total += sum(entry.frames * len(entry.cameras) for entry in manifest.scenarios.values())
    problems, unfinished = _ledger(dataset)
    problems += _strangers(dataset)
    problems += training_problems(dataset)
    size = done = 0
    with ThreadPoolExecutor(os.cpu_count(), "dataset-check") as pool:
        hashed = partial(_hash_problem, dataset.path)
        for length, problem in pool.map(hashed, manifest.files, manifest.files.values()):
            size += length
            problems += problem
            progress(done := done + 1, total)
        for name, entry in manifest.scenarios.items():
            for found in _scenario(dataset, name, entry, pool):
                problems += found
                progress(done := min(done + 1, total), total)
    progress(total, total)
    views = total - len(manifest.files)
    return DatasetVerdict(
        len(manifest.scenarios),
        views,
        len(manifest.files),
        size,
        tuple(problems),
        tuple(unfinished),
    )


def _ledger(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Return what is wrong with the ledger, and what did not end well in its last turn."""
    path = dataset.path / LEDGER
    problems: list[str] = []
    last: dict[str, dict[str, str]] = {}
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            last[row["name"]] = {"state": row["state"], "reason": row.get("reason", "")}
        except (ValueError, KeyError, TypeError):
            if line.endswith(b"\n"):  # one that is cut short was being written when all ended
                problems.append(f"{LEDGER}, line {number} is no entry of a ledger")
    unfinished = [
        f"{name} is not finished, its last turn {row['state']}: {row['reason']}".removesuffix(": ")
        for name, row in last.items()
        if name not in dataset.manifest.scenarios and not ("/" in name and row["state"] == "done")
    ]
    return problems, unfinished


def _strangers(dataset: Dataset) -> Iterator[str]:
    """Yield the files that the manifest does not tell.

    What is hidden is unfinished; a page and its sheets can be made again, and are nobody's truth.
    """
    known = {MANIFEST, LEDGER, *dataset.manifest.files}
    shown = (
        dataset.path / SHOWN / SHOWN_MARK
    ).is_file() and SHOWN not in dataset.manifest.scenarios
    for path in sorted(dataset.path.rglob("*")):
        inside = path.relative_to(dataset.path)
        hidden = any(part.startswith(".") for part in inside.parts)
        hidden |= shown and inside.parts[0] == SHOWN
        if path.is_file() and not hidden and inside.as_posix() not in known:
            yield f"{inside}: a file that {MANIFEST} does not know"


def _hash_problem(run: Path, name: str, sha256: str) -> tuple[int, list[str]]:
    """Return the bytes of a file, and what is wrong with it."""
    path = run / name
    if not path.is_file():
        return 0, [f"{name}: the file is missing"]
    try:
        digest = sha256_of(path)
    except OSError as error:
        return 0, [f"{name}: cannot be read: {error.strerror}"]
    told = [f"{name}: its SHA-256 is not the manifest's: the content was changed"]
    return path.stat().st_size, told if digest != sha256 else []


def _scenario(
    dataset: Dataset, name: str, entry: ScenarioEntry, pool: ThreadPoolExecutor
) -> Iterator[list[str]]:
    """Yield what is wrong with a scenario: first as a whole, then view by view."""
    scenario = dataset.scenario(name)
    try:
        truth, states = scenario.truth, list(scenario.frames())
        cameras = [scenario.calibration(camera) for camera in truth.cameras]
        problems = list(_event_problems(scenario, states))
    except InputError as error:
        yield [_inside(dataset.path, error)]
        return
    if (truth.frames, truth.cameras) != (entry.frames, entry.cameras):
        problems.append(f"{name}/scenario.json: not the frames and cameras of {MANIFEST}")
    problems += _stamp_problems(scenario, states)
    videos = partial(video_problems, dataset, scenario, states)
    for found in pool.map(videos, truth.cameras):
        problems += found
    variants = partial(variant_problems, dataset, scenario)
    for found in pool.map(variants, truth.cameras):
        problems += found
    yield problems
    actors = {actor.track_id: actor for actor in truth.actors}
    for calibration in cameras:
        camera = calibration.camera
        folder = f"{name}/{camera}/"
        stored = {path[len(folder) :] for path in dataset.manifest.files if path.startswith(folder)}
        kinds = [kind for kind in IMAGES if any(path.startswith(f"{kind}/") for path in stored)]
        told = any(path.startswith(f"{name}/odvg/{camera}/") for path in dataset.manifest.files)
        events = scenario.events() if told else None
        check = partial(_view, dataset, scenario, calibration, kinds, actors, events)
        yield from pool.map(check, states)
    try:
        yield list(annotation_problems(dataset, scenario))
    except InputError as error:
        yield [_inside(dataset.path, error)]


def _stamp_problems(scenario: StoredScenario, states: list[FrameState]) -> Iterator[str]:
    """Yield which frames are not in time; own stamps of a source only rise.

    dt is rounded to whole nanoseconds, so that k dt may be k / 2 of them off.
    """
    where, truth = f"{scenario.name}/frames.jsonl: frame", scenario.truth
    if truth.own_stamps or "bag" in truth.source:
        for before, state in pairwise(states):
            if state.stamp_ns <= before.stamp_ns:
                yield f"{where} {state.number} is not after the one before"
        return
    for state in states:
        late_ns = state.stamp_ns - (truth.t0_ns + state.number * truth.dt_ns)
        if abs(late_ns) > state.number // 2:
            yield f"{where} {state.number} is not at t0 + k dt"


def _event_problems(scenario: StoredScenario, states: list[FrameState]) -> Iterator[str]:
    where = f"{scenario.name}/events/events.json"
    stamps = {state.stamp_ns for state in states}
    tracks = {actor.track_id for actor in scenario.truth.actors}
    seen: set[str] = set()
    for event in scenario.events():
        if event.event_id in seen:
            yield f"{where}: {event.event_id} is there twice"
        seen.add(event.event_id)
        if not {event.start_ns, event.end_ns} <= stamps or event.start_ns > event.end_ns:
            yield f"{where}: {event.event_id} does not go from one frame to a later one"
        for track in sorted(set(event.track_ids) - tracks):
            yield f"{where}: {event.event_id}: scenario.json knows no track {track}"


def _view(
    dataset: Dataset,
    scenario: StoredScenario,
    calibration: CameraCalibration,
    kinds: Iterable[str],
    actors: dict[int, ActorTruth],
    events: tuple[Event, ...] | None,
    state: FrameState,
) -> list[str]:
    """Return what is wrong with a camera's frame, but for files that the manifest misses.

    ``events`` are the scenario's, None where the camera has no ODVG.
    """
    camera, number = calibration.camera, state.number
    problems, images = [], {}

    def there(path: Path) -> bool:
        file = path.relative_to(dataset.path).as_posix()
        if not path.is_file() and file not in dataset.manifest.files:
            problems.append(f"{file}: there is none of frame {number}")
        return path.is_file()

    for kind in kinds:
        if there(scenario.image_path(camera, kind, number)):
            try:
                images[kind] = scenario.image(camera, kind, number)
            except InputError as error:
                problems.append(_inside(dataset.path, error))
    size = (calibration.width, calibration.height)
    place = f"{scenario.name}/{camera}, frame {number}"
    problems += [
        f"{place}: {told}" for told in image_problems(images, size, scenario.truth.kept_classes)
    ]
    labels = scenario.folder.labels(camera, number)
    if not there(labels):
        return problems
    try:
        truth = scenario.labels(camera, number)
    except InputError as error:
        return [*problems, _inside(dataset.path, error)]
    if events is not None and there(scenario.folder.odvg(camera, number)):
        problems += odvg_problems(scenario, truth, events)
    found = list(label_problems(truth, state, calibration, actors))
    if "instance_segmentation" in images:
        known = {one.pixel_id: one.track_id for one in actors.values() if not one.is_ego}
        found += mask_problems(truth, images["instance_segmentation"], known)
    return [*problems, *(f"{labels.relative_to(dataset.path)}: {told}" for told in found)]


def _inside(run: Path, error: InputError) -> str:
    """Return an error's sentence with the path as it is in the data set."""
    return str(error).replace(f"{run}{os.sep}", "")
