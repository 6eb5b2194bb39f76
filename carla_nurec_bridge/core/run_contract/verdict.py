"""What became of a scenario's expected outcome."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .record import Record, Rounded

VerdictStatus = Literal["passed", "failed", "undecided"]
"""Undecided is what the drive was too short to tell."""

VERDICT_CODES: dict[VerdictStatus, int] = {"passed": 0, "failed": 3, "undecided": 4}
"""Exit codes of a run that finished, by its verdict."""


class ConditionVerdict(Record):
    """What became of one condition of an expected outcome; where and when it was decided."""

    condition: str = Field(description="its place in the file, as outcome.of.0 (collision)")
    status: VerdictStatus = Field(description="whether it came out as expected")
    sentence: str = Field(description="what happened, with time, place, actors and number")
    stamp_ns: int | None = Field(description="simulation time of that, ns; null for no moment")
    time_s: Rounded | None = Field(description="the same since the drive began, s")
    place_m: tuple[Rounded, Rounded, Rounded] | None = Field(description="where in the map, m")
    actors: tuple[int, ...] = Field(description="ids of the other actors in it")
    figures: dict[str, Rounded] = Field(description="its figures; units are in their names")


class ScenarioVerdict(Record):
    """Whether a scenario's drive came out as its file expects."""

    name: str = Field(description="name of the scenario")
    status: VerdictStatus = Field(description="whether the whole outcome is as expected")
    time_s: Rounded = Field(description="when that was known, s since the drive began")
    conditions: tuple[ConditionVerdict, ...] = Field(description="every condition, in file order")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What happened: of each condition that came out as the whole did."""
        return tuple(c.sentence for c in self.conditions if c.status == self.status)

    @property
    def sentence(self) -> str:
        """The verdict as one sentence, which tells of a drive that did not pass why."""
        if self.status == "passed":
            return f"scenario {self.name} passed"
        return f"scenario {self.name} {self.status}: {'; '.join(self.sentences)}"
