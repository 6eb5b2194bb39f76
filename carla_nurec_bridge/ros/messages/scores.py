"""Scores as messages."""

from __future__ import annotations

from itertools import groupby

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import String

from ...evaluation.scores.records import ScoreReport, TickScores
from .convert import header


def tick_message(tick: TickScores) -> DiagnosticArray:
    """Return what the scores say at a tick: a status for each, its parts as values.

    Figures are written such that reading them gives the same number; unknown ones are empty.
    """
    rows = [(*name.split(".", 1), value) for name, value in tick.values.items()]
    statuses = [
        DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=score,
            values=[
                KeyValue(key=part, value="" if value is None else repr(value))
                for _, part, value in parts
            ],
        )
        for score, parts in groupby(rows, key=lambda row: row[0])
    ]
    return DiagnosticArray(header=header(tick.stamp_ns, "map"), status=statuses)


def report_message(report: ScoreReport) -> String:
    """Return the scores of a drive as JSON, without what held at each tick."""
    return String(data=report.model_dump_json(exclude={"stamps_ns", "series"}))
