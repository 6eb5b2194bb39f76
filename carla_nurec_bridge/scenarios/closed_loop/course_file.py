"""Where the ego of a closed-loop scenario starts and which way it is to go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...evaluation.conditions.places import PlaceInMap, PlaceOnLane


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SpawnPlace(_Part):
    """A spawn point of the map."""

    type: Literal["spawn_point"]
    number: int = Field(ge=0, description="number of the spawn point, as CARLA lists them")


ViaPlace = Annotated[SpawnPlace | PlaceOnLane | PlaceInMap, Field(discriminator="type")]


class StretchStart(_Part):
    """Some stretch of road without a junction, chosen by the seed; every map has one."""

    type: Literal["stretch"]
    length_m: float = Field(
        gt=10, le=5000, description="length wanted, m; a map without one gives 60 % of it"
    )
    left_lane: Literal["same_direction", "oncoming"] = Field(
        "oncoming", description="which traffic the lane to the left has, where the map has such"
    )


class RecordedStart(_Part):
    """The drive of a vehicle in a CARLA recording: it starts where that did, and goes its way."""

    type: Literal["recording"]
    log: Path = Field(description="CARLA recorder file")
    role_name: str = Field("hero", description="role_name of the vehicle")


class AlongLanes(_Part):
    """Along the lanes; where they divide, the seed chooses."""

    type: Literal["lanes"]
    length_m: float = Field(gt=10, le=1e5, description="length of the route, m")


class Via(_Part):
    """Along the lanes to places, one after the other, the shortest way to each."""

    type: Literal["via"]
    places: tuple[
        Annotated[SpawnPlace | PlaceOnLane | PlaceInMap, Field(discriminator="type")], ...
    ] = Field(min_length=1, max_length=100, description="the places; the last is the end")


EgoStart = Annotated[
    StretchStart | SpawnPlace | PlaceOnLane | PlaceInMap | RecordedStart,
    Field(discriminator="type"),
]
EgoRoute = Annotated[AlongLanes | Via, Field(discriminator="type")]
