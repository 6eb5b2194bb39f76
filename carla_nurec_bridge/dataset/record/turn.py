"""One turn of a scenario: it is recorded into a hidden folder, or there is a reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import BridgeError, told
from ...core.timings import Timings
from ..store.manifest import ScenarioEntry
from ..store.scenario_writer import ScenarioWriter

OnFrame = Callable[[int, int], None]
"""Hears how many frames are done, and of how many."""

Recorded = tuple[ScenarioEntry, Mapping[str, str]]
"""The manifest's entry of a scenario, and the sha256 of each file by its path in the run."""


@dataclass(frozen=True, eq=False)
class TurnListener:
    """Who hears about a turn: each frame, sentences for the user, and how long stages took."""

    on_frame: OnFrame
    note: Callable[[str], None]
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True)
class ScenarioJob:
    """A scenario to record: its name, the hash of what it is made of, and what records it."""

    name: str
    key: str
    record: Callable[[ScenarioWriter, TurnListener], Recorded]


@dataclass(frozen=True)
class Turn:
    """What came of a turn: the folder ``part`` with all of it, or why there is none."""

    part: Path | None
    recorded: Recorded | None
    reason: str = ""


def take_turn(run: Path, job: ScenarioJob, listener: TurnListener) -> Turn:
    """Record a scenario into a hidden folder of the run; whatever ends it becomes the reason."""
    try:
        writer = ScenarioWriter(run, job.name)
        try:
            return Turn(writer.part, job.record(writer, listener))
        finally:
            writer.close()
    except (BridgeError, OSError, RuntimeError) as error:  # CARLA's library raises the last
        return Turn(None, None, str(told(error)))
