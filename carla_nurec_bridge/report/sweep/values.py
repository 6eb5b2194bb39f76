"""What the report of a suite says: nothing in which two sweeps of equal runs differ.

What runs took stands in ``times.json`` beside it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record
from ...core.run_contract.verdict import VerdictStatus
from ...evaluation.comparison.bootstrap import Interval
from ...evaluation.comparison.flaky import Flaky
from ...evaluation.comparison.paired import PairedTest

FORMAT: Literal["carla-nurec-sweep/1"] = "carla-nurec-sweep/1"
PASSED = "passed"
"""The figure of a run that says whether it passed: 1 or 0."""

RunState = Literal[
    "finished", "agent_failed", "simulator_died", "refused", "overtime", "failed", "not_run"
]
"""How a run ended; failed could not even be tried, not_run is still to come."""


class SweepRow(Record):
    """One run of a suite."""

    name: str = Field(description="name of the run, and of its folder in runs")
    scenario: str = Field(description="name of the scenario")
    variant: str = Field(description="the same, with a number where it has several variants")
    values: dict[str, str | int | float | bool] = Field(description="what makes the variant")
    agent: str = Field(description="who drove")
    seed: int = Field(description="seed of the run")
    repeat: int = Field(description="number of the run with this seed, from 1")
    state: RunState = Field(description="how the run ended")
    verdict: VerdictStatus | None = Field(description="of the scenario; null without one")
    passed: bool = Field(description="whether it finished with the verdict passed")
    lines: tuple[str, ...] = Field(description="what happened, in sentences")
    scores: dict[str, float | None] = Field(description="scores by name; null where unknown")
    tries: int = Field(description="how often it was begun; above 1 where simulators died")

    @property
    def is_over(self) -> bool:
        """Whether the agent has had its chance: the simulator held, and nothing was refused."""
        return self.state in ("finished", "agent_failed", "overtime")

    @property
    def figures(self) -> dict[str, float | None]:
        """The scores of a run, and before them whether it passed."""
        return {PASSED: float(self.passed), **self.scores} if self.is_over else {}


class AgentFigures(Record):
    """An agent in all of its runs."""

    agent: str = Field(description="who drove")
    runs: int = Field(description="runs that were asked for")
    over: int = Field(description="runs in which it had its chance; only these are averaged")
    outcomes: dict[str, int] = Field(
        description="runs by verdict, or by how they ended without one"
    )
    figures: dict[str, Interval] = Field(description="mean and interval by score, passed first")
    unknown: dict[str, int] = Field(description="runs that are over without this score, by score")


class AgentPair(Record):
    """Two agents in the runs that both have had."""

    first: str = Field(description="whose figures count as more where the difference is positive")
    second: str = Field(description="with whom it is compared")
    tests: dict[str, PairedTest] = Field(description="by score, passed first")
    p_holm: dict[str, float | None] = Field(
        description="p-values by score that hold for all scores of the pair together (Holm)"
    )


class SweepReport(Record):
    """The report of a suite."""

    format: Literal["carla-nurec-sweep/1"] = Field(description="version of this layout")
    created_by: str = Field(description="program and version")
    suite: str = Field(description="name of the suite")
    confidence: float = Field(description="of the intervals")
    resamples: int = Field(description="draws of the bootstrap")
    statistics_seed: int = Field(description="seed of these draws")
    repeats: int = Field(description="runs of one seed")
    agents: tuple[AgentFigures, ...] = Field(description="agents in the order of the suite")
    pairs: tuple[AgentPair, ...] = Field(description="every two of them")
    flaky: tuple[Flaky, ...] = Field(description="runs of one seed that came out differently")
    runs: tuple[SweepRow, ...] = Field(description="all runs in the order of the suite")

    @property
    def is_whole(self) -> bool:
        """Whether every run is over."""
        return all(run.is_over for run in self.runs)

    @property
    def score_names(self) -> tuple[str, ...]:
        """The figures that there are, passed first."""
        return tuple(dict.fromkeys(name for one in self.agents for name in one.figures))
