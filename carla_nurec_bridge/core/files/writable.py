"""Folders that are written in when the work is done, asked for before it begins."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..errors import InputError
from .reasons import reason_of


def make_writable(folder: Path) -> None:
    """Make a folder, and a file in it that goes at once; InputError when it cannot be had."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write in {folder}: {reason_of(error, folder)}; name another folder"
        ) from error
