"""Which tracks edits put into the scene: nurec_render tells, carla_ego binds actors to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable

from rclpy.node import Node
from std_msgs.msg import String

from ...core.errors import ProtocolError
from ...core.run_contract.topics import TOPICS
from .qos import profile

_KEY = "objects_inserted"


class InsertedPublisher:
    """Tells the ids on ``objects/inserted`` (latched), whenever they change."""

    def __init__(self, node: Node) -> None:
        row = TOPICS[_KEY]
        self._publisher = node.create_publisher(String, row.name, profile(row.qos))
        self._told: tuple[str, ...] = ()

    def tell(self, track_ids: Iterable[str]) -> None:
        """Publish these ids unless they are those told last."""
        ids = tuple(sorted(track_ids))
        if ids != self._told:
            self._told = ids
            self._publisher.publish(String(data=json.dumps(ids)))


class InsertedTracks:
    """The reader's side; messages arrive in the executor.

    ``planned`` are known to come: an actor is bound to them before they are told.
    """

    def __init__(self, node: Node, planned: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._ids = tuple(planned)
        row = TOPICS[_KEY]
        node.create_subscription(String, row.name, self._take, profile(row.qos))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids told last; the planned ones before the first message."""
        with self._lock:
            return self._ids

    def _take(self, message: String) -> None:
        ids = read_ids(message)
        with self._lock:
            self._ids = ids


def read_ids(message: String) -> tuple[str, ...]:
    """Return the track ids of a message; ProtocolError when it holds something else."""
    try:
        content = json.loads(message.data)
    except ValueError:
        content = None
    if not isinstance(content, list) or not all(isinstance(item, str) for item in content):
        raise ProtocolError(
            f"objects/inserted must be a JSON list of names, not {message.data[:80]!r}"
        )
    return tuple(content)
