"""Mark the clips of a data set: their tables and videos, those that are there of the same kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ... import __version__
from ...core.errors import RunError
from ..store import Dataset, StoredScenario
from ..store.amend import amend, staging
from ..store.layout import training_folder
from ..store.manifest import read_record
from ..truth import Event, MarkLimits, MarkTable, ObjectMark
from ..truth.variant import VariantTruth
from .clip import MarkedClip, marked_clip
from .draw import Style
from .videos import write_marked_clip, write_marked_twin

Progress = Callable[[int, int], None]
"""Called with how many frames of a camera are done, and of how many."""


@dataclass(frozen=True)
class MarkWish:
    """What is to be drawn: styles, who gets a mark, and whether each event gets videos of its own.

    Those show the marks of who takes part, and no others; hard negatives get them too.
    """

    styles: tuple[Style, ...]
    limits: MarkLimits
    events_only: bool


@dataclass(frozen=True)
class Twin:
    """An augmented video of a camera: the name of its folder, and its path in the run.

    ``truth`` tells how it was made, where that is known.
    """

    name: str
    path: str
    truth: VariantTruth | None

    @property
    def is_accepted(self) -> bool:
        """Whether nothing is known that speaks against learning from it."""
        return self.truth is None or self.truth.accepted

    @property
    def source_frames(self) -> tuple[int, ...] | None:
        """Which frame of the clip each of its frames shows, None where that is not told."""
        return None if self.truth is None else self.truth.source_frames


@dataclass(frozen=True)
class MarkedCamera:
    """What was done for a camera: its marks, how many videos were drawn and how many were there.

    ``notes`` are sentences about what is not as one would wish.
    """

    table: MarkTable
    drawn: int
    kept: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Video:
    """A video to draw: of the clip or a twin, with all marks or those of an event."""

    twin: Twin | None
    event: Event | None
    style: Style
    path: Path
    name: str
    made_of: str


def twins_of(dataset: Dataset, scenario: str, camera: str) -> tuple[Twin, ...]:
    """Return the augmented videos of a camera that the manifest knows, by name."""
    start, end = f"{scenario}/{camera}/variants/", "/rgb.mp4"
    names = [name for name in dataset.manifest.files if name.startswith(start)]
    found = [name for name in names if name.endswith(end)]
    return tuple(_twin(dataset, name, name[len(start) : -len(end)]) for name in sorted(found))


def _twin(dataset: Dataset, path: str, name: str) -> Twin:
    beside = Path(path).with_name("variant.json").as_posix()
    known = beside in dataset.manifest.files
    return Twin(name, path, read_record(dataset.path / beside, VariantTruth) if known else None)


def mark_camera(
    dataset: Dataset,
    scenario: StoredScenario,
    camera: str,
    wish: MarkWish,
    progress: Progress,
) -> MarkedCamera:
    """Write the table of marks of a camera, and the videos that are wished and not there yet.

    Videos with these marks of other styles stay; those with other marks go, and with them the
    questions that name such.
    """
    clip = marked_clip(scenario, camera, wish.limits)
    videos = list(_videos(dataset, scenario, camera, wish, clip.marks))
    before = scenario.marks(camera)
    same = before is not None and (before.marks, before.limits) == (clip.marks, wish.limits)
    there = {
        name: key
        for name, key in (before.videos if before is not None and same else {}).items()
        if name in dataset.manifest.files
    }
    todo = [video for video in videos if there.get(video.name) != video.made_of]
    table = MarkTable(
        scenario=scenario.name,
        camera=camera,
        limits=wish.limits,
        videos=dict(sorted({**there, **{one.name: one.made_of for one in videos}}.items())),
        missing_labels=clip.missing,
        marks=clip.marks,
    )
    if table == before and not todo:
        return MarkedCamera(table, 0, len(videos), ())
    stale = (before.videos.keys() if before is not None else set()) - table.videos.keys()
    gone = [dataset.path / name for name in stale]
    if before is not None and before.marks != table.marks:
        gone += [scenario.folder.questions, training_folder(dataset.path)]
    with staging(dataset.path) as folder:
        try:
            notes = _draw(dataset, scenario, camera, clip, wish, todo, folder, progress)
        except OSError as error:
            raise RunError(f"cannot write {error.filename or folder}: {error.strerror}") from error
        amend(
            dataset,
            {scenario.folder.marks(camera): table.model_dump_json(indent=1).encode() + b"\n"},
            moved={one.path: folder / f"{i}.mp4" for i, one in enumerate(todo)},
            replaces=gone,
        )
    return MarkedCamera(table, len(todo), len(videos) - len(todo), notes)


def _draw(
    dataset: Dataset,
    scenario: StoredScenario,
    camera: str,
    clip: MarkedClip,
    wish: MarkWish,
    todo: Sequence[_Video],
    folder: Path,
    progress: Progress,
) -> tuple[str, ...]:
    """Draw videos as 0.mp4, 1.mp4, ... in a folder, those of one source in one go."""
    numbered = list(enumerate(todo))
    groups = [list(group) for _, group in groupby(numbered, key=lambda x: (x[1].twin, x[1].event))]
    total, done = len(groups) * len(clip.frames), 0
    notes = []

    def on_frame() -> None:
        nonlocal done
        done += 1
        progress(min(done, total), total)

    for group in groups:
        (_, first), *_ = group
        paths = {video.style: folder / f"{number}.mp4" for number, video in group}
        drawn = clip
        if first.event is not None:
            tracks = first.event.track_ids
            drawn = marked_clip(scenario, camera, wish.limits, only_tracks=tracks)
        if first.twin is None:
            write_marked_clip(scenario, camera, drawn, paths, on_frame)
            continue
        video, frames = dataset.path / first.twin.path, first.twin.source_frames
        beyond = write_marked_twin(video, drawn, frames, paths, on_frame)
        if beyond:
            notes.append(
                f"{first.twin.path}: {beyond} frames lie beyond the clip and have no marks"
            )
    return tuple(dict.fromkeys(notes))


def _videos(
    dataset: Dataset,
    scenario: StoredScenario,
    camera: str,
    wish: MarkWish,
    marks: Sequence[ObjectMark],
) -> Iterator[_Video]:
    """Yield the videos that are wished, those of one source and event beside each other.

    Events of which somebody has no mark in this camera get none.
    """
    files, start = dataset.manifest.files, f"{scenario.name}/{camera}/"
    parts = (f"{start}labels/", f"{start}rgb/", f"{scenario.name}/calibration/{camera}.json")
    content = [(name, sha256) for name, sha256 in files.items() if name.startswith(parts)]
    events: list[Event | None] = [None]
    if wish.events_only:
        known = {one.track_id for one in marks}
        events = [one for one in scenario.events() if known.issuperset(one.track_ids)]
    for twin in (None, *twins_of(dataset, scenario.name, camera)):
        for event in events:
            for style in wish.styles:
                folder = scenario.folder
                event_id = None if event is None else event.event_id
                if twin is None:
                    path = folder.marks_video(camera, style, event_id)
                else:
                    path = folder.variant_marks_video(camera, twin.name, style, event_id)
                facts = {
                    "content": content,
                    "twin": None if twin is None else files[twin.path],
                    "tracks": None if event is None else event.track_ids,
                    "limits": wish.limits.model_dump(),
                    "style": style,
                    "version": __version__,
                }
                text = json.dumps(facts, sort_keys=True)
                name = path.relative_to(dataset.path).as_posix()
                made_of = hashlib.sha256(text.encode()).hexdigest()
                yield _Video(twin, event, style, path, name, made_of)
