"""Message classes made of definitions, for machines that have no generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype

from .types import store_of

# Default values in definitions: the type store keeps none, and no other message used here has one.
_DEFAULTS: Mapping[str, Mapping[str, float]] = {"geometry_msgs/msg/Quaternion": {"w": 1.0}}


class DefinedMessage:
    """A message of a class of this module; attributes are as in generated code."""

    message_type: str

    def serialized(self) -> bytes:
        """Return the message in CDR, as middleware would send it."""
        store = store_of(self.message_type)
        return bytes(store.serialize_cdr(self, self.message_type))


@cache
def defined_class(name: str) -> type[DefinedMessage]:
    """Return the class of a message type such as ``sensor_msgs/msg/Image``.

    Its fields are given by keyword; the others have the definition's defaults. InputError when
    nothing on this machine defines the type.
    """
    store = store_of(name)
    plain = store.types[name]
    fields = dict(store.fielddefs[name][1])

    def __init__(self: Any, **given: Any) -> None:  # noqa: N807 - it becomes the class's own
        rest = {key: _default(name, key, fields[key]) for key in fields.keys() - given.keys()}
        plain.__init__(self, **given, **rest)

    content = {"__init__": __init__, "message_type": name}
    made: type[DefinedMessage] = type(plain.__name__, (DefinedMessage, plain), content)
    return made


def _default(name: str, key: str, descriptor: Any) -> Any:
    """Return the value of a field that is not given; ``descriptor`` is rosbags' tree of tuples."""
    if key in _DEFAULTS.get(name, {}):
        return _DEFAULTS[name][key]
    kind, content = descriptor
    if kind == Nodetype.NAME:
        return defined_class(content)()
    if kind == Nodetype.BASE:
        base = content[0]
        return "" if base == "string" else np.dtype(base).type(0).item()
    (inner_kind, inner), length = content
    count = length if kind == Nodetype.ARRAY else 0
    if inner_kind == Nodetype.BASE and inner[0] != "string":
        return np.zeros(count, inner[0])
    return [_default(name, "", (inner_kind, inner)) for _ in range(count)]
