"""Spread the parts of one kernel call over the cores.

Kernels release the interpreter lock, so plain threads do; pieces of work are taken one by one, so a
core that is busy with something else takes fewer of them. Several callers may render at once.
The number of threads is numba's: ``NUMBA_NUM_THREADS`` in the environment, else the cores.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numba import config

_PARTS_PER_THREAD = 4


def thread_count() -> int:
    """Return how many threads work on one call."""
    return int(config.NUMBA_NUM_THREADS)


def part_count(blocks: int) -> int:
    """Return into how many parts to divide a number of blocks."""
    return max(1, min(blocks, _PARTS_PER_THREAD * thread_count() if thread_count() > 1 else 1))


def share(work: Callable[[int], None], parts: int) -> None:
    """Call ``work(0)`` to ``work(parts - 1)``, each once, on all threads; return when all are done.

    An error of any part is raised here.
    """
    numbers = itertools.count()

    def take() -> None:
        for number in numbers:
            if number >= parts:
                return
            work(number)

    _on_threads(take, parts)


def share_blocks(work: Callable[..., None], *blocks: int) -> None:
    """Call ``work(taken, ...)`` once on every thread, or on as many as there are blocks.

    The kernel that it calls takes numbers of blocks by ``next_block`` until none is left. That
    costs nothing, so that blocks may be small, where each call of a kernel from Python holds the
    other threads up for some 13 us. With several numbers of blocks ``work`` gets an array for each,
    to call a kernel for one after the other. An error of any call is raised here.
    """
    taken = tuple(np.zeros(1, np.int64) for _ in blocks)
    _on_threads(lambda: work(*taken), sum(blocks))


def _on_threads(work: Callable[[], None], most: int) -> None:
    helpers = [_pool().submit(work) for _ in range(min(thread_count(), most) - 1)]
    try:
        work()
    finally:
        # A helper that has not started by now would find nothing to do.
        started = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in started]
    for error in errors:
        if error is not None:
            raise error


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max(1, thread_count() - 1), thread_name_prefix="render")
