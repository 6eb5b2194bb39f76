"""The scenarios that `dataset record` is asked for, as jobs that any process can take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from ... import __version__
from ...core.buffers import sha256_of
from ...core.errors import InputError
from ...cosmos.played_recording import Carrier
from ...dataset.record.frame_truth import LabelLimits
from ...dataset.record.scenario import Labelling, record_scenario
from ...dataset.record.source import FrameSource
from ...dataset.record.sources.from_live import live_source
from ...dataset.record.sources.from_recording import RecordingWish, played_source
from ...dataset.record.turn import Recorded, ScenarioJob, TurnListener
from ...dataset.record.visibility import by_lattice
from ...dataset.store.run_writer import request_key
from ...dataset.store.scenario_writer import ScenarioWriter
from ...recorder_log import read_log
from ...town.maps import find_maps
from ..cosmos.capture_options import bag_window_of, replay_of
from ..playing import live_server, open_session, recording_server
from .live_wish import live_wish_of
from .record_options import rigs_of, videos_of

_VERB = "dataset record"
_POINTS, _ALONE = "27 points", "drawn alone; parts of the level by 27 points"

Settings = Mapping[str, Any]
"""The options of the verb by their names."""


def jobs_of(
    settings: Settings, recordings: tuple[Path, ...], bags: tuple[Path, ...]
) -> list[ScenarioJob]:
    """Return a job for each recording, bag and world; UsageError when two would have one name."""
    jobs = [_of_recording(settings, path) for path in recordings]
    jobs += [_of_bag(settings, path) for path in bags]
    if settings["live"]:
        jobs.append(_of_live(settings))
    twice = [name for name, n in Counter(job.name for job in jobs).items() if n > 1]
    if twice:
        raise click.UsageError(f"two scenarios are called {twice[0]}; rename one's file")
    return jobs


def _of_recording(settings: Settings, path: Path) -> ScenarioJob:
    facts = {
        "recording": sha256_of(path) if path.is_file() else str(path),
        "map": _map_content(settings, path),
        **_wish(settings).to_json(),
    }
    known = path.resolve() if path.is_file() else path
    return ScenarioJob(path.stem, _key(settings, facts), partial(_play, settings, known))


def _of_bag(settings: Settings, path: Path) -> ScenarioJob:
    files = sorted(one for one in path.rglob("*") if one.is_file())
    facts = {
        "bag": {one.relative_to(path).as_posix(): sha256_of(one) for one in files},
        "window": asdict(bag_window_of(dict(settings))),
    }
    name = path.resolve().parent.name if path.name == "bag" else path.name
    return ScenarioJob(name, _key(settings, facts), partial(_read, settings, path.resolve()))


def _of_live(settings: Settings) -> ScenarioJob:
    facts = {
        "live": f"{settings['host']}:{settings['port']}" if settings["host"] else None,
        "map": _map_content(settings, None),
        **live_wish_of(dict(settings)).to_json(),
    }
    return ScenarioJob(settings["name"], _key(settings, facts), partial(_watch, settings))


def _map_content(settings: Settings, recording: Path | None) -> str | None:
    """Return the hash of the map that an own server loads; a foreign server's is not known yet.

    None, too, where there is none: the scenario then fails with the reason.
    """
    if settings["host"]:
        return None
    try:
        wanted = settings["map_name"]
        if not wanted and recording is not None:
            wanted = read_log(recording).map_name
        library, name = find_maps(wanted, None)
        return sha256_of(library.path(name))
    except (InputError, OSError):
        return None


def _wish(settings: Settings) -> RecordingWish:
    carrier = Carrier(settings["actor_id"], settings["role"])
    return RecordingWish(rigs_of(dict(settings)), replay_of(dict(settings)), carrier)


def _limits(settings: Settings) -> LabelLimits:
    return LabelLimits(settings["far_m"], settings["smallest_px2"], settings["least_visible"])


def _key(settings: Settings, facts: dict[str, Any]) -> str:
    return request_key(
        {
            **facts,
            "limits": _limits(settings).to_json(),
            "seed": None if settings["host"] else settings["seed"],
            "version": __version__,
        }
    )


def _play(
    settings: Settings, path: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    from ...carla_client.replay.recordings import recording_info

    said = writer.run / f".{writer.name}.server.txt"
    with (
        recording_server(path, dict(settings), said, _VERB) as server,
        open_session(server) as session,
    ):
        info = recording_info(session.client, server.recording)
        wish, engine = _wish(settings), server.engine(session)
        with played_source(session, info, wish, engine, listener.timings) as source:
            return _write(settings, source, source.notes, writer, listener, drawn_here=server.own)


def _watch(settings: Settings, writer: ScenarioWriter, listener: TurnListener) -> Recorded:
    said = writer.run / f".{writer.name}.server.txt"
    with (
        live_server(dict(settings), said, _VERB) as server,
        open_session(server) as session,
        live_source(
            session, live_wish_of(dict(settings)), server.engine(session), listener.timings
        ) as source,
    ):
        return _write(settings, source, source.notes, writer, listener, drawn_here=server.own)


def _read(
    settings: Settings, path: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    from ...dataset.record.sources.from_bag import bag_source

    with bag_source(path, bag_window_of(dict(settings)), listener.timings) as source:
        return _write(settings, source, source.notes, writer, listener, drawn_here=False)


def _write(
    settings: Settings,
    source: FrameSource,
    notes: tuple[str, ...],
    writer: ScenarioWriter,
    listener: TurnListener,
    *,
    drawn_here: bool,
) -> Recorded:
    from ...dataset.record.drawn_alone import DrawnAlone

    videos = videos_of(dict(settings))
    for note in notes:
        listener.note(note)
    if not drawn_here:
        labelling = Labelling(_limits(settings), by_lattice, _POINTS)
        return record_scenario(source, writer, labelling, listener, videos)
    with DrawnAlone() as alone:
        labelling = Labelling(_limits(settings), alone, _ALONE)
        return record_scenario(source, writer, labelling, listener, videos)
