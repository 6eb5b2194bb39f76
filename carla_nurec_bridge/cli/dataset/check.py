"""``carla-nurec dataset check``: say whether a data set is whole."""

from __future__ import annotations

from pathlib import Path

import click

from ..log.tables import console, examples, shortened
from ..playing import counting_progress

_DAMAGED = 1


@click.command(epilog=examples("carla-nurec dataset check out/town"))
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--limit", default=40, show_default=True, help="Problems shown; 0 for all.")
def command(run: Path, limit: int) -> int:
    """Count and hash every file of the data set RUN again, and hold labels against pixels.

    A mask's pixels must carry its actor's id in the instance image, and be all that do; boxes and
    areas must be those of the masks, places those of the frame and the camera, stamps those of the
    scenario. Exit codes: 0 whole, 1 damaged, 2 no data set.
    """
    from ...dataset.inspect import check_dataset
    from ...dataset.store import Dataset

    out, dataset = console(), Dataset(run)
    with counting_progress(out) as progress:
        task = progress.add_task("files and views", total=None)
        verdict = check_dataset(dataset, lambda k, n: progress.update(task, completed=k, total=n))
    shown = shortened(len(verdict.problems), limit)
    for problem in verdict.problems[:shown]:
        out.print(problem, soft_wrap=True)
    if shown < len(verdict.problems):
        out.print(f"and {len(verdict.problems) - shown} more; --limit 0 shows all")
    for scenario in verdict.unfinished:
        out.print(f"note: {scenario}", soft_wrap=True)
    state = f"damaged, {len(verdict.problems)} problems" if verdict.problems else "whole"
    out.print(
        f"{run}: {state}; {verdict.scenarios} scenarios, {verdict.views} views, "
        f"{verdict.files} files, {verdict.size / 1e6:.1f} MB",
        soft_wrap=True,
    )
    return _DAMAGED if verdict.problems else 0
