"""The recorder's summary of a run whose recorder was killed, read from the recovered bag."""

from __future__ import annotations

from ..core.errors import InputError
from ..core.run_contract.run_summary import (
    EgoSummary,
    RecordedControls,
    RecorderSummary,
    StreamCount,
)
from ..core.run_contract.topics import TOPICS
from ..recording import BagReader


def recorder_from_bag(bag: BagReader, ego: EgoSummary | None) -> RecorderSummary:
    """Return what the recorder would have written at its end, as far as the bag goes.

    ``ego`` is the summary of ``carla_ego``, None when there is none either. InputError when the
    bag has no plan or no frame.
    """
    plan = bag.plan()
    span_ns = bag.run_span_ns(plan) if plan else None
    if plan is None or span_ns is None:
        raise InputError(f"{bag.path} holds no frame of a run")
    frames = (span_ns[1] - span_ns[0]) // plan.dt_ns
    planned = {stream.topic: stream for stream in plan.streams}
    tallies = bag.tallies()
    streams = {}
    for stream in bag.streams():
        row, tally = planned.get(stream.topic), tallies[stream.topic]
        expected = row.expected(frames) if row else None
        recorded = tally.messages if expected is None else min(tally.messages, expected)
        reproducible = row is not None and TOPICS[row.key].reproducible
        streams[stream.topic] = StreamCount(
            type=stream.type,
            producer=row.producer if row else None,
            expected=expected,
            recorded=recorded,
            extra=tally.messages - recorded,
            bytes=tally.size_bytes,
            missed=(expected or recorded) - recorded,
            lost=0,
            under_way=row.delivery.under_way(frames) if row else 0,
            repeated=0,
            late=0,
            sha256=tally.sha256 if reproducible and tally.messages else None,
        )
    return RecorderSummary(
        run_id=ego.run_id if ego else None,
        state=ego.state if ego else "aborted",
        reason=(ego.reason if ego else "") or "the recorder was killed",
        frames=frames,
        t0_ns=span_ns[0],
        dt_ns=plan.dt_ns,
        streams=streams,
        controls=RecordedControls(camera=None, directory=None, videos={}),
        timings={},
        counts={topic: stream.recorded for topic, stream in streams.items()},
    )
