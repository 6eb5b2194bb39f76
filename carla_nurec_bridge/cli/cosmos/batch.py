"""``carla-nurec cosmos batch``: many prompts, many seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...core.errors import InputError
from ...core.machine.interrupts import terminate_as_interrupt
from .options import (
    EXIT_CODES,
    PATH,
    Display,
    connection_options,
    deadline_of,
    policy_of,
)


def _seeds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> list[int]:
    try:
        return [int(piece) for piece in (text or "").split(",") if piece.strip()]
    except ValueError as error:
        raise click.BadParameter("whole numbers with commas between, as 512,1024") from error


@click.command(
    epilog="Example: carla-nurec cosmos batch http://127.0.0.1:8000 config/prompts/*.toml "
    f"--clip out/demo/controls --fit --seeds 512,1024 --output out/variants. {EXIT_CODES}"
)
@click.argument("endpoint")
@click.argument("tomls", type=PATH, nargs=-1, required=True)
@click.option("--seeds", callback=_seeds, help="Seeds, with commas; without: that of each TOML.")
@click.option("--output", type=PATH, default=Path("outputs"), show_default=True, help="Folder.")
@connection_options
def command(
    endpoint: str,
    tomls: tuple[Path, ...],
    seeds: list[int],
    output: Path,
    clip: Path | None,
    **settings: Any,
) -> int:
    """Make a video of every TOML with every seed at the server ENDPOINT.

    Started again, it goes on where it stopped: OUTPUT/ledger.jsonl says what is done.
    """
    from ...cosmos.jobs.batch import plan, run_batch
    from ...cosmos.jobs.protocols.connect import connect

    items = plan(tomls, seeds, clip)
    if output.exists() and not output.is_dir():
        raise InputError(f"--output {output} is a file; a batch needs a folder")
    http, server = connect(
        endpoint,
        settings["api"],
        settings["token"],
        policy_of(settings),
        deadline_of(settings),
        settings["poll_interval"],
        "batch",
        settings["backend"],
        {name for item in items for name in item.spec.controls},
    )
    try:
        with terminate_as_interrupt(), Display() as display:
            tally = run_batch(
                http,
                server,
                items,
                output,
                display.show,
                may_fit=settings["fit"],
                fetch_s=settings["result_timeout"],
            )
    finally:
        server.close()
    click.echo(
        f"{len(tally.done)} made, {len(tally.skipped)} done before, {len(tally.failed)} failed, "
        f"in {output}"
    )
    return 1 if tally.failed else 0
