"""Publishing while Python runs on.

``rclpy`` holds the interpreter's lock for as long as the middleware takes, which a reader that
has stopped makes long: Fast DDS tries its shared memory anew for each 64 KiB of a message. Here a
message is serialised by rclpy and handed to rcl by ctypes, which lets the lock go.
"""

from __future__ import annotations

import ctypes
from typing import Any, final

from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy
from rclpy.serialization import serialize_message

from ...core.errors import RunError
from ..messages.bulk import BulkMessage


class _Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("a", "b", "c", "d", "state")]


class _Serialized(ctypes.Structure):
    """An ``rcl_serialized_message_t``; its allocator is not used for publishing."""

    _fields_ = [
        ("buffer", ctypes.c_char_p),
        ("length", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("allocator", _Allocator),
    ]


@final
class Sender:
    """Sends the messages of one publisher."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._keeps_for_later = publisher.qos_profile.durability != DurabilityPolicy.VOLATILE
        # The library is loaded already: rclpy's own module links it.
        self._publish = ctypes.CDLL("librcl.so").rcl_publish_serialized_message
        self._publish.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Serialized), ctypes.c_void_p]
        self._publish.restype = ctypes.c_int32

    @property
    def is_read(self) -> bool:
        """Whether anybody reads the topic now."""
        return bool(self._publisher.get_subscription_count())

    def send(self, message: Any) -> None:
        """Publish a message; RunError when rcl refuses it.

        One that nobody reads, nor could read later, is not even serialised.
        """
        if not (self._keeps_for_later or self.is_read):
            return
        bulky = isinstance(message, BulkMessage)
        data = message.serialized() if bulky else serialize_message(message)
        held = _Serialized(data, len(data), len(data))
        with self._publisher.handle:  # so that nobody destroys it meanwhile
            code = self._publish(self._publisher.handle.pointer, ctypes.byref(held), None)
        if code != 0:
            raise RunError(f"{self._publisher.topic_name} cannot be published: rcl error {code}")
