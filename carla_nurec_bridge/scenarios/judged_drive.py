"""A drive that is judged while it goes on: when it ends, and with which verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from ..core.run_contract.verdict import ScenarioVerdict
from ..evaluation.conditions import Condition, Course, Tick, TickReader, Watch
from ..evaluation.outcome import OutcomeJudge
from ..world.states import WorldState

_SLACK_S = 1e-9


class HeldTrigger:
    """A trigger, and whether it has held since it is watched."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.held = False

    def look(self, tick: Tick) -> None:
        """Look at the next frame."""
        self.held = bool(self._watch.look(tick).holds) or self.held


@dataclass(frozen=True)
class DriveGoal:
    """What a drive is judged by: the scenario's name, its outcome, and how long it may last.

    One that ``drives_on`` goes to its end even when its outcome is decided before.
    """

    name: str
    outcome: Condition
    duration_s: float
    drives_on: bool = False


@final
class JudgedDrive:
    """Judges one drive frame by frame; ``end`` says in words that it is over."""

    def __init__(self, goal: DriveGoal, course: Course) -> None:
        self._goal = goal
        self._judge = OutcomeJudge(goal.outcome, course, goal.name)
        self._reader = TickReader(course.cover)
        self.end = ""

    def read(self, state: WorldState, done: Mapping[str, float]) -> Tick:
        """Return the next frame as conditions look at it."""
        return self._reader.read(state, done)

    def judge(self, tick: Tick, *, over: bool) -> None:
        """Look at a frame; ``over`` says that the drive ends with it."""
        if self.end:
            return
        self._judge.update(tick)
        over = over or tick.time_s >= self._goal.duration_s - _SLACK_S
        if over:
            self._judge.settle()
        if over or (self._judge.status != "undecided" and not self._goal.drives_on):
            self.end = self.verdict().sentence

    def verdict(self) -> ScenarioVerdict:
        """Return what has come of it so far."""
        return self._judge.verdict()
