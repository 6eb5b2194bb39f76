"""How long the stages of a node's work take: medians and tails for diagnostics and reports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from pydantic import Field

from .run_contract.record import Record


class StageTime(Record):
    """How long the runs of one stage took, in wall time."""

    count: int = Field(description="runs of the stage")
    p50_ms: float = Field(description="median, ms")
    p99_ms: float = Field(description="99th percentile, ms")
    max_ms: float = Field(description="longest, ms")
    total_s: float = Field(description="all together, s")


class Timings:
    """Durations by stage name, in the order in which the stages were first seen."""

    def __init__(self) -> None:
        self._durations_s: dict[str, list[float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as one run of the stage ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.note(name, started)

    def note(self, name: str, started: float) -> None:
        """Take what began at ``started`` (time.perf_counter, s) as one run of a stage that ends."""
        self._durations_s.setdefault(name, []).append(time.perf_counter() - started)

    def add(self, other: Timings) -> None:
        """Take the durations that another has measured as well."""
        for name, durations in other._durations_s.items():
            self._durations_s.setdefault(name, []).extend(durations)

    def summary(self) -> dict[str, StageTime]:
        """Return the times of each stage, to the microsecond."""
        result = {}
        for name, durations in self._durations_s.items():
            ms = 1000.0 * np.array(durations)
            p50, p99 = np.percentile(ms, [50, 99])
            result[name] = StageTime(
                count=len(ms),
                p50_ms=round(float(p50), 3),
                p99_ms=round(float(p99), 3),
                max_ms=round(float(ms.max()), 3),
                total_s=round(float(ms.sum()) / 1000.0, 3),
            )
        return result
