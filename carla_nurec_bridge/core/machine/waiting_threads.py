"""How the threads of libraries wait in our processes: asleep, never spinning."""

from __future__ import annotations

import os

ASLEEP = {
    "OMP_WAIT_POLICY": "passive",
    # Our matrices are small: more threads than one only wait for each other, calling the scheduler.
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER": "0",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN": "0",
}
"""Variables of the environment that libraries read when they are loaded."""


def wait_asleep() -> None:
    """Set the variables that are not set; call it before numpy or OpenCV is imported."""
    for name, value in ASLEEP.items():
        os.environ.setdefault(name, value)
