"""The one thread that calls the renderer, and fairness between those who wait for it."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
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
    """Runs jobs; ``close`` ends it.

    The jobs of one owner run in the order they came, owners take turns job by job: a batch of many
    images delays another client by one job. The queue is as long as the calls under way ask for,
    which the server bounds.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[_Job[Any]]] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._begun = 0
        self._at_work = False
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], Result], owner: str = "") -> Future[Result]:
        """Queue a job; its future gives the result or the error, or is cancelled at the end."""
        future: Future[Result] = Future()
        with self._changed:
            if self._closed:
                future.cancel()
            else:
                self._waiting.setdefault(owner, deque()).append(_Job(work, future))
                self._changed.notify()
        return future

    def stands(self) -> str:
        """Say what is being drawn, for a ``Standstill``; empty: nothing."""
        return f"drawing number {self._begun} is under way" if self._at_work else ""

    def close(self) -> None:
        """Finish the jobs queued so far and end the thread; may be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _next(self) -> _Job[Any] | None:
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            owner, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._waiting[owner] = jobs  # to the end: the others first
            return job

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            self._begun += 1
            self._at_work = True
            try:
                job.future.set_result(job.work())
            except BaseException as error:  # noqa: BLE001 - the call that waits for it gets it
                job.future.set_exception(error)
            self._at_work = False
