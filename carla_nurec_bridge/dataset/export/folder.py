"""A folder that is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ...core.errors import InputError
from ...core.files.scratch import scratch_folder

MARK = "export.json"
"""What says that a folder is an export: its format, its source, and which image each number is."""


_OLD = "old"


@contextmanager
def whole_folder(out: Path, mark: str = MARK) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``out`` when nothing was raised.

    What is written there needs a file ``mark``: JSON with a ``format``. An earlier folder that has
    it is replaced then, and kept otherwise. InputError when there is something else.
    """
    _refuse_other(out, mark)
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(out.parent, f".{out.name}-", partial(_put_back, out)) as scratch:
        made = scratch / "new"
        made.mkdir()
        yield made
        _put(made, out, scratch / _OLD)


def _put_back(out: Path, left: Path) -> None:
    """Give a folder its name again that was moved by a writer who was killed then."""
    if (left / _OLD).is_dir() and not out.exists():
        (left / _OLD).rename(out)


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
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{out} exists and has no {mark} that tells it may be replaced; name a new folder"
        ) from error
