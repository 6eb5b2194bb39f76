"""The table of repeated runs: what each came to, and whether it is like the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from ..core.run_contract.record import Record, Rounded
from .demo_flow import DemoRun


class RepeatedRun(Record):
    """One run of several with one seed; without a report its counts are 0, its figures null."""

    run: int = Field(description="number of the run, from 1")
    exit_code: int = Field(description="0 when the run finished and every stream is complete")
    outcome: str = Field(description="sentence about how its processes ended")
    complete: bool = Field(description="whether every planned stream has all its messages")
    streams_complete: int = Field(description="planned streams that have all their messages")
    streams: int = Field(description="planned streams")
    messages: int = Field(description="recorded messages of the planned streams")
    bytes: int = Field(description="their size, bytes")
    wall_s: float = Field(description="wall time of the whole, s")
    wall_s_per_simulated_s: Rounded | None = Field(description="wall time by simulated time, s/s")
    run_sha256: str | None = Field(description="hash of the run")
    equal: bool = Field(description="whether the hash is that of the first run that has one")
    hashes: dict[str, str | None] = Field(description="hash of each stream by topic")

    def differing(self, other: RepeatedRun) -> list[str]:
        """Return the topics of this run whose hashes ``other`` does not have."""
        return [t for t, digest in self.hashes.items() if digest != other.hashes.get(t)]


def compare(runs: Sequence[DemoRun]) -> tuple[RepeatedRun, ...]:
    """Return the rows of runs in their order."""
    digests = [run.report.run_sha256 for run in runs if run.report is not None]
    return tuple(_row(number, run, digests[:1]) for number, run in enumerate(runs, 1))


def write_repeats(out: Path, rows: Sequence[RepeatedRun]) -> Path:
    """Write the table of repeated runs as JSON; return its path."""
    path = out / "repeat.json"
    path.write_text(json.dumps([row.to_json() for row in rows], indent=1) + "\n")
    return path


def _row(number: int, run: DemoRun, first: Sequence[str]) -> RepeatedRun:
    report = run.report
    planned = report.planned().values() if report else ()
    return RepeatedRun(
        run=number,
        exit_code=run.exit_code,
        outcome=run.result.sentence,
        complete=bool(report and report.complete),
        streams_complete=sum(s.complete for s in planned),
        streams=len(planned),
        messages=sum(s.recorded for s in planned),
        bytes=sum(s.bytes for s in planned),
        wall_s=round(run.wall_s, 2),
        wall_s_per_simulated_s=report.wall_s_per_simulated_s if report else None,
        run_sha256=report.run_sha256 if report else None,
        equal=report is not None and report.run_sha256 in first,
        hashes={t: s.sha256 for t, s in report.streams.items()} if report else {},
    )
