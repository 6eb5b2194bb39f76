"""``carla-nurec dataset show``: a data set as contact sheets and a page."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.files.reasons import reason_of
from ..log.tables import console, examples
from ..playing import counting_progress


@click.command(
    epilog=examples(
        "carla-nurec dataset show out/town",
        "carla-nurec dataset show out/town --link -o out/town_page",
    )
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder to write; what was shown there before is replaced.  [default: RUN/show]",
)
@click.option(
    "--embed/--link",
    "embed",
    default=None,
    help="Put videos into the page, or let it play those of RUN where they lie.  "
    "[default: into it up to 64 MB]",
)
@click.option(
    "--sheet-frames",
    type=click.IntRange(1, 64),
    default=12,
    show_default=True,
    help="Frames of a contact sheet.",
)
def command(run: Path, output: Path | None, embed: bool | None, sheet_frames: int) -> int:
    """Write contact sheets of the data set RUN, and a page that shows all of it in a browser.

    The page plays the videos of every camera with boxes, masks and names drawn over them, seeks
    events by a click, and has the figures of the whole set. It is one file and asks nothing of any
    network; with --link it needs RUN's videos where they are now.
    """
    from ...core.errors import InputError
    from ...dataset.store import Dataset
    from ...dataset.store.layout import SHOWN
    from ...report.show import show_dataset

    out, dataset, folder = console(), Dataset(run), output or run / SHOWN
    with counting_progress(out) as progress:
        task = progress.add_task("cameras", total=None)
        try:
            shown = show_dataset(
                dataset,
                folder,
                link=None if embed is None else not embed,
                sheet_frames=sheet_frames,
                progress=lambda k, n: progress.update(task, completed=k, total=n),
            )
        except OSError as error:
            place = error.filename or folder
            raise InputError(f"cannot write {place}: {reason_of(error, place)}") from error
    for note in shown.notes:
        out.print(f"note: {note}", soft_wrap=True)
    how = "linked to where they lie" if shown.linked else "in the page"
    out.print(f"contact sheets: {len(shown.sheets)} in {shown.sheets[0].parent}", soft_wrap=True)
    size_mb = shown.page.stat().st_size / 1e6
    out.print(f"videos: {shown.videos}, {how}", soft_wrap=True)
    out.print(f"page: {shown.page} ({size_mb:.1f} MB)", soft_wrap=True)
    return 0
