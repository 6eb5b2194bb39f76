"""What a run had to record, as kept in the first record of its bag."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.run_contract.streams import Stream


@dataclass(frozen=True)
class PlannedStream:
    """One expected topic: resolved name, ticks between messages (0: once), frame 0 included."""

    topic: str
    key: str
    producer: str
    period_ticks: int
    frame0: bool

    def expected(self, frames: int) -> int:
        """Return how many messages a run of ``frames`` ticks must have."""
        if self.period_ticks == 0:
            return 1
        return frames // self.period_ticks + int(self.frame0)


@dataclass(frozen=True)
class RunPlan:
    """The tick in nanoseconds and the streams of a run."""

    dt_ns: int
    streams: tuple[PlannedStream, ...]

    def to_json(self) -> dict[str, object]:
        """Return the plan as values that JSON can hold, one key a field."""
        return {
            "dt_ns": self.dt_ns,
            "streams": [
                [s.topic, s.key, s.producer, s.period_ticks, s.frame0] for s in self.streams
            ],
        }


def plan_of(streams: Sequence[Stream], names: Sequence[str], dt_ns: int) -> RunPlan:
    """Return the plan of ``streams`` under their resolved topic names."""
    planned = tuple(
        PlannedStream(name, s.key, s.producer, s.period_ticks, s.frame0)
        for s, name in zip(streams, names, strict=True)
    )
    return RunPlan(dt_ns, planned)


def plan_from_record(record: Mapping[str, str]) -> RunPlan | None:
    """Return the plan in a bag's metadata record, None when the bag has none."""
    if "streams" not in record:
        return None
    streams = tuple(PlannedStream(*entry) for entry in json.loads(record["streams"]))
    return RunPlan(json.loads(record["dt_ns"]), streams)
