"""What the report of a suite says in words and figures, the same in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluation.comparison.bootstrap import Interval
from ...evaluation.comparison.paired import PairedTest
from .values import AgentFigures, AgentPair, SweepReport


def figure(value: float | None) -> str:
    """Return a figure for people, a dash for an unknown one."""
    return "-" if value is None else f"{value:.4g}"


def interval(found: Interval | None) -> str:
    """Return a mean with its bounds."""
    if found is None or found.mean is None:
        return "-"
    if found.low is None or found.high is None:
        return figure(found.mean)
    return f"{figure(found.mean)} ({figure(found.low)} to {figure(found.high)})"


def chance(p_value: float | None) -> str:
    """Return a p-value for people."""
    if p_value is None:
        return "-"
    return "< 0.0001" if p_value < 1e-4 else f"{p_value:.4f}"


def winner(pair: AgentPair, name: str, confidence: float) -> str:
    """Return who has more of a score with more certainty than chance gives, else a word for it."""
    test, p_value = pair.tests[name], pair.p_holm[name]
    mean = test.difference.mean
    if p_value is None or mean is None or p_value > 1.0 - confidence:
        return "not told apart"
    return pair.first if mean > 0 else pair.second


def outcomes(agent: AgentFigures) -> str:
    """Return how many runs of an agent ended how."""
    return ", ".join(f"{count} {word}" for word, count in agent.outcomes.items())


def counts(test: PairedTest) -> str:
    """Return in how many runs the first had more, the same, less."""
    return f"{test.wins} / {test.ties} / {test.losses}"


def methods(report: SweepReport) -> Iterator[str]:
    """Say how the figures were come by."""
    percent = f"{100 * report.confidence:g} %"
    yield (
        f"Means are over all runs in which an agent had its chance, {PASSED_MEANS}. Bounds hold "
        f"{percent} and are percentiles of {report.resamples} bootstrap draws of whole scenarios, "
        f"each with all its runs (seed {report.statistics_seed})."
    )
    yield (
        "Pairs are the same scenario, variant, seed and repeat. Their p-values are Wilcoxon's "
        "signed-rank test, two-sided, over the scenarios' mean differences; Holm's step-down holds "
        "them for all scores of a pair together."
    )
    if report.repeats == 1:
        yield "Each seed ran once, so nothing is known of flaky scenarios (repeats: 2 would tell)."
    again = sum(row.tries > 1 for row in report.runs)
    if again:
        yield f"{again} runs were begun again because their simulator had died."


PASSED_MEANS = "passed being the share that ended with the verdict passed"
