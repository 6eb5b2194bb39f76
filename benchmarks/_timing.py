"""Time a piece of work over and over: medians, which other work on the machine moves least."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Hold milliseconds of a round: medians, of ``wall`` the 95th percentile too.

    ``cpu`` is the processor time of all threads of this process.
    """

    wall_ms: float
    wall_p95_ms: float
    cpu_ms: float


def measure(
    work: Callable[[], object], rounds: int, *, warm_up: int = 1, pause_s: float = 0.0
) -> Timing:
    """Time ``rounds`` calls after ``warm_up`` others, with a pause after each."""
    walls_s, cpus_s = [], []
    for _ in range(warm_up + rounds):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        work()
        walls_s.append(time.perf_counter() - wall_s)
        cpus_s.append(time.process_time() - cpu_s)
        time.sleep(pause_s)
    walls_ms = 1e3 * np.array(walls_s[warm_up:])
    return Timing(
        float(np.median(walls_ms)),
        float(np.quantile(walls_ms, 0.95)),
        1e3 * float(np.median(cpus_s[warm_up:])),
    )


def median_ms(work: Callable[[], object], rounds: int, *, pause_s: float = 0.0) -> float:
    """Return the median wall time of a call, after one to warm up."""
    return measure(work, rounds, pause_s=pause_s).wall_ms
