"""``carla-nurec bag recover``: make a bag whose writer was killed readable again."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ...recording import recover_bag


@click.command("recover")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Write the repaired bag here and leave DIRECTORY as it is.",
)
def command(directory: Path, out: Path | None) -> int:
    """Write the missing index, footer and metadata of the bag in DIRECTORY.

    The damaged file is kept beside the repaired one as FILE.mcap.damaged. Exit code 0: nothing was
    lost; 3: some data was lost, and what; 1: the disk refused; 2: DIRECTORY holds no bag.
    """
    console = Console(highlight=False, soft_wrap=True)
    done = recover_bag(directory, out)
    total = sum(done.counts.values())
    if not done.rewritten:
        console.print(f"{done.directory} is whole: {total} messages, nothing to do")
        return done.exit_code
    console.print(f"{done.directory}: recovered {total} messages on {len(done.counts)} topics")
    if done.kept_original is not None:
        console.print(f"the damaged file is kept as {done.kept_original}")
    for sentence in done.lost:
        console.print(f"[yellow]lost:[/] {sentence}")
    return done.exit_code
