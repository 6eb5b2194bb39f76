"""Services with threads of their own, which may wait for the thread that ticks."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, final

from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from ...core.teardown import Teardown
from ..runtime.spinner import Spinner

_THREADS = 4
_LAST_ANSWER_S = 1.0


@final
class ServiceExecutor:
    """Serves in a node of its own, called after the one that it serves for; use with ``with``.

    The main node's only thread receives what a frame waits for, so it must not wait for a frame.
    """

    def __init__(self, node: Node) -> None:
        self._name = node.get_name()
        self._node = Node(
            f"{self._name}_services",
            context=node.context,
            namespace=node.get_namespace(),
            use_global_arguments=False,
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._group = ReentrantCallbackGroup()
        self._actions: list[ActionServer] = []
        self._answered_s = float("-inf")
        threads = MultiThreadedExecutor(_THREADS, context=node.context)
        self._spinner = Spinner(self._node, executor=threads)

    def serve(self, kind: Any, name: str, answer: Callable[[Any, Any], Any]) -> None:
        """Serve ``name`` with ``answer(request, response)``; ``~/`` is below the main node."""

        def noted(request: Any, response: Any) -> Any:
            try:
                return answer(request, response)
            finally:
                self._answered_s = time.monotonic()

        self._node.create_service(kind, self._path(name), noted, callback_group=self._group)

    def act(self, kind: Any, name: str, execute: Callable[[Any], Any]) -> ActionServer:
        """Serve an action that may be cancelled; ``execute(goal_handle)`` returns the result."""
        server = ActionServer(
            self._node,
            kind,
            self._path(name),
            execute,
            callback_group=self._group,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._actions.append(server)
        return server

    def _path(self, name: str) -> str:
        return f"{self._name}{name[1:]}" if name.startswith("~/") else name

    def __enter__(self) -> ServiceExecutor:
        self._spinner.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing().close_after(value)

    def close(self) -> None:
        """Stop serving, once nobody waits any more; a second call does nothing."""
        self._closing().close()

    def _closing(self) -> Teardown:
        return Teardown.in_order(
            ("the executor", self._spinner.close),
            ("the last answer", self._let_it_arrive),
            ("a service", self._spinner.check),
            ("actions", self._destroy_actions),
            ("the node of services", self._node.destroy_node),
        )

    def _let_it_arrive(self) -> None:
        """Stay for a second after an answer: one that ended the run is lost if its sender is."""
        time.sleep(max(self._answered_s + _LAST_ANSWER_S - time.monotonic(), 0.0))

    def _destroy_actions(self) -> None:
        """End the actions: nodes do not, and what is not ended keeps its shared memory for ever."""
        for server in self._actions:
            server.destroy()
        self._actions.clear()
