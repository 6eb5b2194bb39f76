"""What others ask of the world: weather to come, actors to be spawned."""

from __future__ import annotations

import threading

from rclpy.node import Node
from std_msgs.msg import String

from ...core.errors import InputError
from ...core.run_contract.topics import TOPICS
from ..publishers.qos import profile


class WorldRequests:
    """Keeps the latest request of each kind; callbacks run in the executor."""

    def __init__(self, node: Node) -> None:
        self._lock = threading.Lock()
        self._weather: str | None = None
        self._spawn: str | None = None
        for key, take in (
            ("command_weather", self._take_weather),
            ("command_spawn", self._take_spawn),
        ):
            row = TOPICS[key]
            node.create_subscription(String, row.name, take, profile(row.qos))

    def weather(self) -> str | None:
        """Return the weather asked for since the last call."""
        with self._lock:
            text, self._weather = self._weather, None
            return text

    def spawn(self) -> str:
        """Return the YAML of the actors to spawn; InputError when none was given."""
        with self._lock:
            if self._spawn is None:
                raise InputError("nothing to spawn: publish the actors on command/spawn first")
            return self._spawn

    def _take_weather(self, message: String) -> None:
        with self._lock:
            self._weather = message.data

    def _take_spawn(self, message: String) -> None:
        with self._lock:
            self._spawn = message.data
