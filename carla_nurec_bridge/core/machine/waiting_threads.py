"""How threads wait in our processes: those of libraries asleep, ours for short turns of Python."""

from __future__ import annotations

import os
import sys

ASLEEP = {
    "OMP_WAIT_POLICY": "passive",
    # Our matrices are small: more threads than one only wait for each other, calling the scheduler.
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER": "0",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN": "0",
}
"""Variables of the environment that libraries read when they are loaded."""

_MANY_CORES = 8


def wait_asleep() -> None:
    """Set the variables that are not set; call it before numpy or OpenCV is imported."""
    for name, value in ASLEEP.items():
        os.environ.setdefault(name, value)


def take_short_turns() -> None:
    """Where there are cores for them, let threads have the interpreter after half a millisecond.

    By default one waits ten times as long for another that computes, at each hand-over of a frame:
    5 % of a demo on 16 cores. On two, where it waits for a core anyway, turns cost more than that.
    """
    if len(os.sched_getaffinity(0)) >= _MANY_CORES:
        sys.setswitchinterval(0.0005)
