"""``carla-nurec dataset annotate``: marks on the objects of clips, and questions about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..finite import FiniteRange
from ..log.tables import examples
from ..playing import end_as_interrupted
from .annotating.asking import ask_all, write_layout
from .annotating.marking import clips_of, mark_all

if TYPE_CHECKING:
    from ...dataset.marks import Style

_STYLES = ("2d", "3d", "mask")
"""STYLES of dataset.marks, which takes long to import."""
_LOW = 0.25


@click.command(
    epilog=examples(
        "carla-nurec dataset annotate out/town",
        "carla-nurec dataset annotate out/town --style mask --style 3d --scenario cut_in_7",
        "carla-nurec dataset annotate out/town --split train=0.8,val=0.2 --seed 3 --multi-turn",
        "carla-nurec dataset annotate out/town --layout smart-city -o data/outputs --run-id 7",
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
    type=FiniteRange(0, 1),
    default=0.0004,
    show_default=True,
    help="Part of the image that an object fills at its best to get a mark.",
)
@click.option(
    "--min-visible",
    "least_visible",
    type=FiniteRange(0, 1),
    default=0.35,
    show_default=True,
    help="Fraction of it that is seen then. Once marked, a quarter of both is enough.",
)
@click.option(
    "--questions/--no-questions",
    "ask",
    default=True,
    show_default=True,
    help="Ask questions, and write training files of all scenarios that have some.",
)
@click.option(
    "--each",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    help="Most questions of a kind, or about a kind of event, for a camera.",
)
@click.option(
    "--split",
    metavar="PART=SHARE,...",
    help="Parts of the training files and their shares of the scenarios.  [default: train=1]",
)
@click.option("--multi-turn", is_flag=True, help="Up to eight questions in a conversation.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn."
)
@click.option(
    "--layout",
    type=click.Choice(["smart-city"]),
    help="Write videos and JSON files of NVIDIA's smart-city pipeline to --output instead.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --layout: the pipeline's data/outputs.",
)
@click.option("--run-id", help="With --layout: its RUN_ID.  [default: the name of RUN]")
@click.option(
    "--yes-ratio",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.5,
    show_default=True,
    help="With --layout: share of yes in its balanced file.",
)
def command(
    run: Path,
    styles: tuple[Style, ...],
    only_event: bool,
    scenarios: tuple[str, ...],
    cameras: tuple[str, ...],
    least_area: float,
    least_visible: float,
    **settings: Any,
) -> int:
    """Draw numbers onto the objects of the data set RUN, and ask questions about them.

    Each clip, a camera of a scenario, gets the marks 1, 2, ... by first appearance; an object keeps
    its own through occlusion, and has the same in all augmented videos of the clip. The table
    marks.json says who is who. Questions with answers from the labels, frames and events follow,
    each answer derived a second time, and training files in RUN/questions. What is there of the
    same labels, limits and videos is kept; a clip that fails is told, costs no other, and makes the
    exit code 1.
    """
    from ...dataset.export.split import ALL, parse_split, split_scenarios
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
    wish = MarkWish(tuple(dict.fromkeys(styles)), limits, only_event)
    shares = ALL if settings["split"] is None else parse_split(settings["split"])
    if settings["layout"] is not None:
        return write_layout(dataset, wish, settings)
    clips = clips_of(dataset, scenarios, cameras)
    if settings["ask"] and not only_event:
        split_scenarios(list(dataset.manifest.scenarios), shares, settings["seed"])  # refused early
    failed = mark_all(dataset, clips, wish)
    if settings["ask"] and not only_event:
        marked = dict.fromkeys(scenario.name for scenario, _ in clips)
        failed += ask_all(dataset, tuple(marked), wish, shares, settings)
    return 1 if failed else 0
