"""Add files to the finished scenarios of a data set, or to the whole of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ...core.buffers import sha256_of
from ...core.errors import InputError, RunError
from ...core.files.scratch import scratch_folder
from ...core.files.whole import write_synced
from .change import committing, write_manifest
from .layout import LEDGER, MANIFEST, ScenarioFolder
from .manifest import DatasetManifest, read_record
from .reader import Dataset

_STAGING = ".amend-"


def amend(
    dataset: Dataset,
    contents: Mapping[Path, bytes],
    *,
    moved: Mapping[Path, Path] | None = None,
    replaces: Sequence[Path] = (),
) -> None:
    """Write files into a data set and its manifest, in place of older ones.

    All are on the disk before the first gets its name; then the manifest follows, then the files
    that are replaced go. Another writer may be at work: each waits for the other's last step.

    Args:
        dataset: gets the new manifest.
        contents: what to write, by path in the run.
        moved: files that are written already, by path in the run; each is moved there, or copied
            from another disk and then deleted.
        replaces: files, and folders with all below, whose files go unless they are written now.

    InputError for a path that is none of a data set's files. RunError when a scenario that gets
    files was recorded anew since ``dataset`` was read, or the disk refuses; the data set is then
    as before. DeadlineError when another writer does not end.
    """
    run, ready = dataset.path, dict(moved or {})
    names = {path: _inside(run, path) for path in (*contents, *ready)}
    gone = [_inside(run, path) for path in replaces]
    try:
        with staging(run) as folder:
            staged: dict[Path, Path] = {}
            hashes: dict[str, str] = {}
            for number, (path, data) in enumerate(contents.items()):
                staged[path] = folder / str(number)
                hashes[names[path]] = write_synced(staged[path], data)
            for number, (path, source) in enumerate(ready.items(), len(contents)):
                staged[path] = _on_disk(source, folder / str(number))
                hashes[names[path]] = sha256_of(staged[path])
            with committing(run):
                _commit(dataset, staged, hashes, gone)
            for path, source in ready.items():
                if staged[path] != source:
                    source.unlink()
    except OSError as error:
        raise RunError(f"cannot write {error.filename or run}: {error.strerror}") from error


def _commit(
    dataset: Dataset, staged: Mapping[Path, Path], hashes: Mapping[str, str], gone: Sequence[str]
) -> None:
    """Give files their names, tell the manifest, and delete those that are replaced."""
    run = dataset.path
    manifest = read_record(run / MANIFEST, DatasetManifest)
    for name in sorted({path.split("/")[0] for path in hashes} & dataset.manifest.scenarios.keys()):
        truth = ScenarioFolder(Path(name)).scenario.as_posix()
        if manifest.files.get(truth) != dataset.manifest.files.get(truth):
            raise RunError(f"{run / name} was recorded anew meanwhile; run the command again")
    stale = {k for k in manifest.files if _is_below(k, gone)} - hashes.keys()
    files = {k: v for k, v in manifest.files.items() if k not in stale}
    dataset.manifest = write_manifest(run, manifest, staged, files={**files, **hashes})
    for name in sorted(stale):
        (run / name).unlink(missing_ok=True)
        with suppress(OSError):  # a folder that others are in stays
            for folder in (run / name).parents:
                if folder == run:
                    break
                folder.rmdir()


def _is_below(name: str, folders: Sequence[str]) -> bool:
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


def _inside(run: Path, path: Path) -> str:
    """Return a path as the manifest has it."""
    name = Path(os.path.relpath(path, run)).as_posix()
    if name in (MANIFEST, LEDGER) or any(part.startswith(".") for part in name.split("/")):
        raise InputError(f"{path} is no place for a file of the data set {run}")
    return name


def _on_disk(source: Path, staged: Path) -> Path:
    """Return a file on the disk of ``staged`` with the content of ``source``, safely written."""
    if source.stat().st_dev == staged.parent.stat().st_dev:
        staged = source
    else:
        shutil.copyfile(source, staged)
    handle = os.open(staged, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return staged


@contextmanager
def staging(run: Path) -> Iterator[Path]:
    """Make a hidden folder for files without names; those of writers that died go."""
    with scratch_folder(run, _STAGING) as folder:
        yield folder
