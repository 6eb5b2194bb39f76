"""What the options of `dataset record` say of a live world."""

from __future__ import annotations

from typing import Any

import click

from ...cosmos.played_recording import Carrier
from ...dataset.record.sources.from_live import LiveWish
from ..cosmos.capture_options import FPS
from .record_options import rigs_of


def live_wish_of(settings: dict[str, Any]) -> LiveWish:
    """Return what of a live world is recorded; UsageError where options do not fit one."""
    fps = settings["fps"] or FPS
    frames = settings["frames"] or round(settings["duration_s"] * fps)
    if not frames:
        raise click.UsageError("a live world has no end; give --duration or --frames")
    if settings["host"] and settings["map_name"]:
        raise click.UsageError(
            "--map is for an own CARLA; the one of --host is recorded in the map that it has"
        )
    if not settings["host"] and not settings["map_name"]:
        raise click.UsageError("give --host of the CARLA that runs, or --map for an own one")
    if not settings["host"] and not settings["vehicles"] and not settings["walkers"]:
        raise click.UsageError("an own world is empty; give --traffic or --walkers")
    return LiveWish(
        rigs_of(settings),
        Carrier(settings["actor_id"], settings["role"]),
        frames,
        fps,
        settings["start_s"],
        settings["vehicles"],
        settings["walkers"],
        settings["seed"],
        settings["warmup"],
    )
