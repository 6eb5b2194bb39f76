"""Hidden folders of a run: scenarios that are being written, or that another is put in place of."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part")


def part_name(scenario: str) -> str:
    """Return a name for such a folder of a scenario that no other has."""
    return f".{scenario}.{uuid.uuid4().hex}.part"


def sweep(run: Path) -> None:
    """Delete all such folders of a run, in which nobody may be at work."""
    for path in run.iterdir():
        if _PART.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
