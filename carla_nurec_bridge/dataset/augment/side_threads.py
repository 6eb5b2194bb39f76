"""Work in threads that never hold up the end of the program, as those of an executor would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import count
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_side_threads(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """Yield the results of ``work`` in the order of the items, and raise what it raises.

    Whoever stops to ask, or is interrupted, leaves what is at work to itself; nothing more begins.
    """
    futures: list[Future[Result]] = [Future() for _ in items]
    numbers, ended = count(), threading.Event()

    def run() -> None:
        while not ended.is_set():
            number = next(numbers)
            if number >= len(items):
                return
            try:
                futures[number].set_result(work(items[number]))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                futures[number].set_exception(error)

    for _ in range(min(threads, len(items))):
        threading.Thread(target=run, name="prompts", daemon=True).start()
    try:
        for future in futures:
            yield future.result()
    finally:
        ended.set()
