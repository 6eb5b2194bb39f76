"""Plots of a score's parts over time, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 420, 96, 8, 20, 16
_MOST_POINTS = 800


def plot(
    title: str,
    times_s: Sequence[float],
    values: Sequence[float | None],
    marks_s: Sequence[float] = (),
) -> str:
    """Return a figure of values over time; gaps where they are unknown, lines at ``marks_s``."""
    known = [value for value in values if value is not None]
    if not known or not times_s:
        return ""
    low, high = min(known), max(known)
    span_s = max(times_s[-1] - times_s[0], 1e-9)
    room = _HEIGHT - _TOP - _BOTTOM

    def at(time_s: float) -> float:
        return _LEFT + (_WIDTH - 2 * _LEFT) * (time_s - times_s[0]) / span_s

    def up(value: float) -> float:
        return _TOP + room * (1.0 - (value - low) / (high - low)) if high > low else _TOP + room / 2

    every = max(1, -(-len(values) // _MOST_POINTS))
    rows = list(zip(times_s, values, strict=True))[::every]
    parts = [
        f'<line class="mark" x1="{at(t):.1f}" x2="{at(t):.1f}" y1="{_TOP}" y2="{_TOP + room}"/>'
        for t in marks_s
    ]
    for is_known, group in groupby(rows, key=lambda row: row[1] is not None):
        if is_known:
            points = " ".join(f"{at(t):.1f},{up(v):.1f}" for t, v in group if v is not None)
            parts.append(f'<polyline points="{points}"/>')
    said = f"{title}: {low:.4g} to {high:.4g}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<text x="{_LEFT}" y="13">{escape(title)}</text>'
        f'<text x="{_WIDTH - _LEFT}" y="13" class="end">{low:.4g} .. {high:.4g}</text>'
        f'{"".join(parts)}<text x="{_LEFT}" y="{_HEIGHT - 3}">{times_s[0]:.1f} s</text>'
        f'<text x="{_WIDTH - _LEFT}" y="{_HEIGHT - 3}" class="end">{times_s[-1]:.1f} s</text></svg>'
    )
