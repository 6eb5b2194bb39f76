"""Write a data set scenario by scenario, such that what is finished stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import __version__
from ...core.errors import InputError
from ...core.files.ledger import Ledger
from .change import committing, write_manifest
from .layout import LEDGER, MANIFEST, ScenarioFolder
from .manifest import DatasetManifest, ScenarioEntry, read_record

_DONE, _STARTED, _FAILED = "done", "started", "failed"


def request_key(request: Mapping[str, Any]) -> str:
    """Return the hash of what a scenario is made of: equal ones are not made twice."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class RunWriter:
    """The folder of a run: its manifest, and its ledger with a line for each turn of a scenario."""

    def __init__(self, path: Path, command: tuple[str, ...], seed: int | None) -> None:
        """Open a new run or go on with one; InputError for a folder that holds something else."""
        self.path = path
        before = self._read()
        foreign = before is None and path.exists() and not (path / LEDGER).exists()
        if foreign and any(path.iterdir()):
            raise InputError(f"{path} is no data set, and not empty; name another folder")
        self._manifest = DatasetManifest(
            format_version=1,
            created_by=f"carla_nurec_bridge {__version__}",
            command=command,
            seed=seed,
            scenarios=before.scenarios if before else {},
            files=before.files if before else {},
        )
        self._ledger = Ledger(path / LEDGER)

    def is_done(self, name: str, key: str) -> bool:
        """Return whether a scenario of this request is there, its scenario.json as it was."""
        folder = ScenarioFolder(self.path / name)
        return name in self._manifest.scenarios and self._ledger.is_done(name, key, folder.scenario)

    def start(self, name: str, key: str) -> None:
        """Tell the ledger that a scenario begins."""
        self._ledger.add(name, _STARTED, key)

    def fail(self, name: str, key: str, reason: str) -> None:
        """Tell the ledger why a scenario was not finished."""
        self._ledger.add(name, _FAILED, key, reason=reason)

    def finish(self, name: str, key: str, entry: ScenarioEntry, hashes: Mapping[str, str]) -> None:
        """Take a scenario that is in its place into the manifest, then into the ledger."""
        with committing(self.path):
            now = self._read() or self._manifest
            others = {k: v for k, v in now.files.items() if not k.startswith(f"{name}/")}
            self._manifest = write_manifest(
                self.path,
                self._manifest,
                {},
                scenarios={**now.scenarios, name: entry},
                files={**others, **hashes},
            )
        scenario = ScenarioFolder(Path(name)).scenario.as_posix()
        self._ledger.add(name, _DONE, key, sha256=hashes[scenario])

    def _read(self) -> DatasetManifest | None:
        """Return the manifest as it is now, which other commands change too; None without one."""
        path = self.path / MANIFEST
        return read_record(path, DatasetManifest) if path.exists() else None
