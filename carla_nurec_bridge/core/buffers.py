"""Arrays and files as the bytes that they hold."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

_PIECE_BYTES = 1 << 20


def flat_bytes(buffer: Any) -> memoryview:
    """Return the memory of a C-contiguous array or buffer as flat bytes, without a copy.

    An array with no elements gives no bytes (``memoryview.cast`` refuses one whose sides are zero
    long). BufferError when the memory is not contiguous.
    """
    if isinstance(buffer, np.ndarray):
        if not buffer.flags.c_contiguous:
            raise BufferError("only a C-contiguous array is one run of bytes")
        return buffer.reshape(-1).view(np.uint8).data
    view = memoryview(buffer)
    return view.cast("B") if view.nbytes else memoryview(b"")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
