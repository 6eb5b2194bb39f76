"""``carla-nurec scene fetch``: download scenes of NVIDIA's data set."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ...core.errors import InputError


@click.command("fetch", epilog="Example: carla-nurec scene fetch 026d6a39 --out scenes")
@click.argument("scene_ids", nargs=-1, required=True)
@click.option(
    "--out",
    default=Path("scenes"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to download to.",
)
@click.option("--release", help="Only look in this release, such as 25.07 (for container 0.2.0).")
@click.option("--data-set", help="Another data set of the hub than NVIDIA's NuRec scenes.")
@click.option("--revision", help="Branch, tag or commit of the data set.")
@click.option("--accept-licence", is_flag=True, help="Do not ask about the licence.")
def command(
    scene_ids: tuple[str, ...],
    out: Path,
    release: str | None,
    data_set: str | None,
    revision: str | None,
    accept_licence: bool,
) -> int:
    """Download scenes by id (its beginning is enough) from the Hugging Face hub.

    The token comes from HF_TOKEN or from `hf auth login`. Call it again to go on with a
    download that was interrupted, in the middle of a file too; what is complete is not loaded
    twice. Every file is checked against the digest that the hub lists.
    """
    from ...scene.hub.hub import (
        DATA_SET,
        LICENCE,
        choose,
        fetch,
        published,
    )

    console = Console(highlight=False)
    name = data_set or DATA_SET
    if name == DATA_SET:
        console.print(LICENCE, soft_wrap=True)
        if not accept_licence and not _accepted():
            raise InputError("nothing is fetched without the licence; --accept-licence accepts it")
    scenes = [s for s in published(name, revision) if release in (None, s.release)]
    chosen = choose(scenes, scene_ids)
    total = sum(scene.size for scene in chosen)
    console.print(f"{len(chosen)} scenes, {total / 1e6:,.1f} MB")
    columns = (
        TextColumn("fetching"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)
        paths = fetch(chosen, out, name, lambda count: progress.advance(task, count))
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)
    return 0


def _accepted() -> bool:
    """Ask about the licence; where nobody can answer, that is a no."""
    try:
        return click.confirm("Do you have and accept this licence?")
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo()
        return False
