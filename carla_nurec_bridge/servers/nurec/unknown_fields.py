"""Fields of a request that this contract does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

try:
    from google.protobuf.unknown_fields import UnknownFieldSet as _fields_of  # noqa: N813
except ImportError:  # before protobuf 4.23, as in Ubuntu 22.04 and 24.04

    def _fields_of(msg: Any) -> Any:  # type: ignore[no-redef]
        return msg.UnknownFields()


@dataclass(frozen=True)
class UnknownField:
    """A field: the name of its message, its number, its bytes or None for a number."""

    message: str
    number: int
    data: bytes | None


def unknown_fields(message: Message) -> Iterator[UnknownField]:
    """Give the unknown fields of a message and of all messages in it."""
    own: Any = _fields_of(message)
    for field in own:
        data = field.data if isinstance(field.data, bytes) else None
        yield UnknownField(message.DESCRIPTOR.name, field.field_number, data)
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for inner in (value,) if isinstance(value, Message) else value:
            yield from unknown_fields(inner)
