"""The scenarios that `dataset record` is asked for, as jobs that record them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ... import __version__
from ...carla_client.replay.recordings import recording_info
from ...core.buffers import sha256_of
from ...core.timings import Timings
from ...cosmos.from_bag import BagWindow
from ...cosmos.played_recording import Carrier
from ...dataset.record.drawn_alone import DrawnAlone
from ...dataset.record.frame_truth import LabelLimits
from ...dataset.record.run import Recorded, ScenarioJob
from ...dataset.record.scenario import Labelling, OnFrame, record_scenario
from ...dataset.record.source import FrameSource
from ...dataset.record.sources.from_bag import bag_source
from ...dataset.record.sources.from_live import LiveWish, live_source
from ...dataset.record.sources.from_recording import RecordingWish, played_source
from ...dataset.record.visibility import by_lattice
from ...dataset.store.run_writer import request_key
from ...dataset.store.scenario_writer import ScenarioWriter
from ..cosmos.capture_options import bag_window_of, replay_of
from ..playing import live_server, open_session, recording_server
from .live_wish import live_wish_of
from .record_options import rigs_of, videos_of

_VERB = "dataset record"
_POINTS, _ALONE = "27 points", "drawn alone; parts of the level by 27 points"


class ScenarioJobs:
    """Makes jobs of files; ``timings`` are the stages of all of them."""

    def __init__(self, settings: dict[str, Any], out: Console) -> None:
        self._settings, self._out = settings, out
        self.timings = Timings()
        self._videos = videos_of(settings)
        self._limits = LabelLimits(
            settings["far_m"], settings["smallest_px2"], settings["least_visible"]
        )

    def of(self, recordings: tuple[Path, ...], bags: tuple[Path, ...]) -> list[ScenarioJob]:
        """Return a job for each; UsageError when two would have one name."""
        jobs = [*map(self._of_recording, recordings), *map(self._of_bag, bags)]
        if self._settings["live"]:
            jobs.append(self._of_live())
        twice = [name for name, n in Counter(job.name for job in jobs).items() if n > 1]
        if twice:
            raise click.UsageError(f"two scenarios are called {twice[0]}; rename one's file")
        return jobs

    def _of_recording(self, path: Path) -> ScenarioJob:
        settings = self._settings
        carrier = Carrier(settings["actor_id"], settings["role"])
        wish = RecordingWish(rigs_of(settings), replay_of(settings), carrier)
        content = sha256_of(path) if path.is_file() else str(path)
        facts = {"recording": content, "map": settings["map_name"], **wish.to_json()}
        return ScenarioJob(path.stem, self._key(facts), partial(self._play, path, wish))

    def _of_live(self) -> ScenarioJob:
        settings = self._settings
        wish = live_wish_of(settings)
        world = f"{settings['host']}:{settings['port']}" if settings["host"] else None
        facts = {"live": world, "map": settings["map_name"], **wish.to_json()}
        return ScenarioJob(settings["name"], self._key(facts), partial(self._watch, wish))

    def _of_bag(self, path: Path) -> ScenarioJob:
        window = bag_window_of(self._settings)
        files = sorted(one for one in path.rglob("*") if one.is_file())
        facts = {
            "bag": {one.relative_to(path).as_posix(): sha256_of(one) for one in files},
            "window": asdict(window),
        }
        name = path.resolve().parent.name if path.name == "bag" else path.name
        return ScenarioJob(name, self._key(facts), partial(self._read, path, window))

    def _key(self, facts: dict[str, Any]) -> str:
        settings = self._settings
        return request_key(
            {
                **facts,
                "limits": self._limits.to_json(),
                "seed": None if settings["host"] else settings["seed"],
                "version": __version__,
            }
        )

    def _play(
        self, path: Path, wish: RecordingWish, writer: ScenarioWriter, on_frame: OnFrame
    ) -> Recorded:
        settings = self._settings
        with (
            recording_server(path, settings, settings["output"], _VERB) as server,
            open_session(server) as session,
        ):
            info = recording_info(session.client, server.recording)
            with played_source(session, info, wish, server.engine(session), self.timings) as source:
                return self._write(source, source.notes, writer, on_frame, drawn_here=server.own)

    def _watch(self, wish: LiveWish, writer: ScenarioWriter, on_frame: OnFrame) -> Recorded:
        settings = self._settings
        with (
            live_server(settings, settings["output"], _VERB) as server,
            open_session(server) as session,
            live_source(session, wish, server.engine(session), self.timings) as source,
        ):
            return self._write(source, source.notes, writer, on_frame, drawn_here=server.own)

    def _read(
        self, path: Path, window: BagWindow, writer: ScenarioWriter, on_frame: OnFrame
    ) -> Recorded:
        with bag_source(path, window, self.timings) as source:
            return self._write(source, source.notes, writer, on_frame, drawn_here=False)

    def _write(
        self,
        source: FrameSource,
        notes: tuple[str, ...],
        writer: ScenarioWriter,
        on_frame: OnFrame,
        *,
        drawn_here: bool,
    ) -> Recorded:
        for note in notes:
            self._out.print(f"note: {writer.name}: {note}", soft_wrap=True)
        if not drawn_here:
            labelling = Labelling(self._limits, by_lattice, _POINTS)
            return record_scenario(source, writer, labelling, on_frame, self.timings, self._videos)
        with DrawnAlone() as alone:
            labelling = Labelling(self._limits, alone, _ALONE)
            return record_scenario(source, writer, labelling, on_frame, self.timings, self._videos)
