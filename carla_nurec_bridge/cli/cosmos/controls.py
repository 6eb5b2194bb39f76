"""``carla-nurec cosmos controls``: clips for Cosmos from a recording or a bag."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..log.tables import console, examples
from ..playing import counting_progress, end_as_interrupted, open_session, recording_server
from .capture_options import (
    bag_window_of,
    capture_options,
    refuse_beside_bags,
    replay_of,
    sensors_of,
)
from .clip_options import clip_options, controls_of


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
@click.pass_context
def command(
    context: click.Context, recording: Path | None, bag: Path | None, **settings: Any
) -> int:
    """Write videos, lossless masters and a manifest of each camera: all frames, exactly.

    The recording is played in CARLA tick by tick, in a server of this package's own unless --host
    names one. Every image must be of exactly its frame, and all streams have the same frames, or
    the command fails and says which frame of which stream. `cosmos check` verifies the result.
    """
    if (recording is None) == (bag is None):
        raise click.UsageError("give --recording or --bag")
    if bag is not None:
        refuse_beside_bags(context)
    end_as_interrupted()
    settings["output"].mkdir(parents=True, exist_ok=True)
    out = console()
    if bag is not None:
        _from_bag(bag, settings, out)
    elif recording is not None:
        _from_recording(recording, settings, out)
    return 0


def _from_recording(recording: Path, settings: dict[str, Any], out: Console) -> None:
    from ...carla_client.replay.recordings import recording_info
    from ...cosmos.capture import Capture, capture
    from .clip_report import tell

    started = time.monotonic()
    sensors, replay = sensors_of(settings), replay_of(settings)
    controls, notes = controls_of(settings)
    said = settings["output"] / "carla_server.txt"
    with (
        recording_server(recording, settings, said, "cosmos controls") as server,
        open_session(server) as session,
        counting_progress(out) as progress,
    ):
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
            server.engine(session),
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
    wish = BagWish(settings["output"], controls, bag_window_of(settings))
    with counting_progress(out) as progress:
        task = progress.add_task("frames", total=None)
        done, more = clips_of_bag(
            bag, wish, timings, lambda k, n: progress.update(task, completed=k, total=n)
        )
    for note in (*notes, *more):
        out.print(f"note: {note}", soft_wrap=True)
    tell(out, settings["output"], done, timings, time.monotonic() - started)
