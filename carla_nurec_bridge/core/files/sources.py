"""Name what code made, so that a changed package makes it anew."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sources_digest(*places: Path) -> str:
    """Return the sha256 of Python files, and of all below folders, one after another."""
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else (place,):
            digest.update(path.read_bytes())
    return digest.hexdigest()
