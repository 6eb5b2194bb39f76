"""The thread that runs the callbacks of nodes, and ends for certain."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import final

from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node

from ...core.errors import DeadlineError
from .kept_executor import KeptExecutor

_CLOSE_S = 30.0
_ROUND_S = 2.0


def _wake() -> None:
    """Do nothing: a task that makes the executor look whether it goes on."""


@final
class Spinner:
    """Runs the callbacks of nodes in a thread; open with ``with``, closed before the nodes.

    ``Executor.shutdown`` of rclpy takes the executor's guard condition away as soon as it has
    triggered it. A thread that is about to wait then waits without one, until a message comes that
    may never come. So the thread ends by a task, and then shuts the executor down itself, which
    waits for callbacks in the executor's own threads. ``rounds`` counts how often it has come
    round, which is every two seconds at least where no callback takes longer.
    """

    def __init__(self, *nodes: Node, executor: Executor | None = None) -> None:
        self._context = nodes[0].context
        self._executor = executor or KeptExecutor(context=self._context)
        for node in nodes:
            self._executor.add_node(node)
        self._closed = False
        self._woken = threading.Event()
        self._failure: BaseException | None = None
        self.rounds = 0
        name = f"executor of {nodes[0].get_name()}"
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def __enter__(self) -> Spinner:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def check(self) -> None:
        """Raise what ended the executor thread, if a callback failed."""
        if self._failure is not None:
            raise self._failure

    @property
    def runs(self) -> bool:
        """Whether callbacks are called."""
        return self._thread.is_alive() and not self._closed

    def close(self) -> None:
        """End and join the thread; a second call does nothing.

        Raises DeadlineError where a callback does not end: its thread is left behind.
        """
        if self._thread.ident is None:  # it was never opened
            self._executor.shutdown()
            return
        if not self._closed:
            self._closed = True
            self._executor.create_task(_wake)
            self._woken.set()
        self._thread.join(_CLOSE_S)
        if self._thread.is_alive():
            raise DeadlineError(
                f"the {self._thread.name} does not end: a callback has been running for "
                f"{_CLOSE_S:g} s"
            )

    def _spin(self) -> None:
        try:
            while not self._closed and self._context.ok():
                self._executor.spin_once(_ROUND_S)
                self.rounds += 1
        except ExternalShutdownException:
            pass
        except Exception as error:  # noqa: BLE001 - the top of this thread
            self._failure = error
        self._woken.wait()  # nobody is to wake an executor that is shut down
        self._executor.shutdown()
