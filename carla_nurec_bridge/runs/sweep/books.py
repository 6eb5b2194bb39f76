"""The ledger of a sweep: what is done, how often it was begun, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.buffers import sha256_of
from ...core.errors import InputError
from ...core.files.ledger import Ledger
from ...report.sweep.values import SweepRow
from ..closed_loop.result import RESULT, ClosedLoopResult, read_result
from .cases import SuiteRun

_LEDGER = "ledger.jsonl"
_DONE, _STARTED, _FAILED = "done", "started", "failed"
RUNS = "runs"


@dataclass(frozen=True)
class SweepListener:
    """Who hears about a sweep, by the runs' names."""

    begin: Callable[[str, int], None]
    on_step: Callable[[str, int, int], None]
    note: Callable[[str, str], None]
    on_end: Callable[[str, str], None]


class SweepBooks:
    """The ledger and the listener of a sweep, as those who spread its runs see them."""

    def __init__(
        self, folder: Path, runs: Mapping[str, SuiteRun], tries: int, listener: SweepListener
    ) -> None:
        self._folder, self._runs, self._tries = folder, runs, tries
        self._ledger = Ledger(folder / _LEDGER)
        self._listener = listener
        self.on_step, self.note = listener.on_step, listener.note

    def folder_of(self, name: str) -> Path:
        """Return where a run lies."""
        return self._folder / RUNS / name

    def is_done(self, run: SuiteRun) -> bool:
        """Return whether a run of this request is done, and its result as it was."""
        return self._ledger.is_done(run.name, run.key, self.folder_of(run.name) / RESULT)

    def begin(self, name: str, tries: int) -> None:
        """Take down that a run begins."""
        self._ledger.add(name, _STARTED, self._runs[name].key, tries=tries)
        self._listener.begin(name, tries)

    def lost(self, name: str, reason: str) -> None:
        """Take down that a try came to nothing."""
        self._ledger.add(name, _FAILED, self._runs[name].key, state_of_run="failed", reason=reason)

    def finish(self, name: str, result: ClosedLoopResult, tries: int) -> bool:
        """Take down what came of a run; one whose simulator died is begun again, some times."""
        key = self._runs[name].key
        if result.ending != "simulator_died":
            sha256 = sha256_of(self.folder_of(name) / RESULT)
            self._ledger.add(name, _DONE, key, sha256=sha256, tries=tries)
            self._listener.on_end(name, _told(result))
            return False
        told = f"the simulator died: {result.sentence}"
        self._ledger.add(
            name, _FAILED, key, state_of_run=result.ending, reason=result.sentence, tries=tries
        )
        if tries < self._tries:
            self.note(name, f"{told}; begun again, try {tries + 1} of {self._tries}")
            return True
        self._listener.on_end(name, f"{told}; tried {tries} times")
        return False

    def fail(self, name: str, reason: str) -> None:
        """Tell that nothing will come of a run."""
        self._listener.on_end(name, reason)

    def row(self, run: SuiteRun) -> SweepRow:
        """Return what the report says of a run."""
        last = self._ledger.last(run.name, run.key) or {}
        if self.is_done(run):
            return _row(run, read_result(self.folder_of(run.name)), last["tries"])
        failed = last.get("state") == _FAILED
        return SweepRow(
            **_asked(run),
            state=last["state_of_run"] if failed else "not_run",
            verdict=None,
            passed=False,
            lines=(last["reason"],) if failed else (),
            scores={},
            tries=last.get("tries", 0) if failed else 0,
        )

    def result(self, run: SuiteRun) -> ClosedLoopResult | None:
        """Return what came of a run that is done; None for others."""
        try:
            return read_result(self.folder_of(run.name)) if self.is_done(run) else None
        except InputError:
            return None


def _asked(run: SuiteRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "scenario": run.variant.scenario,
        "variant": run.variant.name,
        "values": dict(run.variant.values),
        "agent": run.case.agent.name,
        "seed": run.case.seed,
        "repeat": run.repeat,
    }


def _row(run: SuiteRun, result: ClosedLoopResult, tries: int) -> SweepRow:
    return SweepRow(
        **_asked(run),
        state=result.ending,
        verdict=result.verdict.status if result.verdict else None,
        passed=result.passed,
        lines=tuple(result.to_lines()),
        scores=result.scores,
        tries=tries,
    )


def _told(result: ClosedLoopResult) -> str:
    word = result.verdict.status if result.verdict else result.ending
    return f"{word} ({result.simulated_s:g} s in {result.cost.wall_s:.1f} s)"
