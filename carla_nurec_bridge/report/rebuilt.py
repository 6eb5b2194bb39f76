"""The recorder's summary of a run whose recorder was killed, read from the recovered bag."""

from __future__ import annotations

from typing import Any

from ..core.errors import InputError
from ..core.run_contract.topics import TOPICS
from ..recording import BagReader


def recorder_from_bag(bag: BagReader, ego: dict[str, Any]) -> dict[str, Any]:
    """Return what the recorder would have written at its end, as far as the bag goes.

    ``ego`` is the summary of ``carla_ego``, empty when there is none either. InputError when the
    bag has no plan or no frame.
    """
    plan = bag.plan()
    clocks = [stamp for _, _, stamp, _ in bag.raw(["/clock"])]
    if plan is None or not clocks:
        raise InputError(f"{bag.path} holds no frame of a run")
    frames = (max(clocks) - min(clocks)) // plan.dt_ns
    planned = {stream.topic: stream for stream in plan.streams}
    tallies = bag.tallies()
    streams = {}
    for stream in bag.streams():
        row, tally = planned.get(stream.topic), tallies[stream.topic]
        expected = row.expected(frames) if row else None
        recorded = tally.messages if expected is None else min(tally.messages, expected)
        reproducible = row is not None and TOPICS[row.key].reproducible
        streams[stream.topic] = {
            "type": stream.type,
            "producer": row.producer if row else None,
            "expected": expected,
            "recorded": recorded,
            "extra": tally.messages - recorded,
            "bytes": tally.size_bytes,
            "missed": (expected or recorded) - recorded,
            "repeated": 0,
            "late": 0,
            "sha256": tally.sha256 if reproducible and tally.messages else None,
        }
    return {
        "run_id": ego.get("run_id"),
        "state": ego.get("state") or "aborted",
        "reason": ego.get("reason") or "the recorder was killed",
        "frames": frames,
        "t0_ns": min(clocks),
        "dt_ns": plan.dt_ns,
        "streams": streams,
        "controls": {"camera": None, "directory": None, "videos": {}},
        "timings": {},
    }
