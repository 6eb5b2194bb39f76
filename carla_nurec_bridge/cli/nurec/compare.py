"""``carla-nurec nurec compare``: how alike the pictures of two servers, folders or packages are."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ...core.machine.host_port import host_and_port
from ...scene.picture_comparison import Likeness, Pictures, compare, pictures_in
from ..finite import FiniteRange
from ..parameters.given import given

_OF_SERVERS = ("scene_id", "camera_ids", "frame_step", "height")
_FRAME = re.compile(r"frames/([\w.\-]+)/(\d{1,18}\.(?:jpe?g|png))")
_WAIT_S = 120.0


@click.command(
    "compare",
    epilog="Examples: carla-nurec nurec compare render_a render_b -o differences; "
    "carla-nurec nurec compare localhost:8080 localhost:8081 --frame-step 20; "
    "carla-nurec nurec compare scene.usdz render_output --tolerance-ms 20",
)
@click.argument("one")
@click.argument("other")
@click.option(
    "-o",
    "--output-dir",
    "out",
    type=click.Path(path_type=Path),
    default=Path("compared"),
    show_default=True,
    help="Folder for compare.json, and pictures of both sides and four times their difference.",
)
@click.option(
    "--tolerance-ms",
    default=1.0,
    show_default=True,
    type=FiniteRange(0.0, 1000.0),
    help="How far apart the stamps of two pictures may be.",
)
@click.option("--scene-id", help="Scene of a server.  [default: the only one]")
@click.option(
    "--camera-id",
    "camera_ids",
    multiple=True,
    default=("camera_front_wide_120fov",),
    show_default=True,
    help="Camera that a server draws; may be repeated, or 'all'.",
)
@click.option(
    "--frame-step",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="A server draws every n-th pose of the trajectory.",
)
@click.option(
    "--height",
    default=300,
    show_default=True,
    type=click.IntRange(16, 4320),
    help="Height in pixels of what a server draws.",
)
def command(
    one: str,
    other: str,
    out: Path,
    tolerance_ms: float,
    scene_id: str | None,
    camera_ids: tuple[str, ...],
    frame_step: int,
    height: int,
) -> None:
    """Compare pictures: PSNR, SSIM, and the correlation of edges, which exposure does not change.

    ONE and OTHER are folders that `nurec render` wrote, packages (their reference pictures), or
    HOST:PORT of a server on this machine, which then draws its scene.
    """
    console = Console(highlight=False, markup=False)
    if Path(one).exists() and Path(other).exists():
        _refuse_options_of_servers()
    sides: list[Pictures] = []
    for name, text in (("one", one), ("other", other)):
        path = Path(text)
        if path.is_dir():
            sides.append(pictures_in(path))
        elif path.is_file():
            sides.append(_reference_pictures(path, out / name))
        elif host_and_port(text):
            wish = (scene_id, camera_ids, frame_step, height)
            sides.append(_rendered(text, out / name, *wish, console))
        else:
            raise InputError(f"{text} is no folder, no package, and no HOST:PORT of a server")
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("comparing")
        likenesses = compare(
            sides[0],
            sides[1],
            out / "differences",
            tolerance_us=round(1000.0 * tolerance_ms),
            on_pair=lambda done, total: progress.update(task, completed=done, total=total),
        )
    rows = [asdict(likeness) for likeness in likenesses]
    report = {"one": one, "other": other, "pictures": rows}
    (out / "compare.json").write_text(json.dumps(report, indent=1))
    console.print(_table(likenesses))
    worst = min(likenesses, key=lambda one: one.psnr_db)
    console.print(
        f"{len(rows)} pairs; the least alike is {out}/differences/{worst.camera}/"
        f"{worst.stamp_us}.jpg",
        soft_wrap=True,
    )


def _refuse_options_of_servers() -> None:
    for parameter in given(click.get_current_context()):
        if parameter.name in _OF_SERVERS:
            raise InputError(f"{parameter.opts[0]} is for what a server draws; neither side is one")


def _table(likenesses: Sequence[Likeness]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("camera")
    for heading in ("pairs", "PSNR (dB)", "lowest", "SSIM", "edges"):
        table.add_column(heading, justify="right")
    for camera in dict.fromkeys(likeness.camera for likeness in likenesses):
        own = [likeness for likeness in likenesses if likeness.camera == camera]
        psnr = [likeness.psnr_db for likeness in own]
        table.add_row(
            camera,
            str(len(own)),
            f"{np.mean(psnr):.2f}",
            f"{min(psnr):.2f}",
            f"{np.mean([likeness.ssim for likeness in own]):.4f}",
            f"{np.mean([likeness.edges for likeness in own]):.4f}",
        )
    return table


def _reference_pictures(package: Path, folder: Path) -> Pictures:
    """Write the reference pictures of a package into a folder; return these, not older ones."""
    archive = open_archive(package)
    names = [(name, match) for name in archive.members if (match := _FRAME.fullmatch(name))]
    if not names:
        raise InputError(f"{package} holds no reference pictures frames/CAMERA/STAMP_US.jpeg")
    pictures = {}
    for name, match in names:
        path = folder / match[1] / match[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(name))
        pictures[match[1], int(path.stem)] = path
    return pictures


def _rendered(
    address: str,
    folder: Path,
    scene_id: str | None,
    camera_ids: tuple[str, ...],
    frame_step: int,
    height: int,
    console: Console,
) -> Pictures:
    """Have a server draw its scene into a folder; return what it drew, not older pictures."""
    from ...nurec.client.client import Deadlines, NurecClient
    from ...scene.along_trajectory import ImageWish, planned_images, render_to_files

    exposure_us = 30_000
    with (
        NurecClient(address, Deadlines(_WAIT_S, _WAIT_S, _WAIT_S)) as client,
        Progress(console=console, transient=True) as progress,
    ):
        plan = planned_images(client, scene_id, camera_ids, exposure_us, frame_step)
        task = progress.add_task(f"{address} draws", total=len(plan.frames))

        def show(end_us: int, errors: Sequence[str]) -> None:
            progress.advance(task)
            for error in errors:
                console.print(f"{address}: {end_us} us: {error}", style="red", soft_wrap=True)

        wish = ImageWish(height, "png", exposure_us, True, None)
        render_to_files(client, plan, wish, folder, show)
    with (folder / "timestamps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise InputError(f"{address} drew none of {len(plan.frames)} frames")
    return {(row["camera"], int(row["end_us"])): folder / row["file"] for row in rows}
