"""The YAML form of a suite, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.shipped_yaml import read_fields
from ...evaluation.scores.scorer import check_names
from ..closed_loop.agent import NAME, AgentUnderTest, agent_under_test

Plain = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UniformDraw(_Part):
    """A number between two, every one as likely."""

    uniform: tuple[float, float] = Field(description="the least and the greatest")

    @model_validator(mode="after")
    def _rising(self) -> UniformDraw:
        if not self.uniform[0] < self.uniform[1]:
            raise ValueError("uniform: the first number must be below the second")
        return self


class IntegerDraw(_Part):
    """A whole number between two, both included, every one as likely."""

    integer: tuple[int, int] = Field(description="the least and the greatest")

    @model_validator(mode="after")
    def _rising(self) -> IntegerDraw:
        if not self.integer[0] < self.integer[1]:
            raise ValueError("integer: the first number must be below the second")
        return self


class ChoiceDraw(_Part):
    """One of several values, every one as likely."""

    choice: tuple[Plain, ...] = Field(min_length=1, description="the values")


class DrawnValues(_Part):
    """Variants with drawn values."""

    count: int = Field(ge=1, le=10_000, description="how many variants are drawn")
    seed: int = Field(0, ge=0, description="seed of the draws")
    values: dict[str, UniformDraw | IntegerDraw | ChoiceDraw] = Field(
        min_length=1, description="what is drawn, by its name as in grid"
    )


Grid = dict[str, Annotated[tuple[Plain, ...], Field(min_length=1)]]


class SuiteScenario(_Part):
    """A scenario of a suite, with variants of its own."""

    scenario: str = Field(description="a name in config/scenarios or a YAML file")
    grid: Grid = Field({}, description="values of this scenario, beside those of the suite")
    sample: DrawnValues | None = Field(None, description="draws of this scenario; as in the suite")


class SuiteAgent(_Part):
    """A user's agent."""

    name: str = Field(pattern=f"^{NAME.pattern}$", description="name that the report has for it")
    command: str | tuple[str, ...] = Field(description="command line that starts it")
    node: str | None = Field(
        None, description="its name in lock-step; empty: it takes no part in it"
    )


class Suite(_Part):
    """Scenarios x variants x seeds x agents, and how they are judged."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="name of the file")
    scenarios: tuple[str | SuiteScenario, ...] = Field(min_length=1, description="the scenarios")
    seeds: tuple[int, ...] = Field((1,), min_length=1, description="seeds of every scenario")
    repeats: int = Field(
        1, ge=1, le=100, description="runs of one seed; from 2 on flaky scenarios are found"
    )
    agents: tuple[str | SuiteAgent, ...] = Field(min_length=1, description="who drives")
    run: dict[str, Any] = Field(
        {},
        description="fields of every run (carla-nurec up --fields); scenario_drives_on is true "
        "unless it says otherwise",
    )
    grid: Grid = Field(
        {}, description="values by name, all combinations: a run's field or scenario.PATH"
    )
    sample: DrawnValues | None = Field(None, description="values that are drawn")
    scores: tuple[str, ...] = Field((), description="scores to compute; empty = all")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    resamples: int = Field(10_000, ge=100, le=1_000_000, description="draws of the bootstrap")
    statistics_seed: int = Field(0, ge=0, description="seed of these draws")
    tries: int = Field(3, ge=1, le=10, description="how often a run is begun whose simulator dies")
    run_limit_s: float = Field(900.0, gt=1, description="wall time that one run may take, s")
    time_budget_s: float | None = Field(
        None, gt=0, description="wall time after which no further run is begun, s; empty = none"
    )
    reports: Literal["unless_passed", "always"] = Field(
        "unless_passed", description="which runs get a report.md with pictures"
    )

    @field_validator("seeds", "agents", "scores")
    @classmethod
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [getattr(value, "name", value) for value in values]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is there twice")
        return values

    def drivers(self) -> list[AgentUnderTest]:
        """Return who drives; InputError for one that is not shipped and has no command."""
        return [
            agent_under_test(one)
            if isinstance(one, str)
            else agent_under_test(one.name, one.command, one.node)
            for one in self.agents
        ]

    def entries(self) -> list[SuiteScenario]:
        """Return the scenarios, each as an entry of its own."""
        return [
            SuiteScenario.model_validate({"scenario": one}) if isinstance(one, str) else one
            for one in self.scenarios
        ]


def load_suite(wanted: str) -> tuple[Path, Suite]:
    """Read a suite: a YAML file or the name of a shipped one; return its file too.

    InputError names file and field, what was found, and what is allowed.
    """
    path, values = read_fields("suites", wanted, "suite")
    return path, suite_of(values, str(path))


def suite_of(values: Mapping[str, Any], where: str) -> Suite:
    """Return the suite that these fields say; InputError begins with ``where`` and the field."""
    try:
        suite = Suite.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(f"{where}: {_sentence(error)}") from error
    for field, check in (("agents", suite.drivers), ("scores", lambda: check_names(suite.scores))):
        try:
            check()
        except InputError as error:
            raise InputError(f"{where}: field {field}: {error}") from error
    return suite


def _sentence(error: ValidationError) -> str:
    problems = error.errors()
    problem = max(problems, key=lambda one: (one["type"] == "value_error", len(one["loc"])))
    place = [str(part) for part in problem["loc"] if not _is_alternative(part)]
    field = Suite.model_fields.get(place[0]) if place else None
    meaning = f" ({field.description})" if field is not None else ""
    if problem["type"] == "extra_forbidden" and len(place) == 1:
        known = ", ".join(Suite.model_fields)
        return f"field {place[0]}: a suite has no such field; known: {known}"
    return f"field {'.'.join(place) or 'the file'}: {problem_text(problem)}{meaning}"


def _is_alternative(part: str | int) -> bool:
    """Return whether pydantic names by this which of several forms it tried."""
    return isinstance(part, str) and (
        part in ("str", "int", "float", "bool")
        or "Draw" in part
        or part.startswith(("Suite", "tuple["))
    )
