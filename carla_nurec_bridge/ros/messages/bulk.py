"""Messages that are mostly one array of bytes, images and clouds, serialised with one copy."""

from __future__ import annotations

import array
import copy
import struct
from dataclasses import dataclass
from typing import Any

from ...core.buffers import flat_bytes
from ...core.errors import ProtocolError
from .interfaces import serialized

_AFTER_DATA = {"Image": b"", "CompressedImage": b"", "PointCloud2": b"\x01"}
"""By message type the CDR of what follows the field ``data``: a cloud's ``is_dense``."""

_COUNT = struct.Struct("<I")
_ALIGNED = _COUNT.size


def byte_array(buffer: Any) -> array.array[int]:
    """Copy a C-contiguous buffer (array, bytes, memoryview) into an ``array.array("B")``.

    That is the one value that rclpy takes for ``uint8[]`` fast on every distribution; a numpy
    array or a memoryview costs hundreds of milliseconds for a large image. BufferError when the
    memory is not contiguous.
    """
    data = array.array("B")
    data.frombytes(flat_bytes(buffer))
    return data


@dataclass(frozen=True)
class BulkMessage:
    """A message of ``sensor_msgs`` whose field ``data`` is kept beside it.

    ``head`` is the message with ``data`` empty, ``data`` a C-contiguous array or bytes that nobody
    changes before the message is sent. rclpy copies ``data`` five times on its way to the
    middleware: into the message, again in its setter, into C's message, into CDR, and into bytes.
    """

    head: Any
    data: Any

    def message(self) -> Any:
        """Return the message as rclpy takes it, with a copy of the data."""
        message = copy.copy(self.head)
        message.data = byte_array(self.data)  # a constructor would copy it again
        return message

    def serialized(self) -> bytes:
        """Return the message in CDR."""
        head = serialized(self.head)
        after = _AFTER_DATA[type(self.head).__name__]
        end = _COUNT.pack(0) + after
        before = (len(head) - len(end)) // _ALIGNED * _ALIGNED  # some writers pad the end
        if not head[before:].startswith(end):
            raise ProtocolError(
                f"a {type(self.head).__name__} without data ends with {head[-8:].hex()} in CDR, "
                f"not with {end.hex()}"
            )
        data = flat_bytes(self.data)
        return b"".join((head[:before], _COUNT.pack(len(data)), data, after))
