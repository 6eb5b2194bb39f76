"""What scores give: values of one drive and of each of its ticks, as records and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record
from .plans import PlanFigures

FORMAT: Literal["carla-nurec-scores/1"] = "carla-nurec-scores/1"


class Component(Record):
    """One part of a score."""

    name: str = Field(description="name of the part, as the score's source has it")
    value: float | None = Field(description="its value; null where the drive does not tell it")
    role: Literal["factor", "weighted", "figure"] = Field(
        description="multiplied, averaged by its weight, or told beside the score"
    )
    weight: float | None = Field(description="its weight in the average, else null")


class Infraction(Record):
    """Something that a score counts against the drive."""

    kind: str = Field(description="what it is, as the score's source calls it")
    stamp_ns: int = Field(description="simulation time at which it counts, ns")
    time_s: float = Field(description="the same since the first state of the drive, s")
    place_m: tuple[float, float, float] = Field(description="where in the map, m")
    actors: tuple[int, ...] = Field(description="ids of the other actors in it")
    figures: dict[str, float] = Field(description="its figures; units are in their names")


class ScoreResult(Record):
    """One score of a drive."""

    name: str = Field(description="name by which the score is asked for")
    title: str = Field(description="name for people")
    metric_version: str = Field(description="whose formulas and thresholds, and of when")
    value: float | None = Field(description="the score; null where the drive does not tell it")
    best: float = Field(description="the best value that there is")
    status: str = Field(description="how the drive ended by the rules of the score")
    components: tuple[Component, ...] = Field(description="the parts of the score")
    infractions: tuple[Infraction, ...] = Field(description="what counts against it, by time")
    thresholds: dict[str, float] = Field(description="all limits; units are in their names")
    notes: tuple[str, ...] = Field(description="where this differs from the source, and why")

    def component(self, name: str) -> float | None:
        """Return the value of a part; KeyError for one that the score does not have."""
        return {part.name: part.value for part in self.components}[name]


class TickScores(Record):
    """What the scores say after one tick."""

    stamp_ns: int = Field(description="simulation time, ns")
    values: dict[str, float | None] = Field(
        description="SCORE.PART: what holds at the tick, null where nothing is known"
    )


class ScoreReport(Record):
    """All scores of a drive, and how they came about tick by tick."""

    format: Literal["carla-nurec-scores/1"] = Field(description="version of this layout")
    source: str = Field(description="the bag or run that was scored")
    ticks: int = Field(description="states in the drive")
    duration_s: float = Field(description="from the first state to the last, s")
    scores: tuple[ScoreResult, ...] = Field(description="the scores in the order asked for")
    stamps_ns: tuple[int, ...] = Field(description="simulation time of each tick, ns")
    series: dict[str, tuple[float | None, ...]] = Field(
        description="SCORE.PART: what held at each tick"
    )
    plans: PlanFigures | None = Field(
        default=None, description="what was planned beside what was driven; null without plans"
    )

    def score(self, name: str) -> ScoreResult:
        """Return a score by name; KeyError when it was not asked for."""
        return {score.name: score for score in self.scores}[name]


def thresholds_of(limits: Record) -> dict[str, float]:
    """Return the limits that a score was computed with."""
    return {name: float(value) for name, value in limits.model_dump().items()}


def part(name: str, value: float | None) -> Component:
    """Return a figure that is told beside a score."""
    return Component(name=name, value=value, role="figure", weight=None)


def factor(name: str, value: float | None) -> Component:
    """Return a part that the score is multiplied by."""
    return Component(name=name, value=value, role="factor", weight=None)


def weighted(name: str, value: float | None, weight: float) -> Component:
    """Return a part that is averaged by its weight."""
    return Component(name=name, value=value, role="weighted", weight=weight)


def product_of_average(parts: tuple[Component, ...]) -> float | None:
    """Return the factors' product times the weighted average; None when any of them is unknown."""
    used = [x for x in parts if x.role != "figure"]
    if any(x.value is None for x in used):
        return None
    score, total, weights = 1.0, 0.0, 0.0
    for each in used:
        value = each.value or 0.0
        if each.weight is None:
            score *= value
        else:
            total += each.weight * value
            weights += each.weight
    return score * total / weights if weights else score


def named(values: Mapping[str, float | None], score: str) -> dict[str, float | None]:
    """Return values of a tick by SCORE.PART."""
    return {f"{score}.{name}": value for name, value in values.items()}
