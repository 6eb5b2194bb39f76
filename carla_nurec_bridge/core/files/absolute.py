"""Paths as they are found from any folder."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: Path | str) -> Path:
    """Return a path from the root, links followed; one that leads in a circle stays as it is.

    Before Python 3.13 ``Path.resolve`` raises RuntimeError for such a one.
    """
    return Path(os.path.realpath(path))
