"""The scores of a drive as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluation.scores.plans import PlanFigures
from ...evaluation.scores.records import ScoreReport, ScoreResult

_UNREAD = "no rising stamps, another frame, or not finite"


def scores_markdown(report: ScoreReport) -> str:
    """Return the scores, their parts, infractions, limits and notes."""
    lines = [
        f"# Scores of {_plain(report.source)}",
        "",
        f"{report.ticks} ticks, {report.duration_s:.2f} s.",
        "",
        "| score | value | best | status |",
        "|---|--:|--:|---|",
    ]
    lines += [
        f"| {score.title} | {figure(score.value)} | {score.best:g} | {_plain(score.status)} |"
        for score in report.scores
    ]
    if report.plans is not None:
        lines += ["", *_plans(report.plans)]
    for score in report.scores:
        lines += ["", *_score(score)]
    return "\n".join(lines) + "\n"


def plans_told(plans: PlanFigures) -> str:
    """Return how many plans came, and how many of them could not be read."""
    unread = f", {plans.unread} of them without use: {_UNREAD}" if plans.unread else ""
    return f"{plans.plans} plans beside what was driven{unread}."


def _plans(plans: PlanFigures) -> Iterator[str]:
    yield "## Plans"
    yield ""
    yield plans_told(plans)
    yield ""
    yield "| horizon s | ADE m | FDE m | plans |"
    yield "|--:|--:|--:|--:|"
    for each in plans.horizons:
        errors = f"{figure(each.ade_m)} | {figure(each.fde_m)}"
        yield f"| {each.horizon_s:g} | {errors} | {each.plans} |"


def figure(value: float | None) -> str:
    """Return a figure for people, a dash for an unknown one."""
    return "-" if value is None else f"{value:.4g}"


def weight_of(score: ScoreResult, number: int) -> str:
    """Return how a part counts."""
    each = score.components[number]
    return f"weight {each.weight:g}" if each.weight is not None else each.role


def _score(score: ScoreResult) -> Iterator[str]:
    yield f"## {score.title}"
    yield ""
    yield f"By {_plain(score.metric_version)}."
    yield ""
    yield "| part | value | counts as |"
    yield "|---|--:|---|"
    for number, each in enumerate(score.components):
        yield f"| {each.name} | {figure(each.value)} | {weight_of(score, number)} |"
    if score.infractions:
        yield ""
        yield "| infraction | s | x, y (m) | actors | figures |"
        yield "|---|--:|--:|---|---|"
        for told in score.infractions:
            actors = ", ".join(map(str, told.actors))
            figures = ", ".join(f"{name} {figure(value)}" for name, value in told.figures.items())
            yield (
                f"| {told.kind} | {told.time_s:.2f} | {told.place_m[0]:.1f}, {told.place_m[1]:.1f} "
                f"| {actors} | {figures} |"
            )
    yield ""
    yield "Limits: " + ", ".join(f"{k} {v:g}" for k, v in score.thresholds.items()) + "."
    yield ""
    yield from (f"- {note}" for note in score.notes)


def _plain(text: str) -> str:
    """Return text that stays text in a table."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
