"""Make a small data set from nothing: drives, truth, variants, marks, questions, COCO, a page."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ... import __version__
from ...core.errors import InputError, RunError
from ...core.files.whole import write_whole
from ...dataset.store import Dataset
from ...scenarios.spec import load_spec
from ..graph.environment import process_environment
from ..processes.verb_process import run_verb
from .cameras import main_event, window_of, write_ego_camera, write_roadside_camera

MADE_OF = "dataset_demo.json"
"""What a folder was made of: whether a later run may go on in it, or must begin anew."""

OnProgress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done, and the total (0: unknown)."""


@dataclass(frozen=True)
class DatasetDemo:
    """What is made: the folder, the seed of all that is drawn, which scenarios and which clips."""

    folder: Path
    seed: int = 1
    seconds: float = 5.0
    fps: float = 10.0
    size: tuple[int, int] = (640, 360)
    scenarios: tuple[str, ...] = ("cut_in", "jaywalking")

    @property
    def dataset(self) -> Path:
        """Where the data set lies."""
        return self.folder / "set"

    @property
    def page(self) -> Path:
        """The page that shows it."""
        return self.dataset / "show" / "index.html"

    def recording(self, scenario: str) -> Path:
        """Return the recording of a scenario."""
        return self.folder / "recordings" / f"{scenario}_{self.seed}.log"


@dataclass(frozen=True)
class FinishedStep:
    """A step that was done: what it made, in how many seconds, where that is, and what it lacks."""

    name: str
    took_s: float
    path: Path
    note: str = ""


@dataclass(frozen=True)
class _Step:
    """A verb to run; ``made`` is where its result lies, ``verb`` is only asked for at its turn.

    ``flagged`` is what a step lacks that ends with an error and has left all that it should.
    """

    name: str
    made: Path
    verb: Callable[[], tuple[str, ...]]
    flagged: str = ""


def make_dataset_demo(demo: DatasetDemo, on_progress: OnProgress) -> Iterator[FinishedStep]:
    """Make the data set step by step; yield each step once it is done.

    A folder of an earlier run with the same wishes is gone on with, one with others is begun anew.
    InputError for a folder that is something else, RunError for a step that fails.
    """
    _prepare(demo)
    for step in _steps(demo):
        began = time.monotonic()
        on_progress(step.name, 0, 0)
        log = demo.folder / "logs" / f"{step.name.replace(' ', '_')}.log"
        note = ""
        try:
            told = partial(on_progress, step.name)
            run_verb(step.name, step.verb(), log, process_environment(), told)
        except RunError:
            if not step.flagged or not _has_variants(demo):
                raise
            note = f"{step.flagged}; see {log}"
        yield FinishedStep(step.name, time.monotonic() - began, step.made, note)


def _has_variants(demo: DatasetDemo) -> bool:
    """Return whether every clip has a variant, accepted or not."""
    scenarios = Dataset(demo.dataset).scenarios()
    return all(one.variants(camera) for one in scenarios for camera in one.truth.cameras)


def _steps(demo: DatasetDemo) -> Iterator[_Step]:
    run = str(demo.dataset)
    for name in demo.scenarios:
        recording = demo.recording(name)
        if not recording.with_suffix(".json").is_file():
            yield _Step(f"drive {name}", recording, partial(_drive, demo, name))
    for name in demo.scenarios:
        made = demo.dataset / demo.recording(name).stem
        yield _Step(f"ground truth {name}", made, partial(_record, demo, name))
    yield _Step("pictures of events", demo.dataset, lambda: ("dataset", "events", run, "--picture"))
    augment = ("dataset", "augment", run, "--variants", "1", "--seed", str(demo.seed))
    flagged = "not every variant passed the gates"
    yield _Step("variants", demo.dataset, lambda: augment, flagged)
    yield _Step("marks and questions", demo.dataset, lambda: ("dataset", "annotate", run))
    coco = demo.folder / "coco"
    export = ("dataset", "export", run, "--to", "coco", "-o", str(coco))
    yield _Step("COCO", coco, lambda: export)
    yield _Step("check", demo.dataset, lambda: ("dataset", "check", run))
    yield _Step("page", demo.page, lambda: ("dataset", "show", run))


def _drive(demo: DatasetDemo, scenario: str) -> tuple[str, ...]:
    folder = str(demo.recording(scenario).parent)
    return ("scenario", "record", scenario, "--seed", str(demo.seed), "--out", folder)


def _record(demo: DatasetDemo, scenario: str) -> tuple[str, ...]:
    """Return the verb that plays a scenario around its event, before both of its cameras."""
    spec, recording = load_spec(scenario), demo.recording(scenario)
    event, recorded_s = main_event(recording, spec)
    cameras = demo.folder / "cameras"
    ego, roadside = cameras / "ego.yaml", cameras / f"roadside_{scenario}.yaml"
    write_ego_camera(ego, demo.size)
    write_roadside_camera(roadside, recording, event, demo.size)
    start_s = window_of(event, recorded_s, demo.seconds)
    return (
        *("dataset", "record", "-f", str(recording)),
        *("--sensors", str(roadside), "--sensors", str(ego)),
        *("-s", f"{start_s:.2f}", "-d", f"{demo.seconds:g}", "--fps", f"{demo.fps:g}"),
        *("--seed", str(demo.seed), "-o", str(demo.dataset)),
    )


def _prepare(demo: DatasetDemo) -> None:
    """Make the folder ready: empty, or that of an earlier run with the same wishes."""
    wishes = {**asdict(demo), "folder": None, "version": __version__}
    text = json.dumps(wishes, indent=1).encode() + b"\n"
    mark = demo.folder / MADE_OF
    try:
        if demo.folder.exists() and any(demo.folder.iterdir()):
            if not mark.is_file():
                raise InputError(f"{demo.folder} holds something else; name another folder")
            if mark.read_bytes() == text:
                return
            shutil.rmtree(demo.folder)
        demo.folder.mkdir(parents=True, exist_ok=True)
        write_whole(mark, text)
    except OSError as error:
        raise RunError(f"cannot write {error.filename or demo.folder}: {error.strerror}") from error
