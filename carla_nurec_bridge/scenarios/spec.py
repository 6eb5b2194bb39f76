"""Scenario files: which script, how fast, how near, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..core.errors import InputError
from ..core.field_errors import problem_text
from ..core.shipped_yaml import read_fields, shipped_files
from .ranges import Range, drawn

EventType = Literal[
    "collision", "wrong_way", "hard_brake", "cut_in", "jaywalking", "stopped_car", "overtaking"
]


class ScenarioSpec(BaseModel):
    """One scenario file. Pairs are ranges from which the seed draws; m, s and m/s."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(description="name of the file without its ending")
    script: Literal[
        "traffic",
        "rear_end",
        "head_on",
        "wrong_way",
        "hard_brake",
        "cut_in",
        "jaywalking",
        "stopped_car",
    ] = Field(description="how it is driven")
    description: str = Field(min_length=10, description="one sentence for people")
    duration_s: float = Field(20.0, gt=1, le=600, description="length of the recording")
    vehicles: int = Field(4, ge=0, le=200, description="Traffic Manager vehicles around")
    walkers: int = Field(
        0, ge=0, le=200, description="walkers on the sidewalks, as far as the map has any"
    )
    ego_speed_mps: Range = Field((8.0, 10.0), description="speed of the hero")
    other_speed_mps: Range = Field((8.0, 10.0), description="speed of the other one")
    gap_m: Range = Field((15.0, 20.0), description="distance at the script's decisive moment")
    begin_s: Range = Field((2.0, 4.0), description="when the decisive moment may come at first")
    expect: tuple[EventType, ...] = Field((), description="events that the recording must hold")
    forbid: tuple[EventType, ...] = Field((), description="events that it must not hold")


@dataclass(frozen=True)
class Draw:
    """The numbers that a seed drew from a scenario's ranges; m, s and m/s."""

    ego_speed_mps: float
    other_speed_mps: float
    gap_m: float
    begin_s: float


def draw(spec: ScenarioSpec, rng: np.random.Generator) -> Draw:
    """Draw a scenario's numbers."""
    ranges = (spec.ego_speed_mps, spec.other_speed_mps, spec.gap_m, spec.begin_s)
    return Draw(*(drawn(pair, rng) for pair in ranges))


def spec_of(values: dict[str, Any], where: str) -> ScenarioSpec:
    """Return the scenario that these fields say; InputError begins with ``where`` and the field."""
    try:
        return ScenarioSpec(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        about = ScenarioSpec.model_fields.get(str(first["loc"][0]))
        meaning = f" ({about.description})" if about else ""
        raise InputError(f"{where}: field {field}: {problem_text(first)}{meaning}") from error


def load_spec(wanted: str) -> ScenarioSpec:
    """Read a scenario: a shipped name or a YAML file; InputError names file, field and fix."""
    path, values = read_fields("scenarios", wanted, "scenario")
    if "outcome" in values and "script" not in values:
        raise InputError(
            f"{path} is a closed-loop scenario: it is driven, not recorded; give it to carla-nurec "
            "demo --scenario"
        )
    return spec_of(values, str(path))


def shipped_specs() -> list[ScenarioSpec]:
    """Return the incidents that come with the package, by name."""
    read = (read_fields("scenarios", str(path), "scenario") for path in shipped_files("scenarios"))
    return [spec_of(values, str(path)) for path, values in read if "script" in values]
