"""A recording's bytes: in memory when they are few, else mapped, so that any size can be read."""

from __future__ import annotations

import mmap
from pathlib import Path

from ..core.errors import InputError

_READ_BYTES = 32 << 20
_HELD_BYTES = 64 << 20
_AROUND_BYTES = 64 << 10
"""What the kernel maps around a byte that is looked at."""


class MappedFile(mmap.mmap):
    """A file that is mapped; what of it was looked at is let go of again after a while."""

    _looked_at = 0

    def looked_at(self, size: int) -> None:
        """Count bytes that were read; give the pages back once they are many."""
        self._looked_at += size + _AROUND_BYTES
        if self._looked_at > _HELD_BYTES:
            self.madvise(mmap.MADV_DONTNEED)
            self._looked_at = 0


Bytes = bytes | MappedFile


def open_bytes(path: Path) -> Bytes:
    """Return a file's content; InputError when it cannot be read.

    A small file is read whole: it may be written anew by others. A large one stays on disk. A pipe
    or device may give as much as a small file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_READ_BYTES + 1)
            if len(data) <= _READ_BYTES:
                return data
            if not path.is_file():
                raise InputError(
                    f"the recording {path} is no file and gives more than {_READ_BYTES >> 20} MiB; "
                    "copy it to a file first"
                )
            return MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise InputError(f"cannot read the recording {path}: {error.strerror}") from error


def note_reading(data: Bytes, size: int) -> None:
    """Count bytes that were read of a file, if it is mapped."""
    if isinstance(data, MappedFile):
        data.looked_at(size)
