"""``carla-nurec dataset annotate``: marks on the objects of clips, and questions about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...core.errors import BridgeError, InputError
from ..log.tables import console, examples, table
from ..playing import counting_progress, end_as_interrupted

if TYPE_CHECKING:
    from ...dataset.marks import MarkWish
    from ...dataset.store import Dataset, StoredScenario

_STYLES = ("2d", "3d", "mask")
"""STYLES of dataset.marks, which takes long to import."""
_LOW = 0.25


@click.command(
    epilog=examples(
        "carla-nurec dataset annotate out/town",
        "carla-nurec dataset annotate out/town --style mask --style 3d --scenario cut_in_7",
        "carla-nurec dataset annotate out/town --only-event",
    )
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--style",
    "styles",
    type=click.Choice(_STYLES),
    multiple=True,
    default=("2d",),
    show_default=True,
    help="How objects are drawn: visible box, 3D box, or mask; may be given again.",
)
@click.option(
    "--only-event",
    is_flag=True,
    help="A video for each event instead, with the marks of who takes part.",
)
@click.option("--scenario", "scenarios", multiple=True, help="Only this one; may be given again.")
@click.option("--camera", "cameras", multiple=True, help="Only this one; may be given again.")
@click.option(
    "--min-area",
    "least_area",
    type=click.FloatRange(0, 1),
    default=0.0004,
    show_default=True,
    help="Part of the image that an object fills at its best to get a mark.",
)
@click.option(
    "--min-visible",
    "least_visible",
    type=click.FloatRange(0, 1),
    default=0.35,
    show_default=True,
    help="Fraction of it that is seen then. Once marked, a quarter of both is enough.",
)
def command(
    run: Path,
    styles: tuple[str, ...],
    only_event: bool,
    scenarios: tuple[str, ...],
    cameras: tuple[str, ...],
    least_area: float,
    least_visible: float,
) -> int:
    """Draw numbers onto the objects of the data set RUN.

    Each clip, a camera of a scenario, gets the marks 1, 2, ... by first appearance; an object keeps
    its own through occlusion, and has the same in all augmented videos of the clip. The table
    marks.json says who is who. What is there of the same labels, limits and videos is kept; a clip
    that fails is told, costs no other, and makes the exit code 1.
    """
    from ...dataset.marks import MarkWish
    from ...dataset.store import Dataset
    from ...dataset.truth import MarkLimits

    end_as_interrupted()
    dataset = Dataset(run)
    limits = MarkLimits(
        low_area=_LOW * least_area,
        high_area=least_area,
        low_visible=_LOW * least_visible,
        high_visible=least_visible,
    )
    wish = MarkWish(tuple(dict.fromkeys(styles)), limits, only_event)  # type: ignore[arg-type]
    failed = _mark(dataset, _clips(dataset, scenarios, cameras), wish)
    return 1 if failed else 0


def _clips(
    dataset: Dataset, scenarios: tuple[str, ...], cameras: tuple[str, ...]
) -> list[tuple[StoredScenario, str]]:
    """Return the clips that are wished; InputError when there is no such one."""
    chosen = [dataset.scenario(name) for name in scenarios] or dataset.scenarios()
    clips = [(one, camera) for one in chosen for camera in one.truth.cameras]
    known = {camera for _, camera in clips}
    unknown = sorted(set(cameras) - known)
    if unknown:
        told = ", ".join(sorted(known)) or "none"
        raise InputError(f"{dataset.path} has no camera {', '.join(unknown)}; there are: {told}")
    if not clips:
        raise InputError(f"{dataset.path} has no finished scenario; record one first")
    return [(one, camera) for one, camera in clips if not cameras or camera in cameras]


def _mark(dataset: Dataset, clips: list[tuple[StoredScenario, str]], wish: MarkWish) -> int:
    """Draw the marks of clips and tell what was done; return how many failed."""
    from ...dataset.marks import mark_camera

    out, failed = console(), 0
    shown = table(None, ("scenario", "camera"), ("marks", "videos drawn", "there before"))
    with counting_progress(out) as progress:
        task = progress.add_task("frames", total=None)

        def on_frames(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        for scenario, camera in clips:
            what = f"{scenario.name} {camera}"
            progress.update(task, description=what, completed=0)
            try:
                done = mark_camera(dataset, scenario, camera, wish, on_frames)
            except KeyboardInterrupt:
                out.print("interrupted; the same command goes on with what is not finished")
                raise
            except BridgeError as error:
                failed += 1
                out.print(f"{what}: {error}", soft_wrap=True)
                continue
            for note in done.notes:
                out.print(f"note: {note}", soft_wrap=True)
            if done.table.missing_labels:
                out.print(f"note: {what}: no room for {done.table.missing_labels} labels")
            row = len(done.table.marks), done.drawn, done.kept
            shown.add_row(scenario.name, camera, *map(str, row))
    if shown.row_count:
        out.print(shown)
    return failed
