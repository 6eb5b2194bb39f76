"""``carla-nurec cosmos submit``: have one video made by a Cosmos server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...core.machine.interrupts import terminate_as_interrupt
from ...cosmos.jobs.control_names import CONTROLS
from .options import (
    EXIT_CODES,
    FILE,
    PATH,
    Display,
    connection_options,
    deadline_of,
    policy_of,
)


def _control_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(CONTROLS):
        flag, help_ = f"--{name.replace('_', '-')}-video", f"Replaces the {name} control's video."
        command = click.option(flag, name, type=FILE, help=help_)(command)
    return command


@click.command(
    epilog="Example: carla-nurec cosmos submit http://127.0.0.1:8000 rain_heavy "
    f"--clip out/demo/controls --fit --output rain.mp4. {EXIT_CODES}"
)
@click.argument("endpoint")
@click.argument("config_toml", type=PATH)
@click.option("--output", type=str, help="File, or folder (exists, or ends in a slash).")
@click.option("--input-video", "input_", type=FILE, help="Replaces the TOML's input_video_path.")
@_control_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Replaces the TOML's seed.")
@click.option("--again", is_flag=True, help="Have it made anew, even if the server has it.")
@connection_options
def command(
    endpoint: str,
    config_toml: Path,
    output: str | None,
    seed: int | None,
    again: bool,
    clip: Path | None,
    **settings: Any,
) -> int:
    """Make a video from CONFIG_TOML at the server ENDPOINT and store it.

    CONFIG_TOML is a file, or the name of a shipped prompt (config/prompts). Controls of the TOML
    get their videos from --clip; --edge-video and the like go first.
    """
    from ...cosmos.jobs.protocols.connect import connect
    from ...cosmos.jobs.run import run_job
    from ...cosmos.jobs.spec import load_spec

    names = {"input": "input_", **{name: name for name in CONTROLS}}
    videos = {name: settings[key] for name, key in names.items() if settings[key] is not None}
    spec = load_spec(config_toml, videos, seed, clip)
    http, server = connect(
        endpoint,
        settings["api"],
        settings["token"],
        policy_of(settings),
        deadline_of(settings),
        settings["poll_interval"],
        backend=settings["backend"],
        controls=spec.controls,
    )
    target = None if output is None else Path(output)
    if output is not None and output.endswith("/"):
        Path(output).mkdir(parents=True, exist_ok=True)
    name = spec.source.stem
    try:
        with terminate_as_interrupt(), Display() as display:
            outcome = run_job(
                http,
                server,
                spec,
                target,
                lambda u: display.show(name, u),
                may_fit=settings["fit"],
                again=again,
                fetch_s=settings["result_timeout"],
            )
    finally:
        server.close()
    click.echo(f"{outcome.path}  sha256 {outcome.sha256}  job {outcome.job_id}")
    return 0
