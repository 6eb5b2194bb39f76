"""Run a node: open ROS, spin in a thread of its own, work in the main thread, close in order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import final

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from ..core import heartbeat
from ..core.errors import BridgeError
from .dds import use_own_profile


@final
class Spinner:
    """The thread that runs a node's callbacks; open with ``with``, closed before the node."""

    def __init__(self, node: Node) -> None:
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._spin, name="executor")

    def __enter__(self) -> Spinner:
        self._thread.start()
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

    def close(self) -> None:
        """Stop and join the thread; a second call does nothing."""
        self._executor.shutdown()
        if self._thread.is_alive():
            self._thread.join()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except Exception as error:  # noqa: BLE001 - the top of this thread
            self._failure = error


def run(name: str, work: Callable[[Node, Spinner], int], args: list[str] | None = None) -> int:
    """Run ``work(node, spinner)`` for a new node called ``name``; return the exit code.

    A BridgeError becomes one line on standard error and its own exit code. Being interrupted or
    terminated ends with 130.
    """
    heartbeat.start()
    use_own_profile()
    rclpy.init(args=args)
    node = Node(name)
    try:
        with Spinner(node) as spinner:
            return work(node, spinner)
    except BridgeError as error:
        sys.stderr.write(f"{name}: error: {error}\n")
        return error.exit_code
    except (KeyboardInterrupt, ExternalShutdownException):
        return 130
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def leave(code: int) -> None:
    """Flush and end the process at once.

    The CARLA client library may abort while the interpreter tears down its streaming threads.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
