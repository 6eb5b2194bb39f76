"""Who may run kernels: one thread of the process at a time, work dealt evenly to the cores."""

from __future__ import annotations

import threading

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

# numba's pool serves one caller; a second one would abort the process or spin against the first.
KERNEL_LOCK = threading.Lock()


def dealt_blocks(count: int) -> NDArray[np.int32]:
    """Return the order of ``count`` blocks that gives every thread a mix of all image heights.

    numba splits the order into equal runs, one a thread; neighbours (sky, street) cost alike.
    """
    threads = get_num_threads()
    return np.concatenate(
        [np.arange(first, count, threads, dtype=np.int32) for first in range(threads)]
    )
