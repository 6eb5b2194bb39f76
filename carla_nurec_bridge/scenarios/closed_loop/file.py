"""The YAML form of a closed-loop scenario, checked field by field."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...evaluation.conditions import CONDITION_KINDS, EGO_NAME, AnyCondition, Condition, Trigger
from ...evaluation.conditions.encounters import CLASS_WORDS
from ...world.inserted_actors_file import load_inserted_actors
from ..ranges import Range
from .adversaries import ADVERSARIES, AnyAdversary
from .course_file import AlongLanes, EgoRoute, EgoStart

_NAMING = ("of", "to", "with_")


class ScenarioEgo(BaseModel):
    """The ego of a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    start: EgoStart = Field(description="where it starts")
    route: EgoRoute | None = Field(
        None,
        description="which way it is to go; empty: along the stretch or the recording that it "
        "starts with, else 150 m along the lanes",
    )
    speed_mps: Range = Field((0.0, 0.0), description="its speed at the start, m/s")

    @model_validator(mode="after")
    def _one_way(self) -> ScenarioEgo:
        if self.route is not None and self.start.type in ("stretch", "recording"):
            raise ValueError(f"a start of type {self.start.type} is a route too; leave out route")
        return self

    @property
    def way(self) -> EgoRoute:
        """The route of an ego that starts at a place."""
        return self.route or AlongLanes(type="lanes", length_m=150.0)


class ClosedLoopScenario(BaseModel):
    """A closed-loop scenario file. Pairs are ranges from which the seed draws."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(description="name of the file without its ending")
    description: str = Field(min_length=10, description="one sentence for people")
    duration_s: float = Field(gt=0.5, le=600, description="when the drive ends at the latest, s")
    map: str = Field(
        "", description="map that it needs: a shipped one, an OpenDRIVE file, or one of CARLA's"
    )
    ego: ScenarioEgo = Field(description="the ego's start and way")
    adversaries: tuple[AnyAdversary, ...] = Field((), description="who gets in its way")
    inserted_actors: str = Field(
        "", description="who crosses its way besides: a name in config/inserted_actors, or a file"
    )
    vehicles: int = Field(0, ge=0, le=200, description="Traffic Manager vehicles around")
    walkers: int = Field(0, ge=0, le=200, description="walkers on the sidewalks")
    weather: str | dict[str, float] = Field(
        "", description="a preset of CARLA, or its parameters; empty: as it is"
    )
    ends_when: Trigger | None = Field(None, description="the drive ends earlier when this holds")
    outcome: AnyCondition = Field(description="what must come of it")

    @model_validator(mode="after")
    def _known_names(self) -> ClosedLoopScenario:
        names = [adversary.name for adversary in self.adversaries]
        if len(set(names)) < len(names) or EGO_NAME in names:
            raise ValueError("names of adversaries must be unique, and none of them ego")
        known = {*names, EGO_NAME, *CLASS_WORDS}
        if self.inserted_actors:
            return self  # who they are is known once the seed has drawn
        for place, root in self._roots():
            for name in _names_in(root):
                if name not in known:
                    raise ValueError(f"field {place}: nobody is called {name!r}")
        return self

    def _roots(self) -> Iterator[tuple[str, Condition]]:
        """Give the conditions of the file with the fields that they stand in."""
        yield "outcome", self.outcome
        for number, adversary in enumerate(self.adversaries):
            yield f"adversaries.{number}.trigger", adversary.trigger
        if self.ends_when is not None:
            yield "ends_when", self.ends_when


def _names_in(condition: Condition) -> Iterator[str]:
    if condition.parts:
        for part in condition.parts:
            yield from _names_in(part)
        return
    for field in _NAMING:
        value = getattr(condition, field, ())
        yield from (value,) if isinstance(value, str) else value


def scenario_of(values: dict[str, object], where: str) -> ClosedLoopScenario:
    """Return the scenario that these fields say; InputError begins with ``where`` and the field."""
    try:
        scenario = ClosedLoopScenario.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_sentence(error)}") from error
    if scenario.inserted_actors:
        load_inserted_actors(scenario.inserted_actors)
    return scenario


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    kinds = {*CONDITION_KINDS, *ADVERSARIES}
    parts = [str(part) for part in first["loc"]]
    shown = [part for k, part in enumerate(parts) if not (part in kinds and parts[k - 1 : k])]
    if not shown:
        return problem_text(first)
    return f"field {'.'.join(shown)}: {problem_text(first)}"
