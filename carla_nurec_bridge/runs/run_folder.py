"""The folder of a run that is made anew each time: only what an earlier run left is removed."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from ..core.errors import InputError
from ..core.files.absolute import absolute
from ..core.files.reasons import reason_of

_ARTEFACTS = (
    "bag",
    "controls",
    "variants",
    "parts",
    "params",
    "logs",
    "rehearsal.log",
    "scenario",
    "rehearsal.server.log",
    "scene.usdz",
    "fit",
    "report.json",
    "report.md",
    "contact_sheet.png",
    "inserted_actors.png",
    "scenario.png",
    "scores",
    "result.json",
)
_MARKER = ".carla_nurec_run"


def clear(out: Path, keep: Collection[Path] = ()) -> None:
    """Remove what an earlier run left in ``out``, but not the files to ``keep``.

    InputError when the folder is not a run's, or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder")
    try:
        _empty(out, {absolute(path) for path in keep})
    except OSError as error:
        raise InputError(
            f"cannot write in {out}: {reason_of(error, out)}; name another folder"
        ) from error


def _empty(out: Path, kept: Collection[Path]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    marker = out / _MARKER
    if not marker.exists() and any(out.iterdir()):
        raise InputError(f"{out} holds files of something else; name a new or empty folder")
    marker.touch()
    for name in _ARTEFACTS:
        path = out / name
        if any(file.is_relative_to(absolute(path)) for file in kept):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
