"""The clock has one owner: refuse to be the second."""

from __future__ import annotations

import os
import time

from rclpy.node import Node

from ...core.errors import RunError
from ...core.run_contract.topics import TOPICS

DISCOVERY_S = 1.0
_NAME_S = 1.0
_NAMELESS = "_NODE_NAME_UNKNOWN_"


def called(name: str, namespace: str) -> str:
    """Return what to call a node in a sentence."""
    if name == _NAMELESS:
        return "a program that does not tell its name"
    return f"{namespace.rstrip('/')}/{name}"


def refuse_second_clock(node: Node, wait_s: float = 0.0) -> None:
    """Raise RunError if another node publishes ``/clock``, now or within ``wait_s`` seconds.

    One whose name ROS does not know yet gets a second more to be named.
    """
    deadline = time.monotonic() + wait_s
    own = (node.get_name(), node.get_namespace())
    own_count = 1
    while True:
        owners = node.get_publishers_info_by_topic(TOPICS["clock"].name)
        names = [(info.node_name, info.node_namespace) for info in owners]
        others = [name for name in names if name != own]
        seconds = others or names[own_count:]
        late_s = time.monotonic() - deadline
        if seconds and (seconds[0][0] != _NAMELESS or late_s >= _NAME_S):
            raise RunError(
                f"{called(*seconds[0])} already publishes /clock in ROS domain "
                f"{os.environ.get('ROS_DOMAIN_ID', '0')}; stop it, or give this run a domain of "
                "its own (ROS_DOMAIN_ID)"
            )
        if not seconds and late_s >= 0.0:
            return
        time.sleep(0.1)
