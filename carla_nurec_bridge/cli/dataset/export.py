"""``carla-nurec dataset export``: a data set in the format of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console

from ..log.tables import console, examples, table
from ..playing import counting_progress, end_as_interrupted

NAMES = ("coco", "panoptic", "odvg", "kitti", "yolo", "nuscenes", "mot", "smart-city")
"""The rows of FORMATS, which take seconds to import."""


@click.command(
    epilog=examples(
        "carla-nurec dataset export out/town --to coco -o out/coco",
        "carla-nurec dataset export out/monday out/tuesday --to coco -o out/both",
        "carla-nurec dataset export out/town --to yolo --split train=0.8,val=0.2 --seed 3 -o yolo",
    )
)
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--to", "name", type=click.Choice(NAMES), required=True, help="Format.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write."
)
@click.option(
    "--split",
    metavar="PART=SHARE,...",
    help="Parts of the set and their shares of the scenarios.  [default: train=1]",
)
@click.option("--seed", default=0, show_default=True, help="Which scenarios go to which part.")
def command(runs: tuple[Path, ...], name: str, output: Path, split: str | None, seed: int) -> int:
    """Write the data set RUN, or several as one, in the format of other tools.

    The folder is written whole or not at all; an earlier export there is replaced, anything else
    is not. A split gives whole scenarios to its parts, as the frames of one are alike. What the
    format cannot hold is told.
    """
    from ...dataset.export.split import ALL, parse_split

    end_as_interrupted()
    shares = ALL if split is None else parse_split(split)
    write_export(console(), runs, name, output, shares, seed)
    return 0


def write_export(
    out: Console,
    runs: Sequence[Path],
    name: str,
    output: Path,
    shares: Mapping[str, float],
    seed: int,
) -> None:
    """Write data sets as one in a format, and print what came of it."""
    from ...dataset.export.export import export_dataset
    from ...dataset.export.formats import FORMATS
    from ...dataset.store import Dataset

    form, datasets = FORMATS[name], [Dataset(run) for run in runs]
    with counting_progress(out) as progress:
        task = progress.add_task("images", total=None)
        done = export_dataset(
            datasets,
            form,
            output,
            shares,
            seed,
            lambda k, n: progress.update(task, completed=k, total=n),
        )
    shown = table(None, ("part",), ("scenarios", "images"))
    for part, images in done.images.items():
        shown.add_row(part, str(done.scenarios[part]), str(images))
    out.print(shown)
    out.print(f"{done.objects} objects, {done.ignored} of them ignored, as {name} in {output}")
    out.print(f"{name} cannot hold: {'; '.join(form.cannot_hold)}", soft_wrap=True)
