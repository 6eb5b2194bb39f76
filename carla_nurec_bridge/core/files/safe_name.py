"""File names that others chose, made harmless."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MOST = 120


def safe_name(name: str, otherwise: str) -> str:
    """Return a name without folders, odd characters or leading dots.

    ``otherwise`` stands for a name of which nothing is left.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _UNSAFE.sub("_", base).lstrip(".")[:_MOST] or otherwise
