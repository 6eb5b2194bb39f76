"""Plots of a suite as inline SVG: means with their bounds, differences, and who passed where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from ...evaluation.comparison.bootstrap import Interval
from .values import SweepReport, SweepRow
from .words import figure, interval

_WIDTH, _ROW, _TOP, _BOTTOM, _SIDE = 420, 26, 24, 20, 12
_LABEL, _LOOKS = 15, 6

MARKS = {"passed": "✓", "failed": "✗", "undecided": "?"}
"""How a verdict looks beside its colour; other endings look like ``OTHER_MARK``."""
OTHER_MARK = "!"


def interval_plot(
    title: str, rows: Sequence[tuple[str, Interval | None]], *, zero: bool = False
) -> str:
    """Return a figure with a line for each mean and its bounds; ``zero`` marks no difference."""
    known = [(name, found) for name, found in rows if found is not None and found.mean is not None]
    if not known:
        return ""
    ends = [
        value
        for _, found in known
        for value in (found.mean, found.low, found.high)
        if value is not None
    ]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return _SIDE + (_WIDTH - 2 * _SIDE) * (value - low) / span

    height = _TOP + _ROW * len(known) + _BOTTOM
    foot = height - _BOTTOM
    parts = [f'<text class="title" x="{_SIDE}" y="16">{escape(title)}</text>']
    if zero:
        x = f"{at(0.0):.1f}"
        parts.append(f'<line class="zero" x1="{x}" x2="{x}" y1="{_TOP}" y2="{foot}"/>')
    for number, (name, found) in enumerate(known):
        parts += _row(name, found, _TOP + _ROW * number + _LABEL, number, at)
    parts.append(f'<text x="{_SIDE}" y="{height - 5}">{figure(low)}</text>')
    end = f'<text class="end" x="{_WIDTH - _SIDE}" y="{height - 5}">{figure(high)}</text>'
    told = "; ".join(f"{name} {interval(found)}" for name, found in known)
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}"><title>{escape(f"{title}: {told}")}'
        f"</title>{''.join(parts)}{end}</svg>"
    )


def _row(
    name: str, found: Interval, y: float, number: int, at: Callable[[float], float]
) -> list[str]:
    mean, look = at(found.mean or 0.0), f"a{number % _LOOKS}"
    low = at(found.low) if found.low is not None else mean
    high = at(found.high) if found.high is not None else mean
    return [
        f'<text x="{_SIDE}" y="{y - 4}">{escape(name)}</text>',
        f'<line class="bounds {look}" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 3}" y2="{y + 3}"/>',
        f'<circle class="{look}" cx="{mean:.1f}" cy="{y + 3}" r="4"/>',
    ]


def verdicts(report: SweepReport) -> str:
    """Return a table of scenarios by agents with a mark for each run, which leads to its folder."""
    agents = [one.agent for one in report.agents]
    variants = dict.fromkeys(run.variant for run in report.runs)
    head = "".join(f"<th>{escape(agent)}</th>" for agent in agents)
    body = []
    for variant in variants:
        cells = [
            "".join(
                _mark(run) for run in report.runs if (run.variant, run.agent) == (variant, agent)
            )
            for agent in agents
        ]
        body.append(f"<tr><td>{escape(variant)}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>")
    return f"<table><tr><th>scenario</th>{head}</tr>{''.join(body)}</table>"


def _mark(run: SweepRow) -> str:
    word = run.verdict if run.state == "finished" and run.verdict else run.state
    sign = MARKS.get(word, OTHER_MARK)
    told = escape(f"seed {run.seed}: {word}; {' '.join(run.lines)}", quote=True)
    kind = word if word in MARKS else "other"
    where = f"#{escape(run.name, quote=True)}"
    return f'<a class="mark {kind}" href="{where}" title="{told}">{sign}</a>'
