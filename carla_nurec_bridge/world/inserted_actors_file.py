"""The YAML form of what is added to a run, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..core.errors import InputError
from ..core.field_errors import problem_text
from ..core.shipped_yaml import read_fields, shipped_files

Pair = tuple[float, float]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]

_LIMITS: dict[str, Pair] = {
    "count": (0, 50),
    "along_m": (-50, 50),
    "outside_m": (0, 20),
    "beyond_m": (-10, 20),
    "delay_s": (0, 60),
    "speed_mps": (0.1, 15),
    "crossing_m": (5, 5000),
    "gap_m": (0, 500),
}
"""What the numbers of each range may be."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @field_validator(*_LIMITS, check_fields=False)
    @classmethod
    def _in_limits(cls, pair: Pair, info: ValidationInfo) -> Pair:
        low, high = _LIMITS[str(info.field_name)]
        if not low <= pair[0] <= pair[1] <= high:
            raise ValueError(f"two rising numbers from {low:g} to {high:g} are wanted")
        return pair


class InsertedActorEntry(_Strict):
    """One actor, or ``count`` alike; pairs are ranges from which the seed draws."""

    name: _Name = Field(description="role_name in CARLA, track in NuRec; NAME_0 ... if counted")
    blueprints: tuple[str, ...] = Field(
        min_length=1, description="walkers or props of CARLA to choose from; * and ? stand for any"
    )
    assets: tuple[str, ...] = Field(
        (), description="what NuRec draws it as, to choose from; none: the blueprint"
    )
    label_class: str = Field("", description="NuRec's class of the track; empty: the asset's")
    count: tuple[int, int] = Field((1, 1), description="how many")
    along_m: Pair = Field((0.0, 0.0), description="where it crosses, m ahead of the crossing")
    outside_m: Pair = Field(description="where it starts, m outside the road's edge")
    beyond_m: Pair = Field((1.0, 1.0), description="where it stops, m beyond the other edge")
    delay_s: Pair = Field((0.0, 0.0), description="when it starts, s after the cue")
    speed_mps: Pair = Field(description="how fast, m/s")
    rolls: bool = Field(False, description="props: turn as a ball does")


class InsertedActorsFile(_Strict):
    """A file of actors to insert."""

    name: str = Field("", description="name of the file without its ending")
    description: str = Field(min_length=10, description="one sentence for people")
    crossing_m: Pair = Field(description="where the road is crossed, m along the hero's route")
    gap_m: Pair = Field(description="the cue: how near the hero is then, m")
    side: Literal["left", "right", "any"] = Field("any", description="where they come from")
    apart_m: float = Field(
        0.0, ge=0.0, le=20.0, description="constraint: how near two of them may come, m"
    )
    actors: tuple[InsertedActorEntry, ...] = Field(min_length=1, description="who is added")

    @model_validator(mode="after")
    def _unique(self) -> InsertedActorsFile:
        names = [entry.name for entry in self.actors]
        if len(set(names)) < len(names):
            raise ValueError("the names of actors must be unique")
        return self


def load_inserted_actors(wanted: str) -> InsertedActorsFile:
    """Read actors to insert: a shipped name or a YAML file; InputError names file, field, fix."""
    path, values = read_fields("inserted_actors", wanted, "actors to insert called")
    try:
        return InsertedActorsFile.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(error)}") from error


def shipped_inserted_actors() -> list[InsertedActorsFile]:
    """Return the actors to insert that come with the package, by name."""
    return [load_inserted_actors(str(path)) for path in shipped_files("inserted_actors")]


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "the file"
    model = InsertedActorEntry if first["loc"][:1] == ("actors",) else InsertedActorsFile
    names = [part for part in first["loc"] if part in model.model_fields and part != "actors"]
    about = model.model_fields[str(names[0])].description if names else None
    return f"field {field}: {problem_text(first)}" + (f" ({about})" if about else "")
