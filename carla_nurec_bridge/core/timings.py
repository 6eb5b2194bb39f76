"""Time the stages of a node's work, for the summary that it leaves at its end."""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np


class Timings:
    """Wall times by stage, in the order in which the stages were first seen."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, stage: str, seconds: float) -> None:
        """Keep one duration in seconds."""
        self._seconds[stage].append(seconds)

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time the block and keep it under ``stage``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - started)

    def summary(self) -> dict[str, dict[str, float]]:
        """Return count, p50, p99 and max in milliseconds by stage."""
        result = {}
        for stage, seconds in self._seconds.items():
            p50, p99 = np.percentile(seconds, (50, 99)) * 1e3
            result[stage] = {
                "count": len(seconds),
                "p50_ms": round(float(p50), 3),
                "p99_ms": round(float(p99), 3),
                "max_ms": round(max(seconds) * 1e3, 3),
            }
        return result


def write_part(run_dir: Path, participant: str, content: Mapping[str, Any]) -> Path:
    """Write a participant's summary to ``parts/PARTICIPANT.json`` of the run; return its path.

    ``content`` has at least ``counts`` (messages by topic) and ``timings`` (of ``Timings``).
    """
    path = run_dir / "parts" / f"{participant}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
