"""The one thread that calls the renderer: parallel kernels do not mix."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class _Job(Generic[Result]):
    work: Callable[[], Result]
    future: Future[Result]


class RenderThread:
    """Runs jobs one after another in the order they came; ``close`` ends it.

    The queue is as long as there are calls under way, which the server bounds.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._closed = False
        self._thread.start()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Queue a job; its future gives the result or the error, or is cancelled at the end."""
        future: Future[Result] = Future()
        if self._closed:
            future.cancel()
        else:
            self._jobs.put(_Job(work, future))
        return future

    def close(self) -> None:
        """Finish the jobs queued so far and end the thread; may be called twice."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                job.future.set_result(job.work())
            except BaseException as error:  # noqa: BLE001 - the call that waits for it gets it
                job.future.set_exception(error)
