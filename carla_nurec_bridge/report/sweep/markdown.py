"""The report of a suite as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .values import SweepReport
from .words import chance, counts, figure, interval, methods, outcomes, winner


def sweep_markdown(report: SweepReport) -> str:
    """Return agents, pairs, what is flaky, and every run."""
    over = sum(run.is_over for run in report.runs)
    lines = [
        f"# Suite {report.suite}",
        "",
        f"{over} of {len(report.runs)} runs are over.",
        *_agents(report),
        *_pairs(report),
        *_flaky(report),
        *_runs(report),
        "",
        *(f"- {sentence}" for sentence in methods(report)),
    ]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(_plain(cell) for cell in row)} |"


def _agents(report: SweepReport) -> Iterator[str]:
    heads = ("score", *(one.agent for one in report.agents))
    rows = [
        (name, *(interval(one.figures.get(name)) for one in report.agents))
        for name in report.score_names
    ]
    unknown = [
        ", ".join(f"{count} without {name}" for name, count in one.unknown.items()) or "-"
        for one in report.agents
    ]
    yield ""
    yield "## Agents"
    yield from _table(
        heads, [("runs", *map(outcomes, report.agents)), *rows, ("unknown", *unknown)]
    )


def _pairs(report: SweepReport) -> Iterator[str]:
    for pair in report.pairs:
        yield ""
        yield f"## {pair.first} less {pair.second}"
        heads = ("score", "difference", "more / same / less", "p", "p (Holm)", "has more")
        rows = [
            (
                name,
                interval(test.difference),
                counts(test),
                chance(test.p_value),
                chance(pair.p_holm[name]),
                winner(pair, name, report.confidence),
            )
            for name, test in pair.tests.items()
        ]
        yield from _table(heads, rows)


def _flaky(report: SweepReport) -> Iterator[str]:
    if not report.flaky:
        return
    yield ""
    yield "## Flaky"
    rows = [
        (one.name, ", ".join(f"{count} {word}" for word, count in one.outcomes.items()))
        for one in report.flaky
    ]
    yield from _table(("run", "came out"), rows)


def _runs(report: SweepReport) -> Iterator[str]:
    yield ""
    yield "## Runs"
    names = [name for name in report.score_names if name != "passed"]
    rows = [
        (
            f"[{run.name}](runs/{run.name})",
            run.verdict or run.state,
            " ".join(run.lines),
            *(figure(run.scores.get(name)) for name in names),
        )
        for run in report.runs
    ]
    yield from _table(("run", "verdict", "what happened", *names), rows)


def _plain(text: str) -> str:
    """Return text that stays text in a table."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
