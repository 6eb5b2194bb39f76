"""Message types by name: definition text, hash, and a codec that needs no generated code.

Definitions come from the ``share/PKG/msg`` folders of this machine (what the nodes really send),
then from this package's own interface sources, then from the type store that ships with rosbags.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from ..core.errors import InputError, ProtocolError
from ..core.resources import share_dir

MOST_PADDING_BYTES = 4
"""Some writers pad a message at its end, by fewer bytes than this; rosbags takes no more."""


@dataclass(frozen=True)
class MessageType:
    """A message type as a bag describes it.

    ``definition`` is its ros2msg text followed by those of its dependencies, ``digest`` its
    RIHS01 hash.
    """

    name: str
    definition: str
    digest: str


def split_name(name: str) -> tuple[str, str]:
    """Return (package, type) of ``PACKAGE/msg/TYPE``; InputError when it is no such name."""
    parts = name.split("/")
    if len(parts) != 3 or parts[1] != "msg" or not all(parts):
        raise InputError(f"'{name}' is not a message type; write it as PACKAGE/msg/TYPE")
    return parts[0], parts[2]


@cache
def message_type(name: str) -> MessageType:
    """Return the description of a message type; InputError when nothing defines it."""
    store = store_of(name)
    definition, _ = store.generate_msgdef(name, ros_version=2)
    return MessageType(name, definition, store.hash_rihs01(name))


def canonical(data: bytes | memoryview, name: str) -> bytes:
    """Return a serialized message with every alignment byte set to zero.

    Middleware leaves whatever was in its buffer between two fields, so that equal messages
    differ in bytes; with zeros they are equal. Raises ProtocolError when the bytes are not a
    message of this type.
    """
    store = store_of(name)
    try:
        message = store.deserialize_cdr(memoryview(data), name)
        result = bytes(store.serialize_cdr(message, name))
    except SerdeError as error:
        raise ProtocolError(f"{len(data)} bytes are no {name} message: {error}") from error
    # Some writers pad the end of a message; more than one alignment unit is another type.
    if not 0 <= len(data) - len(result) < MOST_PADDING_BYTES:
        raise ProtocolError(
            f"a message of {len(data)} bytes reads as a {name} of {len(result)} bytes; "
            "publisher and recorder were built from different definitions of it"
        )
    return result


def decode(data: bytes | memoryview, name: str) -> object:
    """Return the message object of serialized bytes; its arrays are views into them."""
    return store_of(name).deserialize_cdr(data, name)


@cache
def _store() -> Typestore:
    return get_typestore(Stores.EMPTY)


@cache
def _fallback() -> Typestore:
    return get_typestore(Stores.ROS2_KILTED)


def store_of(name: str) -> Typestore:
    """Return the one type store of this process, with ``name`` and its dependencies in it."""
    store = _store()
    if name not in store.types:
        _register(store, name)
    return store


def _register(store: Typestore, name: str) -> None:
    """Add a type and, depth first, everything that it nests."""
    package, short = split_name(name)
    path = _definition_file(package, short)
    if path is not None:
        typs = get_types_from_msg(path.read_text(encoding="utf-8"), name)
    elif name in _fallback().fielddefs:
        typs = {name: _fallback().fielddefs[name]}
    else:
        raise InputError(
            f"nothing on this machine defines {name}: no share/{package}/msg/{short}.msg in "
            "AMENT_PREFIX_PATH or the Python environment; install the interface package"
        )
    for _, fields in typs.values():
        for _, descriptor in fields:
            for nested in _nested(descriptor):
                if nested not in store.types:
                    _register(store, nested)
    store.register(typs)


def _nested(descriptor: object) -> list[str]:
    """Return the message names in a field descriptor of rosbags (a tree of tuples)."""
    if isinstance(descriptor, str):
        return [descriptor] if descriptor.count("/") == 2 else []
    if isinstance(descriptor, tuple):
        return [name for part in descriptor for name in _nested(part)]
    return []


def _definition_file(package: str, short: str) -> Path | None:
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in (*prefixes, Path(sys.prefix)):
        path = prefix / "share" / package / "msg" / f"{short}.msg"
        if path.is_file():
            return path
    path = share_dir() / "proto" / "ros_interfaces" / "msg" / package / f"{short}.msg"
    return path if path.is_file() else None
