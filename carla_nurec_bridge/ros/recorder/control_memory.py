"""Messages of a frame in memory that one process writes and another reads where it lies."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ...core.errors import RunError
from ...recording import decode

_ALIGNMENT = 64


class Piece(NamedTuple):
    """A message of a frame: what it is needed for, its type, its serialized bytes."""

    key: str
    type: str
    data: bytes


@contextmanager
def memory_of(pieces: Sequence[Piece]) -> Iterator[int]:
    """Yield a file in memory that holds the pieces, each at a multiple of the alignment.

    RunError where there is no memory for them.
    """
    memory = _filled(pieces)
    try:
        yield memory
    finally:
        os.close(memory)


def _filled(pieces: Sequence[Piece]) -> int:
    size = sum(len(piece.data) for piece in pieces)
    memory = None
    try:
        memory, at = os.memfd_create("frame of control videos"), 0
        for piece in pieces:
            if os.pwrite(memory, piece.data, at) != len(piece.data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            at = _aligned(at + len(piece.data))
    except OSError as error:
        if memory is not None:
            os.close(memory)
        raise RunError(f"no memory for {size} bytes of a frame: {error.strerror}") from error
    return memory


def messages_in(content: memoryview, heads: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """Return the messages of these (key, type, size); their arrays are views of ``content``."""
    found, at = {}, 0
    for key, kind, size in heads:
        found[key] = decode(content[at : at + size], kind)
        at = _aligned(at + size)
    return found


def _aligned(at: int) -> int:
    return -(-at // _ALIGNMENT) * _ALIGNMENT
