"""Plots as inline SVG: bars of names and of bins; the page's style gives them their colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_WIDTH = 360
_ROW, _NAME, _COUNT = 24, 112, 56
_TOP, _HEIGHT, _AXIS = 18, 150, 34
_MOST_LABELS, _LEAST_BINS = 11, 10


def bars(title: str, counts: Mapping[str, int]) -> str:
    """Return a figure with one bar for each name, the longest first."""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not rows:
        return _figure(title, _nothing())
    longest, room = rows[0][1], _WIDTH - _NAME - _COUNT
    parts = []
    for number, (name, count) in enumerate(rows):
        middle = number * _ROW + _ROW / 2
        length = max(room * count / longest, 1.0)
        parts.append(
            f'<text x="{_NAME - 8}" y="{middle}" class="end">{escape(name)}</text>'
            f'<rect x="{_NAME}" y="{middle - 7}" width="{length:.1f}" height="14" rx="3">'
            f"<title>{escape(name)}: {grouped(count)}</title></rect>"
            f'<text x="{_NAME + length + 6:.1f}" y="{middle}" class="count">{grouped(count)}</text>'
        )
    return _figure(title, _drawing(len(rows) * _ROW, "".join(parts), title))


def histogram(title: str, counts: Mapping[int, int], width: float, unit: str) -> str:
    """Return a figure with one bar for each bin from 0 on; bin n begins at n times ``width``."""
    if not counts:
        return _figure(title, _nothing())
    bins, highest = max(max(counts) + 1, _LEAST_BINS), max(counts.values())
    step = _WIDTH / bins
    every = -(-bins // _MOST_LABELS)
    parts = []
    for number in range(bins):
        count = counts.get(number, 0)
        tall = _HEIGHT * count / highest
        left = number * step
        said = f"from {number * width:g} to {(number + 1) * width:g}: {grouped(count)}"
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{_TOP + _HEIGHT - tall:.1f}" width="{step - 2:.1f}" '
            f'height="{tall:.1f}" rx="2"><title>{said}</title></rect>'
        )
        if number % every == 0:
            parts.append(
                f'<text x="{left:.1f}" y="{_TOP + _HEIGHT + 14}" '
                f'class="{"" if number == 0 else "middle"}">{number * width:g}</text>'
            )
    base = _TOP + _HEIGHT + 0.5
    parts.append(f'<line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}"/>')
    parts.append(f'<text x="0" y="9" class="count">{grouped(highest)}</text>')
    parts.append(
        f'<text x="{_WIDTH}" y="{_TOP + _HEIGHT + 29}" class="end count">{escape(unit)}</text>'
    )
    return _figure(title, _drawing(_TOP + _HEIGHT + _AXIS, "".join(parts), title))


def grouped(number: int) -> str:
    """Return a number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _drawing(height: int, inner: str, title: str) -> str:
    told = f'role="img" aria-label="{escape(title)}"'
    return f'<svg viewBox="0 0 {_WIDTH} {height}" {told}>{inner}</svg>'


def _figure(title: str, drawing: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{drawing}</figure>"


def _nothing() -> str:
    return '<p class="quiet">none</p>'
