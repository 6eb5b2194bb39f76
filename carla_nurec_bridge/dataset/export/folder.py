"""A folder that is written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import InputError

MARK = "export.json"
"""What says that a folder is an export: its format, its source, and which image each number is."""


@contextmanager
def whole_folder(out: Path, mark: str = MARK) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``out`` when nothing was raised.

    What is written there needs a file ``mark``: JSON with a ``format``. An earlier folder that has
    it is replaced then, and kept otherwise. InputError when there is something else.
    """
    _refuse_other(out, mark)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        made = scratch / "new"
        made.mkdir()
        yield made
        _put(made, out, scratch / "old")
    finally:
        shutil.rmtree(scratch)


def _put(made: Path, out: Path, aside: Path) -> None:
    if out.exists():
        out.rename(aside)
    try:
        made.rename(out)
    except BaseException:
        if aside.exists():
            aside.rename(out)
        raise


def _refuse_other(out: Path, mark: str) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        json.loads((out / mark).read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{out} exists and has no {mark} that tells it may be replaced; name a new folder"
        ) from error
