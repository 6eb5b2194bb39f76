"""The publishers of one node: from the plan of streams, counted, matched with their readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions

from ...core.run_contract.streams import Stream, readers
from ...core.run_contract.topic import Topic
from ...core.run_contract.topics import TOPICS
from ..messages.bulk import BulkMessage
from ..messages.frame_prefix import prefix_frames
from ..sending.sender import Sender
from .qos import profile


def message_class(type_name: str) -> Any:
    """Return the Python class of a message type such as ``sensor_msgs/msg/Image``."""
    package, kind, name = type_name.split("/")
    return getattr(import_module(f"{package}.{kind}"), name)


class Publishers:
    """One publisher for each given stream; QoS can be overridden by parameter.

    ``events`` are keys of topics that have no plan. ``frame_prefix`` goes before every frame id
    but ``map``.
    """

    def __init__(
        self,
        node: Node,
        streams: Sequence[Stream],
        events: Sequence[str] = (),
        frame_prefix: str = "",
    ) -> None:
        self._node = node
        self._streams = {stream.topic: stream for stream in streams}
        self._publishers = {
            stream.topic: node.create_publisher(
                message_class(stream.row.type),
                stream.topic,
                profile(stream.row.qos),
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for stream in streams
        }
        for row in (TOPICS[key] for key in events):
            self._publishers[row.name] = node.create_publisher(
                message_class(row.type), row.name, profile(row.qos)
            )
        self._frame_prefix = frame_prefix
        self._senders = {topic: Sender(one) for topic, one in self._publishers.items()}
        self.counts = dict.fromkeys(self._publishers, 0)

    def offer(self, row: Topic, topic: str) -> None:
        """Offer a topic that no plan has; what goes to it by ``repeat`` is not counted."""
        publisher = self._node.create_publisher(message_class(row.type), topic, profile(row.qos))
        self._publishers[topic] = publisher
        self._senders[topic] = Sender(publisher)

    def is_read(self, topic: str) -> bool:
        """Return whether anybody reads a topic now."""
        return bool(self._publishers[topic].get_subscription_count())

    def count_unread(self, topic: str) -> None:
        """Count a message that is not made, because nobody reads its topic."""
        self.counts[topic] += 1

    def publish(self, topic: str, message: Any) -> None:
        """Publish and count one message."""
        if self._frame_prefix:
            prefix_frames(message, self._frame_prefix)
        self._publishers[topic].publish(message)
        self.counts[topic] += 1

    def send(self, topic: str, message: Any) -> None:
        """Publish and count one message while Python's other threads run on."""
        self.repeat(topic, message)
        self.counts[topic] += 1

    @property
    def by_topic(self) -> Mapping[str, Publisher]:
        """The publishers themselves."""
        return self._publishers

    def repeat(self, topic: str, message: Any) -> None:
        """Send a message that says nothing new, uncounted."""
        if self._frame_prefix:
            head = message.head if isinstance(message, BulkMessage) else message
            prefix_frames(head, self._frame_prefix)
        self._senders[topic].send(message)

    def unmatched(
        self,
        participants: Iterable[str],
        declared: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> list[str]:
        """Return a phrase for each (topic, participant) whose reader has not been matched yet.

        * declared: topics that participants say they read, beside those that are known.
        """
        missing = []
        present = tuple(participants)
        for topic, stream in self._streams.items():
            wanted = set(readers(stream.key, present)) - {stream.producer}
            wanted |= {name for name, topics in declared.items() if topic in topics}
            if not wanted:
                continue
            publisher = self._publishers[topic]
            found = self._node.get_subscriptions_info_by_topic(publisher.topic_name)
            absent = wanted - {info.node_name for info in found}
            missing += [f"{name} does not read {topic}" for name in sorted(absent)]
            if not absent and publisher.get_subscription_count() < len(found):
                missing.append(f"a reader of {topic} is not connected yet")
        return missing
