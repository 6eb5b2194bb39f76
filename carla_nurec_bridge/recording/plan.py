"""What a run had to record, as kept in the first record of its bag."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.lockstep.delivery import AT_ONCE, Delivery
from ..core.lockstep.latency import Latency
from ..core.run_contract.streams import Stream


@dataclass(frozen=True)
class PlannedStream:
    """One expected topic: resolved name, ticks between messages (0: once), frame 0 included.

    ``delivery`` says when its messages came.
    """

    topic: str
    key: str
    producer: str
    period_ticks: int
    frame0: bool
    delivery: Delivery = AT_ONCE

    def expected(self, frames: int) -> int:
        """Return how many messages a run of ``frames`` ticks must have."""
        if self.period_ticks == 0:
            return 1
        captured = frames // self.period_ticks + int(self.frame0)
        return captured - self.delivery.under_way(frames)


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
                [s.topic, s.key, s.producer, s.period_ticks, s.frame0, *_late(s.delivery)]
                for s in self.streams
            ],
        }


def plan_of(streams: Sequence[Stream], names: Sequence[str], dt_ns: int) -> RunPlan:
    """Return the plan of ``streams`` under their resolved topic names."""
    planned = tuple(
        PlannedStream(name, s.key, s.producer, s.period_ticks, s.frame0, s.delivery)
        for s, name in zip(streams, names, strict=True)
    )
    return RunPlan(dt_ns, planned)


def plan_from_record(record: Mapping[str, str]) -> RunPlan | None:
    """Return the plan in a bag's metadata record, None when the bag has none."""
    if "streams" not in record:
        return None
    dt_ns = json.loads(record["dt_ns"])
    streams = tuple(_planned(dt_ns, *entry) for entry in json.loads(record["streams"]))
    return RunPlan(dt_ns, streams)


def _late(delivery: Delivery) -> tuple[str | int, ...]:
    """Return what the record has of a delivery: nothing where messages come at once."""
    late = delivery.latency
    if late.most_ns == 0:
        return ()
    return delivery.sensor, late.fixed_ns, late.jitter_ns, late.seed


def _planned(
    dt_ns: int, topic: str, key: str, producer: str, period: int, frame0: bool, *late: Any
) -> PlannedStream:
    delivery = AT_ONCE
    if late:
        sensor, *drawn = late
        delivery = Delivery(Latency(*drawn), dt_ns, sensor, period)
    return PlannedStream(topic, key, producer, period, frame0, delivery)
