"""An executor that keeps its wait set: hearing a message costs a fraction of what rclpy takes.

For every burst of messages rclpy lists all entities and makes a wait set of them, for each message
a task and two coroutines, and then wakes itself once more. Here a wait set is made when an entity
comes or goes, and the callbacks of subscriptions are called at once. All else is left to rclpy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from inspect import iscoroutinefunction
from typing import Any, Literal, final, get_args

from rclpy.context import Context
from rclpy.executors import (
    ExternalShutdownException,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
)
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node

try:
    from rclpy.event_handler import EventHandler
except ImportError:  # Humble
    from rclpy.qos_event import QoSEventHandler as EventHandler

_REST_S = 2.0
"""Wall time from one look of rclpy at everything to the next. Events of QoS are found by it only:
every topic has two, and nothing waits for them."""
_NS_PER_S = 1_000_000_000
_WAIT_SET = ("clear_entities", "wait", "get_ready_entities", "add_subscription")
_Other = Literal["guard_condition", "timer", "client", "service"]
_OTHERS: tuple[_Other, ...] = get_args(_Other)


class _WaitSet:
    """A wait set of the entities of nodes, whose handles are in use until ``close``.

    ``guard`` is the condition by which rclpy wakes its executor.
    """

    def __init__(self, nodes: Sequence[Node], guard: GuardCondition, context: Context) -> None:
        entities: dict[str, list[Any]] = {
            "subscription": [one for node in nodes for one in node.subscriptions],
            "guard_condition": [guard],
            "timer": [one for node in nodes for one in node.timers],
            "client": [one for node in nodes for one in node.clients],
            "service": [one for node in nodes for one in node.services],
        }
        self._heard = {
            one.handle.pointer: one
            for one in entities["subscription"]
            if not iscoroutinefunction(one.callback)
        }
        with ExitStack() as opening:
            handles = {kind: [one.handle for one in ones] for kind, ones in entities.items()}
            for handle in (*(h for ones in handles.values() for h in ones), context.handle):
                opening.enter_context(handle)
            subscriptions, guards, timers, clients, services = map(len, handles.values())
            self._set = _rclpy.WaitSet(
                subscriptions, guards, timers, clients, services, 0, context.handle
            )
            self._in_use = opening.pop_all()
        self._add = [
            (getattr(self._set, f"add_{kind}"), handle)
            for kind, ones in handles.items()
            for handle in ones
        ]

    def wait(self, timeout_ns: int) -> tuple[list[Any], bool]:
        """Return the subscriptions that have a message, and whether anything else is ready.

        Those whose callbacks are coroutines count among the others.
        """
        self._set.clear_entities()
        for add, handle in self._add:
            add(handle)
        self._set.wait(timeout_ns)
        ready = self._set.get_ready_entities
        pointers = ready("subscription")
        heard = [self._heard[pointer] for pointer in pointers if pointer in self._heard]
        return heard, len(heard) < len(pointers) or any(ready(kind) for kind in _OTHERS)

    def close(self) -> None:
        """Let go of the handles; a second call does nothing."""
        self._in_use.close()


@final
class KeptExecutor(SingleThreadedExecutor):
    """Calls callbacks in the thread that spins, all that are ready in one ``spin_once``.

    It goes rclpy's own way while a coroutine is under way, which may keep others from being called,
    for nodes with actions or guard conditions of their own, and where rclpy is another one than is
    known here.
    """

    def __init__(self, *, context: Context | None = None) -> None:
        self._kept: _WaitSet | None = None
        self._changed = True
        self._rest_s = 0.0
        self._waiting = threading.Lock()
        super().__init__(context=context)

    def wake(self) -> None:
        """Look again at what there is to wait for."""
        self._changed = True
        super().wake()

    def add_node(self, node: Node) -> bool:
        """Call the callbacks of a node too; False when they are already."""
        self._changed = True
        return super().add_node(node)

    def remove_node(self, node: Node) -> None:
        """Call the callbacks of a node no more."""
        self._changed = True
        super().remove_node(node)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Call nothing any more."""
        ended = super().shutdown(timeout_sec)
        with self._waiting:  # a wait under way is woken by now
            self._let_go()
        return ended

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait ``timeout_sec`` at most (None: for ever), and call every callback that is ready.

        What is for rclpy may end the wait earlier.
        """
        with self._waiting:
            wait_set = self._wait_set()
            if wait_set is not None:
                left_s = self._rest_s - time.monotonic()
                if timeout_sec is not None and timeout_sec >= 0.0:
                    left_s = min(left_s, timeout_sec)
                heard, others = wait_set.wait(int(max(left_s, 0.0) * _NS_PER_S))
        if wait_set is None:
            super().spin_once(timeout_sec)
            return
        if not self._context.ok():
            raise ExternalShutdownException
        for subscription in heard:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
            if taken is not None:
                subscription.callback(taken[0])
        if others or time.monotonic() >= self._rest_s:
            self._rest_s = time.monotonic() + _REST_S
            self._do_rest()

    def _wait_set(self) -> _WaitSet | None:
        """Return the wait set of what there is now; None where rclpy has to do it all."""
        if any(not task.done() for task, *_ in tuple(getattr(self, "_tasks", ()))):
            return None
        if self._changed:
            self._let_go()
            self._changed = False
            nodes, guard = self.get_nodes(), getattr(self, "_guard", None)
            known = isinstance(getattr(self, "_tasks", None), list) and _is_known(guard)
            if known and all(map(_is_plain, nodes)):
                self._kept = _WaitSet(nodes, guard, self._context)
        return self._kept

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        self._changed = True
        if kept is not None:
            kept.close()

    def _do_rest(self) -> None:
        """Have rclpy call what is ready, messages included."""
        with suppress(TimeoutException, ShutdownException):
            while True:
                task, _, _ = self.wait_for_ready_callbacks(timeout_sec=0.0)
                task()
                task.result()


def _is_known(guard: object) -> bool:
    """Whether rclpy has what is used of its inside, as it does from Humble to Kilted."""
    wait_set = getattr(_rclpy, "WaitSet", None)
    return isinstance(guard, GuardCondition) and all(hasattr(wait_set, n) for n in _WAIT_SET)


def _is_plain(node: Node) -> bool:
    """Whether a node has nothing but events of QoS and callbacks that take a message alone."""
    return (
        not any(node.guards)
        and all(isinstance(one, EventHandler) for one in node.waitables)
        and all(_takes_message(one) for one in node.subscriptions)
    )


def _takes_message(subscription: Any) -> bool:
    """Whether a callback takes a message alone, which Humble's all do."""
    kind = getattr(subscription, "_callback_type", None)
    return kind is None or bool(kind.name == "MessageOnly")
