"""Folders for what is not finished: they go with who made them, however that ends."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .lock import is_held, locked

_LOCK = ".lock"


@contextmanager
def scratch_folder(
    parent: Path, prefix: str, tidy: Callable[[Path], object] = lambda _: None
) -> Iterator[Path]:
    """Yield a new folder of ``parent`` that goes at the end.

    Those of the same ``prefix`` whose makers were killed go now, each after ``tidy`` of it.
    """
    for left in parent.glob(f"{glob.escape(prefix)}*"):
        if _is_forsaken(left):
            tidy(left)
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        begun = folder / f"{_LOCK}.begun"
        with locked(begun, 0.0, f"another command has {folder}"):
            begun.rename(folder / _LOCK)  # so that no lock is there before it is held
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_forsaken(folder: Path) -> bool:
    """Return whether nobody holds a folder any more; one of another user is not asked about."""
    try:
        return (folder / _LOCK).is_file() and not is_held(folder / _LOCK)
    except OSError:
        return False
