"""Calls of another process's services, none of whose answers is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rcl_interfaces.srv import GetParameterTypes
from rclpy.client import Client
from rclpy.node import Node

_AGAIN_S = 2.0


class Calls:
    """Calls services of the process whose main node is called ``server``.

    A client knows when it has found a server, not when the server has found the client's reader:
    rmw_fastrtps throws an answer away for which it finds no reader within 0.1 s. Readers are found
    in the order in which they were made. So each call first asks something harmless by a client
    that was made later, again and again; once that is answered, the answer of the call arrives too.
    """

    def __init__(
        self, node: Node, server: str, until: Callable[[Callable[[], Any], str], Any]
    ) -> None:
        self._node, self._server, self._until = node, server, until
        self._clients: dict[str, Client] = {}

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        """Call a service once and return its answer."""
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        client = self._clients[name]
        self._until(client.service_is_ready, f"service {client.srv_name}")
        self.be_found()
        future = client.call_async(request)
        self._until(future.done, f"the answer of {name}")
        return future.result()

    def be_found(self) -> None:
        """Wait until the server has found all readers that the node has made so far."""
        later = self._node.create_client(GetParameterTypes, f"{self._server}/get_parameter_types")
        self._until(later.service_is_ready, f"service {later.srv_name}")
        asked: list[Any] = []
        asked_s = -_AGAIN_S

        def answered() -> bool:
            nonlocal asked_s
            if time.monotonic() - asked_s > _AGAIN_S:
                asked_s = time.monotonic()
                asked.append(later.call_async(GetParameterTypes.Request()))
            return any(future.done() for future in asked)

        self._until(answered, f"{self._server} to find the reader of its answers")
        self._node.destroy_client(later)
