"""Names that are parts of paths: whatever a file says, none of them leads out of its folder."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_PART = r"[^/\0.][^/\0]*"
_MOST_BYTES = 200
"""A file's name has up to 255 bytes, and a suffix follows."""


def _path_part(name: str) -> str:
    if re.fullmatch(_PART, name) is None:
        raise ValueError("it must be a name without a slash and without a dot before it")
    if len(name.encode()) > _MOST_BYTES:
        raise ValueError(f"it must be a name of at most {_MOST_BYTES} bytes")
    return name


def _inner_path(path: str) -> str:
    if re.fullmatch(f"{_PART}(?:/{_PART})*", path) is None:
        raise ValueError("it must be a path in the data set, such as one/front/rgb/000000.jpg")
    return path


PathPart = Annotated[str, AfterValidator(_path_part)]
"""The name of a scenario, a camera or an event, which a folder or a file is called by."""

InnerPath = Annotated[str, AfterValidator(_inner_path)]
"""A path relative to the data set, of something within it that is not hidden."""
