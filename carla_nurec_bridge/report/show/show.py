"""Write the contact sheets and the page of a data set."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ...core.errors import InputError
from ...core.run_contract.timebase import NS_PER_S
from ...dataset.export.folder import whole_folder
from ...dataset.facts import facts_of_scenario, known_map
from ...dataset.store import Dataset, StoredScenario
from ...dataset.store.layout import SHOWN_MARK
from ...dataset.truth import Event
from .overlay import camera_overlay
from .overview import overview_html
from .page import PageWriter
from .scenario_json import scenario_json
from .sheets import write_sheet
from .statistics import Statistics
from .videos import ShownVideo, embedded, linked, videos_of

Progress = Callable[[int, int], None]
"""Called with how many cameras are done, and of how many."""

EMBEDDED_AT_MOST = 64_000_000
"""Bytes of videos that a page holds itself unless it is told otherwise."""
_THUMB_PX, _THUMB_QUALITY = (192, 108), 72


@dataclass(frozen=True)
class ShownDataset:
    """What was written: the page, the contact sheets, how videos got there, and what lacks."""

    page: Path
    sheets: tuple[Path, ...]
    videos: int
    linked: bool
    notes: tuple[str, ...]


def show_dataset(
    dataset: Dataset, out: Path, *, link: bool | None, sheet_frames: int, progress: Progress
) -> ShownDataset:
    """Write ``index.html`` and ``sheets`` into a folder, whole or not at all.

    With ``link`` the page plays the data set's own files where they lie, else it holds them; None
    decides by their size. InputError for an ``out`` that is not such a folder, and for a data set
    without a scenario.
    """
    scenarios = dataset.scenarios()
    if not scenarios:
        raise InputError(f"{dataset.path} has no finished scenario to show")
    videos = {
        (one.name, camera): videos_of(dataset, one, camera)
        for one in scenarios
        for camera in one.truth.cameras
    }
    total = sum(video.size for found in videos.values() for video in found)
    links = total > EMBEDDED_AT_MOST if link is None else link
    with whole_folder(out, SHOWN_MARK) as made:
        (made / "sheets").mkdir()
        with PageWriter(made / "index.html", dataset.path.resolve().name, linked=links) as page:
            work = _Work(dataset, out, made, page, links, sheet_frames, videos)
            work.write(scenarios, progress)
        facts = {"format": "show", "scenarios": [one.name for one in scenarios]}
        (made / SHOWN_MARK).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    sheets = tuple(out / "sheets" / name for name in work.sheets)
    count = sum(map(len, videos.values()))
    return ShownDataset(out / "index.html", sheets, count, links, tuple(_notes(videos)))


def _notes(videos: dict[tuple[str, str], list[ShownVideo]]) -> list[str]:
    """Return what of the videos cannot be shown, as sentences."""
    bare = [f"{name}/{camera}" for (name, camera), found in videos.items() if not found]
    notes = [f"{one.path}: {one.fault}" for found in videos.values() for one in found if one.fault]
    if bare:
        more = f" and {len(bare) - 3} more" if len(bare) > 3 else ""
        notes.append(f"no video is stored of {', '.join(bare[:3])}{more}; the sheets show them")
    return notes


class _Work:
    """The making of one page: what goes where, and what was counted so far."""

    def __init__(
        self,
        dataset: Dataset,
        out: Path,
        made: Path,
        page: PageWriter,
        links: bool,
        sheet_frames: int,
        videos: dict[tuple[str, str], list[ShownVideo]],
    ) -> None:
        self._dataset, self._out, self._made, self._page = dataset, out, made, page
        self._links, self._sheet_frames, self._videos = links, sheet_frames, videos
        self._statistics = Statistics()
        self._done = 0
        self.sheets: list[str] = []

    def write(self, scenarios: tuple[StoredScenario, ...], progress: Progress) -> None:
        """Write sheets and all blocks of the page; the overview comes last and stands first."""
        index, blocks = [], []
        for number, scenario in enumerate(scenarios):
            entry, found = self._scenario(number, scenario, progress)
            index.append(entry)
            blocks.append(found)
        self._page.begin(overview_html(self._dataset, self._statistics, index))
        self._page.add_json("index", index)
        for found in blocks:
            for name, value in found.items():
                self._page.add_json(name, value)
        if not self._links:
            self._embed(scenarios)
        self._page.end()

    def _embed(self, scenarios: tuple[StoredScenario, ...]) -> None:
        for number, scenario in enumerate(scenarios):
            for place, camera in enumerate(scenario.truth.cameras):
                for version, video in enumerate(self._videos[scenario.name, camera]):
                    name = f"video-{number}-{place}-{version}"
                    self._page.add_base64(name, embedded(video.path))

    def _scenario(
        self, number: int, scenario: StoredScenario, progress: Progress
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the list of scenarios tells of one, and its blocks by their names."""
        truth, events = scenario.truth, scenario.events()
        self._statistics.add_events(events)
        blocks: dict[str, Any] = {}
        sizes: dict[str, tuple[int, int]] = {}
        total = len(self._videos)
        for place, camera in enumerate(truth.cameras):
            calibration = scenario.calibration(camera)
            labels = list(scenario.all_labels(camera))
            for view in labels:
                self._statistics.add_view(scenario.name, view)
            sizes[camera] = calibration.width, calibration.height
            blocks[f"overlay-{number}-{place}"] = camera_overlay(
                calibration, labels, scenario.marks(camera)
            )
            sheet = f"{number + 1:03d}_{_plain(scenario.name)}_{_plain(camera)}.png"
            path = self._made / "sheets" / sheet
            write_sheet(path, scenario, calibration, labels, events, self._sheet_frames)
            self.sheets.append(sheet)
            self._done += 1
            progress(self._done, total)
        videos = {camera: self._videos[scenario.name, camera] for camera in truth.cameras}
        told = scenario_json(
            scenario,
            facts_of_scenario(scenario, known_map(scenario)),
            events,
            sizes,
            videos,
            self._pictures(scenario, events),
        )
        if self._links:
            for camera in told["cameras"]:
                for shown, video in zip(camera["videos"], videos[camera["name"]], strict=True):
                    shown["address"] = linked(video.path, self._out)
        blocks[f"scenario-{number}"] = told
        entry = {
            "name": scenario.name,
            "map": truth.map_name,
            "seconds": round(truth.frames * truth.dt_ns / NS_PER_S, 3),
            "cameras": len(truth.cameras),
            "kinds": sorted({str(one.kind) for one in events if one.negative_of is None}),
            "image": _thumbnail(scenario),
        }
        return entry, blocks

    def _pictures(self, scenario: StoredScenario, events: tuple[Event, ...]) -> dict[str, str]:
        """Return the addresses of the events' pictures that there are."""
        found = {}
        for event in events:
            path = scenario.folder.event_picture(event.event_id)
            if path.is_file():
                found[event.event_id] = (
                    linked(path, self._out)
                    if self._links
                    else f"data:image/png;base64,{embedded(path).decode()}"
                )
        return found


def _plain(name: str) -> str:
    """Return a name as a part of a file's name: letters, digits, points, dashes."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60]


def _thumbnail(scenario: StoredScenario) -> str:
    """Return the middle frame of the first camera, small, as the address of its data."""
    truth = scenario.truth
    image = Image.fromarray(scenario.image(truth.cameras[0], "rgb", truth.frames // 2))
    image.thumbnail(_THUMB_PX)
    data = BytesIO()
    image.save(data, "JPEG", quality=_THUMB_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
