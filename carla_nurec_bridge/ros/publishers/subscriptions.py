"""Subscriptions to the topics of the table, with its types and its quality of service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from ...core.run_contract.topics import TOPICS
from .publishers import message_class
from .qos import profile


def subscribe(node: Node, key: str, take: Callable[[Any], None]) -> None:
    """Have ``take`` called in the executor with each message of the topic ``key``."""
    row = TOPICS[key]
    node.create_subscription(message_class(row.type), row.name, take, profile(row.qos))
