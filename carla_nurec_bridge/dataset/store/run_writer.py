"""Write a data set scenario by scenario, such that what is finished stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ... import __version__
from ...core.errors import InputError, RunError
from ...core.files.ledger import Ledger
from ...core.files.lock import locked
from ...core.files.reasons import reason_of
from .change import committing, write_manifest
from .layout import LEDGER, LOCK, MANIFEST, RECORDING, ScenarioFolder
from .manifest import FORMAT_VERSION, DatasetManifest, ScenarioEntry, read_manifest
from .parts import part_name, sweep

_DONE, _STARTED, _FAILED = "done", "started", "failed"


class RunWriter:
    """The folder of a run: its manifest, and its ledger with a line for each turn of a scenario."""

    def __init__(self, path: Path, command: tuple[str, ...], seed: int | None) -> None:
        """Open a new run or go on with one; InputError for a folder that holds something else."""
        self.path = path
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file; name a folder for the data set")
        before = self._read()
        others = {x.name for x in path.iterdir()} - {LOCK, RECORDING} if path.exists() else set()
        if before is None and others and LEDGER not in others:
            raise InputError(f"{path} is no data set, and not empty; name another folder")
        self._manifest = DatasetManifest(
            format_version=FORMAT_VERSION,
            created_by=f"carla_nurec_bridge {__version__}",
            command=command,
            seed=seed,
            scenarios=before.scenarios if before else {},
            files=before.files if before else {},
        )

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self.path / LEDGER)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the run as the one who records in it; what tries leave unfinished goes.

        DeadlineError when another records in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make {self.path}: {reason_of(error, self.path)}") from error
        with locked(self.path / RECORDING, 0.0, f"another command records in {self.path}"):
            sweep(self.path)
            try:
                yield
            finally:
                sweep(self.path)

    def is_done(self, name: str, key: str) -> bool:
        """Return whether a scenario of this request is there, its scenario.json as it was."""
        folder = ScenarioFolder(self.path / name)
        return self.has(name) and self._ledger.is_done(name, key, folder.scenario)

    def has(self, name: str) -> bool:
        """Return whether a scenario is there, of whatever request."""
        return name in self._manifest.scenarios

    def start(self, name: str, key: str) -> None:
        """Tell the ledger that a scenario begins."""
        self._ledger.add(name, _STARTED, key)

    def fail(self, name: str, key: str, reason: str) -> None:
        """Tell the ledger why a scenario was not finished."""
        self._ledger.add(name, _FAILED, key, reason=reason)

    def finish(
        self, part: Path, name: str, key: str, entry: ScenarioEntry, hashes: Mapping[str, str]
    ) -> None:
        """Put a whole scenario in its place, where an older one goes; then tell the ledger.

        It and the manifest that has it come together. RunError when the disk refuses.
        """
        place, old = self.path / name, self.path / part_name(name)
        moves = {place: part} if not place.exists() else {old: place, place: part}
        told = entry.model_copy(update={"command": self._manifest.command})
        try:
            with committing(self.path):
                now = self._read() or self._manifest
                others = {k: v for k, v in now.files.items() if not k.startswith(f"{name}/")}
                self._manifest = write_manifest(
                    self.path,
                    self._manifest,
                    moves,
                    scenarios={**now.scenarios, name: told},
                    files={**others, **hashes},
                )
        except OSError as error:
            named = error.filename or place
            raise RunError(f"cannot write {named}: {reason_of(error, named)}") from error
        shutil.rmtree(old, ignore_errors=True)
        scenario = ScenarioFolder(Path(name)).scenario.as_posix()
        self._ledger.add(name, _DONE, key, sha256=hashes[scenario])

    def _read(self) -> DatasetManifest | None:
        """Return the manifest as it is now, which other commands change too; None without one."""
        path = self.path / MANIFEST
        return read_manifest(path) if path.exists() else None
