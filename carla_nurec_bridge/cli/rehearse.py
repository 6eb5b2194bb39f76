"""``carla-nurec rehearse``: drive a run once without sensors and record it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..core.machine.ports import free_port
from ..core.run_contract import heartbeat
from ..runs.config import load_config
from ..runs.rehearsal import rehearse_here


@click.command()
@click.option(
    "--config",
    default="demo",
    show_default=True,
    help="Run configuration: a shipped name or a YAML file.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    required=True,
    help="OpenDRIVE file (.xodr, .xodr.gz) to drive in.",
)
@click.option(
    "--out",
    "log",
    type=click.Path(path_type=Path),
    required=True,
    help="CARLA recorder file to write.",
)
@click.option("--frames", type=click.IntRange(1), default=None, help="Frames to drive.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Seed of the run.")
@click.option("--vehicles", type=click.IntRange(0), default=None, help="Traffic vehicles.")
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=None,
    help="Port for the rehearsal's own server; default: a free one.",
)
def command(
    config: str,
    map_path: Path,
    log: Path,
    frames: int | None,
    seed: int | None,
    vehicles: int | None,
    port: int | None,
) -> None:
    """Drive a run once in an embedded CARLA of its own, without sensors, and record it."""
    given = {"frames": frames, "seed": seed, "vehicles": vehicles}
    overrides: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    run = load_config(
        config,
        map=map_path,
        nurec=False,
        embedded_carla=True,
        carla_host="127.0.0.1",
        carla_port=port or free_port(pair=True),
        carla_timeout_s=10.0,
        **overrides,
    )
    heartbeat.start()
    started = time.monotonic()
    done = rehearse_here(run, log)
    Console(highlight=False).print(
        f"rehearsed {done.frames} frames, {done.distance_m:.0f} m, {done.vehicles} vehicles in "
        f"{time.monotonic() - started:.1f} s: {done.log}"
    )
