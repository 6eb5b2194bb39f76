"""Change the manifest of a run: one writer at a time, and never half of a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...core.files.lock import locked
from ...core.files.whole import write_synced
from ...core.machine.interrupts import uninterrupted
from .layout import LOCK, MANIFEST
from .manifest import DatasetManifest

_WAIT_S = 60.0


@contextmanager
def changing(run: Path) -> Iterator[None]:
    """Hold the run while its manifest changes; DeadlineError when another holds it for 60 s."""
    with locked(run / LOCK, _WAIT_S, f"another command changes {run}"):
        yield


@contextmanager
def committing(run: Path) -> Iterator[None]:
    """Hold the run as ``changing`` does, for steps that no interruption tears apart."""
    with changing(run), uninterrupted():
        yield


def write_manifest(
    run: Path, manifest: DatasetManifest, named: Mapping[Path, Path], **changed: Mapping[str, Any]
) -> DatasetManifest:
    """Write a manifest with some fields changed, their rows sorted, and return it.

    ``named`` are files without names by the paths that they get. They get them once the manifest
    is on the disk too: a disk that is full by then has changed nothing.
    """
    ordered = {field: dict(sorted(rows.items())) for field, rows in changed.items()}
    new = manifest.model_copy(update=ordered)
    part = run / f".{MANIFEST}.part"
    write_synced(part, new.model_dump_json(indent=1).encode() + b"\n")
    for path, file in named.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        file.replace(path)
    part.replace(run / MANIFEST)
    return new
