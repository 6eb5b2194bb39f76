"""How many runs an hour a machine or a cluster makes: docs/scale.md explains the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from ...core.errors import InputError
from ...core.run_contract.record import Record, Rounded
from ..closed_loop.result import RunCost


class RunTimes(Record):
    """What runs of a suite take: medians over those that are done."""

    runs: int = Field(description="runs that were measured")
    wall_s: Rounded = Field(description="wall time of one, s")
    start_s: Rounded = Field(description="of that until the first frame, s")
    drive_s: Rounded = Field(description="for the drive, s")
    score_s: Rounded = Field(description="for scores and report, s")
    cpu_s: Rounded = Field(description="processor time of one, s")
    memory_bytes: int = Field(description="memory of one, bytes")
    disk_bytes: int = Field(description="what one leaves, bytes")
    by_run: dict[str, RunCost] = Field(description="what each took")


@dataclass(frozen=True)
class Resources:
    """What runs are made on.

    * workers: runs at once on a node; cores and memory are a node's.
    * gpus: of a node, for NuRec; ``gpu_s`` of a run is what it needs of one.
    """

    workers: int
    cores: int
    nodes: int = 1
    memory_bytes: float = math.inf
    gpus: int = 0


@dataclass(frozen=True)
class Capacity:
    """How many runs an hour, and what holds more back."""

    runs_per_hour: float
    limit: str

    def hours(self, runs: int) -> float:
        """Return how long so many runs take, h."""
        return runs / self.runs_per_hour


def times_of(costs: Mapping[str, RunCost]) -> RunTimes:
    """Return the medians of what runs took; zeros without a run."""

    def median(values: Sequence[float]) -> float:
        return float(np.median(values)) if values else 0.0

    of = list(costs.values())
    return RunTimes(
        runs=len(of),
        wall_s=median([one.wall_s for one in of]),
        start_s=median([one.start_s for one in of]),
        drive_s=median([one.drive_s for one in of]),
        score_s=median([one.score_s for one in of]),
        cpu_s=median([one.cpu_s for one in of]),
        memory_bytes=int(median([one.memory_bytes for one in of])),
        disk_bytes=int(median([one.disk_bytes for one in of])),
        by_run=dict(costs),
    )


def capacity(
    alone_s: float, cpu_s: float, memory_bytes: float, on: Resources, gpu_s: float = 0.0
) -> Capacity:
    """Return the runs per hour of nodes that work side by side.

    A node makes as many runs as its scarcest resource lets through: its workers, each busy with a
    run for ``alone_s`` of wall time when nothing else runs; its cores, of which a run takes
    ``cpu_s``; its GPUs, of which a run takes ``gpu_s``. Workers that its memory does not hold do
    not count. InputError where not a single run fits.
    """
    held = int(on.memory_bytes // memory_bytes) if math.isfinite(on.memory_bytes) else on.workers
    workers = min(on.workers, held)
    if workers < 1:
        raise InputError(
            f"a run holds {memory_bytes / 2**30:.1f} GiB, a machine has only "
            f"{on.memory_bytes / 2**30:.1f}; give --memory more"
        )
    if gpu_s > 0.0 and on.gpus < 1:
        raise InputError("runs that need a GPU need machines with one; give --gpus too")
    per_s = {
        "workers" if workers == on.workers else "memory": workers / alone_s,
        "cores": on.cores / cpu_s,
    }
    if gpu_s > 0.0:
        per_s["GPUs"] = on.gpus / gpu_s
    limit = min(per_s, key=lambda name: per_s[name])
    return Capacity(3600.0 * on.nodes * per_s[limit], limit)
