"""``carla-nurec eval``: scores of a recorded drive."""

from __future__ import annotations

from pathlib import Path

import click

from ..core.errors import InputError
from ..core.files.reasons import reason_of
from .finite import FiniteRange
from .log.tables import console, examples, table


@click.command(
    epilog=examples(
        "carla-nurec eval out/demo",
        "carla-nurec eval out/demo/bag --scores nuplan,leaderboard_2_1 -o out/scores",
        "carla-nurec eval mine --map Town01.xodr.gz --expert human",
    )
)
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for scores.json, .md and .html.  [default: scores beside the bag]",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    help="OpenDRIVE file (.xodr, .xodr.gz) in place of the bag's own map.",
)
@click.option("--scores", default="", help="Scores to compute, with commas.  [default: all]")
@click.option(
    "--expert",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Bag or run of who is compared with; without it the route is.",
)
@click.option(
    "--time-limit", "time_limit_s", type=FiniteRange(0, min_open=True), help="Of the route, s."
)
@click.option(
    "--reference-impact",
    "reference_impact_mps",
    type=FiniteRange(0, min_open=True),
    help="NeuroNCAP's: the impact speed of who does nothing, m/s.",
)
@click.option(
    "--handover", "handover_s", type=FiniteRange(0), default=0.0, help="AlpaSim's: first s."
)
@click.option(
    "--parquet",
    is_flag=True,
    help="Write scores.parquet too: the ticks as a table (extra parquet).",
)
def command(
    source: Path,
    output: Path | None,
    map_path: Path | None,
    scores: str,
    expert: Path | None,
    time_limit_s: float | None,
    reference_impact_mps: float | None,
    handover_s: float,
    parquet: bool,
) -> None:
    """Score the drive in SOURCE, a bag or a run's folder with one.

    There are nuPlan's closed-loop score, NAVSIM's PDMS and EPDMS, CARLA's Leaderboard 2.0 and 2.1,
    Bench2Drive, AlpaSim's scene score with its metrics, and NeuroNCAP. A score that the drive does
    not tell (no map, no route) is shown as a dash, and what is missing beside it.
    """
    from ..evaluation.scores.scorer import asked_scores
    from ..report.scores.asked import AskedScores
    from ..report.scores.of_bag import score_bag, scores_folder
    from ..report.scores.parquet import check_parquet
    from ..report.scores.seen import look
    from ..report.scores.write import write_scores

    if parquet:
        check_parquet("--parquet")
    asked = AskedScores(
        asked_scores(scores), map_path, expert, time_limit_s, reference_impact_mps, handover_s
    )
    scored = score_bag(source, asked)
    folder = output or scores_folder(source)
    seen = look(source, scored)
    try:
        files = write_scores(folder, scored, seen, parquet=parquet)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {reason_of(error, folder)}") from error
    report = scored.report
    shown = table(f"{source}, {report.duration_s:g} s", ("score", "status"), ("value", "best"))
    for score in report.scores:
        value = "-" if score.value is None else f"{score.value:.4g}"
        shown.add_row(score.title, score.status, value, f"{score.best:g}")
    out = console()
    out.print(shown)
    for score in report.scores:
        for each in score.infractions:
            x, y, _ = each.place_m
            who = f" with {', '.join(map(str, each.actors))}" if each.actors else ""
            told = f"{score.title}: {each.kind}{who} at {each.time_s:.2f} s, ({x:.1f}, {y:.1f})"
            out.print(told, soft_wrap=True)
    out.print("written: " + ", ".join(map(str, files)), soft_wrap=True)
