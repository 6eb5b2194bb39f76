"""``carla-nurec cosmos controls``: clips for Cosmos from a recording or a bag."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ...core.errors import InputError
from ...core.run_contract import heartbeat
from ..log.tables import console, examples
from .capture_options import capture_options, replay_of, sensors_of
from .clip_options import clip_options, controls_of

_ANSWER_S = 10.0
_TIMEOUT_S = 60.0


@click.command(
    epilog=examples(
        "carla-nurec cosmos controls -f drive.log --map Town01.xodr.gz -s 2 -d 5",
        "carla-nurec cosmos controls -f /logs/drive.log --host 10.0.0.5 -c 174 --frames 93",
        "carla-nurec cosmos controls -f drive.log --sensors roadside.yaml --depth inverse",
        "carla-nurec cosmos controls --bag out/demo/bag -o out/clips",
    )
)
@capture_options
@clip_options
def command(recording: Path | None, bag: Path | None, **settings: Any) -> int:
    """Write videos, lossless masters and a manifest of each camera: all frames, exactly.

    The recording is played in CARLA tick by tick, in a server of this package's own unless --host
    names one. Every image must be of exactly its frame, and all streams have the same frames, or
    the command fails and says which frame of which stream. `cosmos check` verifies the result.
    """
    if (recording is None) == (bag is None):
        raise click.UsageError("give --recording or --bag")
    heartbeat.start()
    signal.signal(signal.SIGTERM, _interrupt)  # CARLA's settings come back then too
    settings["output"].mkdir(parents=True, exist_ok=True)
    out = console()
    if bag is not None:
        _from_bag(bag, settings, out)
    elif recording is not None:
        _from_recording(recording, settings, out)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _from_recording(recording: Path, settings: dict[str, Any], out: Console) -> None:
    from ...carla_client.replay.recordings import recording_info
    from ...carla_client.session.session import Session
    from ...cosmos.capture import Capture, capture
    from .clip_report import tell

    started = time.monotonic()
    sensors, replay = sensors_of(settings), replay_of(settings)
    controls, notes = controls_of(settings)
    with (
        _server(recording, settings) as server,
        Session(server.host, server.port, _ANSWER_S) as session,
        _progress(out) as progress,
    ):
        session.open(_ANSWER_S)
        session.client.set_timeout(_TIMEOUT_S)
        info = recording_info(session.client, server.recording)
        ready_s = time.monotonic() - started
        wish = Capture(
            sensors,
            settings["output"],
            replay,
            controls,
            settings["actor_id"],
            settings["role"],
            settings["seed"] if server.own else None,
            f"{'embedded ' if server.own else ''}CARLA {session.server_version}",
        )
        task = progress.add_task("frames", total=None)
        done = capture(
            session, info, wish, lambda k, n: progress.update(task, completed=k, total=n)
        )
    for note in (*notes, *done.notes):
        out.print(f"note: {note}", soft_wrap=True)
    out.print(f"the server was ready after {ready_s:.1f} s")
    tell(out, settings["output"], done.clips, done.timings, time.monotonic() - started)


def _from_bag(bag: Path, settings: dict[str, Any], out: Console) -> None:
    from ...core.timings import Timings
    from ...cosmos.from_bag import BagWish, clips_of_bag
    from .clip_report import tell

    started, timings = time.monotonic(), Timings()
    controls, notes = controls_of(settings)
    wish = BagWish(
        settings["output"],
        controls,
        settings["start_s"],
        settings["duration_s"],
        settings["frames"],
        settings["fps"] or 0.0,
    )
    with _progress(out) as progress:
        task = progress.add_task("frames", total=None)
        done, more = clips_of_bag(
            bag, wish, timings, lambda k, n: progress.update(task, completed=k, total=n)
        )
    for note in (*notes, *more):
        out.print(f"note: {note}", soft_wrap=True)
    tell(out, settings["output"], done, timings, time.monotonic() - started)


def _progress(out: Console) -> Progress:
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=out, transient=True)


@dataclass(frozen=True)
class _Server:
    """Where CARLA is, what the recording is called there, and whether it was started here."""

    host: str
    port: int
    recording: str
    own: bool


@contextmanager
def _server(recording: Path, settings: dict[str, Any]) -> Iterator[_Server]:
    if settings["host"]:
        known = recording.resolve() if recording.is_file() else recording
        yield _Server(settings["host"], settings["port"], str(known), False)
        return
    from ...recorder_log import read_log
    from ...runs.own_server import carla_of_map

    if not recording.is_file():
        raise InputError(f"there is no recording {recording}")
    map_name = settings["map_name"] or read_log(recording).map_name
    output = settings["output"] / "carla_server.txt"
    with carla_of_map(map_name, settings["seed"], output, "cosmos controls") as (host, port):
        yield _Server(host, port, str(recording.resolve()), True)
