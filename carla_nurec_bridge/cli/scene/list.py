"""``carla-nurec scene list``: the scenes of NVIDIA's data set, or those in a folder."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from ...core.errors import InputError


@click.command(
    "list", epilog="Examples: carla-nurec scene list --release 25.07; carla-nurec scene list scenes"
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--release", help="Only this release, such as 25.07.")
@click.option("--data-set", help="Another data set of the hub than NVIDIA's NuRec scenes.")
@click.option(
    "--limit",
    default=40,
    show_default=True,
    type=click.IntRange(0),
    help="Most lines printed; 0 = all.",
)
def command(folder: Path | None, release: str | None, data_set: str | None, limit: int) -> int:
    """List scenes: those in FOLDER, or without one those published on the Hugging Face hub."""
    table = Table(box=box.SIMPLE)
    for heading in ("scene", "release", "MB", "path"):
        table.add_column(heading, justify="right" if heading == "MB" else "left", no_wrap=True)
    rows = _local(folder) if folder else _published(data_set, release)
    for row in rows[: limit or None]:
        table.add_row(*row)
    console = Console(highlight=False)
    console.print(table)
    hidden = len(rows) - (min(limit, len(rows)) if limit else len(rows))
    console.print(f"{len(rows)} scenes" + (f", {hidden} not shown (--limit 0)" if hidden else ""))
    return 0


def _published(data_set: str | None, release: str | None) -> list[tuple[str, str, str, str]]:
    from ...scene.hub.hub import DATA_SET, published

    return [
        (scene.scene_id, scene.release, f"{scene.size / 1e6:,.1f}", scene.package)
        for scene in published(data_set or DATA_SET)
        if release in (None, scene.release)
    ]


def _local(folder: Path) -> list[tuple[str, str, str, str]]:
    from ...scene import open_scene

    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    rows = []
    for path in sorted(folder.rglob("*.usdz")):
        try:
            name = open_scene(path).scene_id
        except InputError:
            name = "cannot be opened; see scene check"
        rows.append((name, "", f"{path.stat().st_size / 1e6:,.1f}", str(path)))
    return rows
