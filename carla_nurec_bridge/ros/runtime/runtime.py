"""Run a node: open ROS, spin in a thread of its own, work in the main thread, close in order."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

import rclpy
from rclpy._rclpy_pybind11 import RCLError, UnknownROSArgsError
from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from ...core.errors import BridgeError, InputError
from ...core.machine.interrupts import be_deaf, interrupt_once
from ...core.run_contract import heartbeat
from ...core.teardown import Teardown
from .dds import use_own_profile
from .malloc import keep_freed_memory
from .spinner import Spinner

_ANY_NAMESPACE = re.compile(r"(?:\w+:)?__ns:=(.*)")
_SOUND_NAMESPACE = re.compile(r"/|(?:/[A-Za-z_][A-Za-z0-9_]*)+")
_NAMESPACE = re.compile(r"^((?:\w+:)?__ns:=/(?:.*[^/])?)/+$")


def run(name: str, work: Callable[[Node, Spinner], int], args: list[str] | None = None) -> int:
    """Run ``work(node, spinner)`` for a new node called ``name``; return the exit code.

    A BridgeError becomes one line on standard error and its own exit code. SIGINT and SIGTERM
    interrupt the work wherever it is, once; the code is 130 then.
    """
    heartbeat.start()
    keep_freed_memory()
    use_own_profile()
    interrupt_once()
    # ROS's own handlers end the context under the worker's feet; ours let it say goodbye first.
    try:
        given = tidy_arguments(args)
        refuse_other_arguments(given)
        rclpy.init(args=given, signal_handler_options=SignalHandlerOptions.NO)
        node = Node(name)
    except (InputError, RCLError, NameValidationException, UnknownROSArgsError) as error:
        unknown = "unknown ROS arguments " if isinstance(error, UnknownROSArgsError) else ""
        sys.stderr.write(f"{name}: error: {unknown}{' '.join(str(error).split())}\n")
        rclpy.try_shutdown()
        return InputError.exit_code
    spinner = Spinner(node)
    closing = Teardown.in_order(
        ("signals", be_deaf),
        ("the executor", spinner.close),
        ("the node", node.destroy_node),
        ("ROS", rclpy.try_shutdown),
    )
    ended: BaseException | None = None
    code = 0
    try:
        with closing:
            spinner.open()
            try:
                code = work(node, spinner)
            except (BridgeError, KeyboardInterrupt) as error:
                ended, code = error, _told(name, error)
                heartbeat.leaves(code)
                raise
            heartbeat.leaves(code)
    except (BridgeError, KeyboardInterrupt) as error:
        if error is not ended:  # something could not be closed
            closing_code = _told(name, error)
            code = code or closing_code
    return code


def _told(name: str, error: BridgeError | KeyboardInterrupt) -> int:
    """Tell what ends a node; return its exit code."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    sys.stderr.write(f"{name}: error: {error}\n")
    return error.exit_code


def tidy_arguments(args: list[str] | None) -> list[str]:
    """Return the command line with namespaces as ROS wants them: without a slash at the end.

    InputError for one that ROS would not take, of which it tells the lexemes.
    """
    given = sys.argv if args is None else args
    tidy = [_NAMESPACE.sub(r"\1", word) for word in given]
    for word in tidy:
        namespace = _ANY_NAMESPACE.fullmatch(word)
        if namespace is not None and _SOUND_NAMESPACE.fullmatch(namespace[1]) is None:
            raise InputError(
                f"{word}: a namespace is a slash and a name of letters, digits and _, and so on, "
                "as in __ns:=/ego1"
            )
    return tidy


def refuse_other_arguments(given: list[str]) -> None:
    """Raise InputError where a command line has more than ROS arguments: nobody would read it."""
    others = remove_ros_args(given)[1:]
    if others:
        raise InputError(
            f"{' '.join(others)}: only ROS arguments are taken, as in "
            "--ros-args -p NAME:=VALUE --params-file FILE"
        )


def leave(code: int) -> None:
    """Flush and end the process at once.

    The CARLA client library may abort while the interpreter tears down its streaming threads.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
