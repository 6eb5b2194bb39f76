"""Why the operating system refuses a place, in words that name what is in the way."""

from __future__ import annotations

import errno
from pathlib import Path


def reason_of(error: OSError, named: str | Path | None = None) -> str:
    """Return why a place cannot be had; a file that stands where a folder has to be is named.

    For such a one the operating system says "File exists" or "Not a directory" of another place.
    ``named`` is the place that the sentence names already.
    """
    if error.errno in (errno.EEXIST, errno.ENOTDIR) and isinstance(error.filename, str | Path):
        place = Path(error.filename)
        for part in (place, *place.parents):
            if part.exists() and not part.is_dir():
                is_named = named is not None and part == Path(named)
                return f"{'it' if is_named else part} is a file, not a folder"
    return error.strerror or str(error)
