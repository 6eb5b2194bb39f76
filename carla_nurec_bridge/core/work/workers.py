"""Who does work for us in other processes, and how we hear how far it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Hashable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..errors import RunError

_TELL_S = 0.3

Result = TypeVar("Result")


class WorkerLostError(RunError):
    """A worker ended, or its machine did, before it answered."""


@dataclass(frozen=True)
class WorkListener:
    """Who hears about a piece of work: steps that are done of a total, sentences for the user."""

    on_step: Callable[[int, int], None]
    note: Callable[[str], None]


Work = Callable[[WorkListener], Result]
"""A piece of work; it travels to its worker, and its result comes back."""


class Workers(Protocol):
    """Those who do pieces of work, in processes of their own."""

    count: int

    def submit(self, work: Work[Any], told: Path) -> Hashable:
        """Let a free worker do ``report``; return what the turn is known by."""

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        """Return those turns that have ended, after a time at the latest."""

    def result(self, turn: Hashable) -> Any:
        """Return what came of a turn that has ended.

        WorkerLostError when nothing did, RunError when the work raised something.
        """

    def end(self, turns: Collection[Hashable]) -> None:
        """End turns, and what they have started."""


def report(work: Work[Result], told: Path) -> Result:
    """Do a piece of work in this process and write into a file how far it is, for who watches."""
    said: list[str] = []
    last_s = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last_s
        if done == total or time.monotonic() - last_s > _TELL_S:
            last_s = time.monotonic()
            part = told.with_name(f"{told.name}.part")
            with suppress(OSError):  # the results are what needs the last room on a disk
                part.write_text(json.dumps({"done": done, "total": total, "notes": said}))
                part.replace(told)

    return work(WorkListener(tell, said.append))
