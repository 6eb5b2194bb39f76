"""What `dataset augment` shows while it works, and what it tells of each variant."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeft

if TYPE_CHECKING:
    from ....cosmos.jobs.protocols.server import Update
    from ....dataset.truth import VariantTruth


class AugmentDisplay:
    """A bar of all variants and one for each in work; a line for each that ended."""

    def __init__(self, out: Console, total: int) -> None:
        self._out = out
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeLeft(),
        )
        self._progress = Progress(*columns, console=out, transient=True)
        self._all = self._progress.add_task("variants", total=total, note="")
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> AugmentDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def on_state(self, name: str, update: Update) -> None:
        """Show how a job stands."""
        if update.state == "warning":
            self._out.print(f"{name}: note: {update.message}", soft_wrap=True, markup=False)
            return
        note = update.state if update.position is None else f"queued, {update.position} before it"
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=100, note="")
            done = round(100 * update.share)
            self._progress.update(self._tasks[name], completed=done, note=note)

    def on_attempt(self, name: str, number: int, faults: tuple[str, ...]) -> None:
        """Tell why an attempt was rejected."""
        for fault in faults:
            self._out.print(f"{name}: attempt {number}: {fault}", soft_wrap=True, markup=False)

    def on_end(self, name: str, truth: VariantTruth | None, reason: str) -> None:
        """Tell what became of a variant."""
        with self._lock:
            task = self._tasks.pop(name, None)
            if task is not None:
                self._progress.remove_task(task)
            self._progress.advance(self._all)
        if truth is None:
            self._out.print(f"{name}: {reason}", soft_wrap=True, markup=False)
            return
        asked = ", ".join(truth.conditions.values())
        state = "made" if truth.accepted else "kept, flagged as not accepted"
        took_s = sum(one.made_s + one.judged_s for one in truth.attempts)
        self._out.print(
            f"{name}: {state} ({asked}; {_counted(len(truth.attempts))}, {took_s:.0f} s)",
            soft_wrap=True,
            markup=False,
        )


def _counted(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
