"""Places that a user names in a file: what the level has no box for, or none of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.plain_yaml import load_yaml
from ...core.frames import Matrix, matrix_from_carla, matrix_from_xyz_rpy, rigid
from ...world.level_objects import LevelObject
from ...world.object_classes import ObjectClass

_MOST = 1000
_LEAST_M, _LARGEST_M, _FARTHEST_M = 0.1, 500.0, 1e6


def _printable(name: str) -> str:
    if not name.isprintable() or not name.strip():
        raise ValueError("a name of printable letters is wanted")
    return name


_Metres = Annotated[float, Field(ge=-_FARTHEST_M, le=_FARTHEST_M)]
_Point = tuple[_Metres, _Metres, _Metres]
_Side = Annotated[float, Field(ge=0.0, le=_LARGEST_M)]
_Degrees = Annotated[float, Field(ge=-360.0, le=360.0)]
_Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Place(_Record):
    """A box by its middle and its size, or the box around points; both may be turned."""

    name: _Name = Field(description="what labels call it, as role_name")
    object_class: ObjectClass = Field(alias="class", description="the class of its labels")
    at_m: _Point | None = Field(None, description="the middle of the box")
    size_m: tuple[_Side, _Side, _Side] | None = Field(
        None, description="length, width and height of the box"
    )
    points_m: tuple[_Point, ...] = Field(
        (), max_length=10_000, description="points that the box is around"
    )
    rpy_deg: tuple[_Degrees, _Degrees, _Degrees] = Field(
        (0.0, 0.0, 0.0), description="roll, pitch and yaw of the box, as its frame counts them"
    )

    @model_validator(mode="after")
    def _one_way(self) -> _Place:
        by_box = self.at_m is not None and self.size_m is not None
        half = (self.at_m is None) != (self.size_m is None)
        if half or by_box == bool(self.points_m):
            raise ValueError("give at_m and size_m, or points_m alone")
        return self


class _PlacesFile(_Record):
    frame: Literal["map", "world"] = Field(
        description="map: right-handed, as in labels; world: CARLA's, left-handed"
    )
    places: tuple[_Place, ...] = Field(min_length=1, max_length=_MOST)

    @model_validator(mode="after")
    def _unique(self) -> _PlacesFile:
        names = [place.name for place in self.places]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"two places are called {twice[0]!r}; rename one")
        return self


def read_places(path: Path) -> tuple[LevelObject, ...]:
    """Read a YAML file of places, in metres and degrees; their boxes are at least 0.1 m a side.

    ``frame: map`` is that of labels, ``frame: world`` CARLA's, whose y and yaw are the other way.
    A place's pixels may have any semantic tag. InputError names the file, the field and the fix.
    """
    try:
        content = load_yaml(path.read_bytes())
        file = _PlacesFile.model_validate(content)
    except OSError as error:
        raise InputError(f"cannot read the places {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "the file"
        raise InputError(f"{path}: {field}: {problem_text(problem)}") from error
    return tuple(_level_object(place, file.frame) for place in file.places)


def _level_object(place: _Place, frame: str) -> LevelObject:
    if place.at_m is not None and place.size_m is not None:
        pose, sides = _map_from(frame, place.at_m, place.rpy_deg), np.array(place.size_m)
    else:
        pose, sides = _box_around(place, frame)
    length, width, height = np.maximum(sides, _LEAST_M).tolist()
    return LevelObject(place.name, place.object_class, pose, (length, width, height), None)


def _box_around(place: _Place, frame: str) -> tuple[Matrix, NDArray[np.float64]]:
    """Return map_from_box (4, 4) and the sides (3,) of the turned box that holds all points."""
    turn = _map_from(frame, (0.0, 0.0, 0.0), place.rpy_deg)[:3, :3]
    points = np.array([_map_from(frame, point, (0.0, 0.0, 0.0))[:3, 3] for point in place.points_m])
    in_turned = points @ turn
    low, high = in_turned.min(axis=0), in_turned.max(axis=0)
    return rigid(turn, turn @ ((low + high) / 2.0)), high - low


def _map_from(frame: str, at_m: _Point, rpy_deg: _Point) -> Matrix:
    """Return map_from_box (4, 4) of a place in a frame."""
    if frame == "map":
        return matrix_from_xyz_rpy(at_m, np.radians(rpy_deg))
    roll, pitch, yaw = rpy_deg
    return matrix_from_carla(at_m, (pitch, yaw, roll))
