"""The overview of a data set: figures and plots, as HTML."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from html import escape
from typing import Any

from ...dataset.store import Dataset
from .charts import bars, grouped, histogram
from .statistics import DISTANCE_M, SPEED_MPS, VISIBLE, Statistics

_MOST_COMMANDS = 6


def overview_html(dataset: Dataset, counted: Statistics, index: Sequence[dict[str, Any]]) -> str:
    """Return the tiles and plots of a data set; ``index`` is what the list of scenarios tells."""
    kept, ignored = sum(counted.objects.values()), sum(counted.ignored.values())
    tiles = [
        ("scenarios", grouped(len(index))),
        ("seconds", f"{sum(one['seconds'] for one in index):g}"),
        ("images", grouped(counted.views)),
        ("actors labelled", grouped(sum(counted.tracks().values()))),
        ("labels", grouped(kept)),
        ("ignored labels", grouped(ignored)),
        ("events", grouped(sum(counted.events.values()))),
        ("hard negatives", grouped(counted.negatives)),
    ]
    plots = [
        bars("Labels by class", _words(counted.objects)),
        bars("Actors by class", _words(counted.tracks())),
        bars("Events by kind", _words(counted.events)),
        histogram("Distance", counted.distances, DISTANCE_M, "m"),
        histogram("Visible fraction", counted.visible, VISIBLE, "seen part of the object"),
        histogram("Speed", counted.speeds, SPEED_MPS, "m/s"),
        bars("Why labels are ignored", _words(counted.ignored)),
    ]
    boxes = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles
    )
    told = "".join(
        f'<p class="quiet">{escape(line)}</p>'
        for line in (dataset.manifest.created_by, *commands_of(dataset))
    )
    return (
        f"<h1>{escape(dataset.path.resolve().name)}</h1>{told}"
        f'<dl class="tiles">{boxes}</dl><div class="plots">{"".join(plots)}</div>'
    )


def commands_of(dataset: Dataset) -> list[str]:
    """Return the commands that recorded the scenarios; many are counted, the first few told."""
    manifest = dataset.manifest
    commands = dict.fromkeys(
        shlex.join(entry.command or manifest.command) for entry in manifest.scenarios.values()
    )
    shown = list(commands)[:_MOST_COMMANDS]
    left = len(commands) - len(shown)
    return shown + ([f"and {left} more, which manifest.json has by scenario"] if left else [])


def _words(counts: Any) -> dict[str, int]:
    return {name.replace("_", " "): count for name, count in counts.items()}
