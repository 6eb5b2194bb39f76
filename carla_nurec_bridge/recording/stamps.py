"""Read the stamp of a serialized message without decoding it."""

from __future__ import annotations

import struct

from ..core.errors import ProtocolError
from ..core.run_contract.timebase import NS_PER_S
from ..core.run_contract.topic import Topic

_ENCAPSULATION_BYTES = 4
_COUNT_BYTES = 4


def peek_stamp_ns(data: bytes, row: Topic) -> int | None:
    """Return the stamp of a CDR message in nanoseconds, None when its type has none.

    ``row.stamp_offset`` says where it lies. A message whose stamp sits in its first element but
    that has no element, or one too short for its type, raises ProtocolError.
    """
    offset = row.stamp_offset
    if offset is None:
        return None
    order = "<" if len(data) > 1 and data[1] & 1 else ">"
    if len(data) < offset + 8:
        raise ProtocolError(f"a message of {len(data)} bytes on {row.name} is too short")
    if offset > _ENCAPSULATION_BYTES:
        (count,) = struct.unpack_from(order + "I", data, offset - _COUNT_BYTES)
        if count == 0:
            raise ProtocolError(f"an empty array on {row.name} has no stamp; it needs one element")
    seconds, nanoseconds = struct.unpack_from(order + "iI", data, offset)
    return int(seconds) * NS_PER_S + int(nanoseconds)
