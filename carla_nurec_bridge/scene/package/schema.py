"""The JSON and YAML members of a scene package, as far as they are read."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.plain_yaml import load_yaml

Content = TypeVar("Content")
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
"""No place, size or angle is larger, and squares of larger ones would end in infinity."""
Row4 = tuple[Number, Number, Number, Number]
Matrix4 = tuple[Row4, Row4, Row4, Row4]


def _whole(value: object) -> object:
    """Round stamps that were written as floats."""
    return round(value) if isinstance(value, float) and abs(value) < 1e18 else value


Byte = Annotated[int, Field(ge=0, le=255)]
Stamp = Annotated[int, BeforeValidator(_whole), Field(ge=0, lt=1 << 62)]


class _Open(BaseModel):
    """A model that keeps to the fields it knows: real packages hold more."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, defer_build=True)


class PoseRange(_Open):
    """First and last time of the recording, absolute microseconds."""

    start_us: Stamp = Field(alias="start-timestamp_us")
    end_us: Stamp = Field(alias="end-timestamp_us")


class DataInfo(_Open):
    """``data_info.json``."""

    sequence_id: str = Field(min_length=1)
    pose_range: PoseRange = Field(alias="pose-range")


class SensorsMember(_Open):
    """Names of the recorded sensors."""

    camera_ids: list[str] = []
    lidar_ids: list[str] = []


class Metadata(_Open):
    """``metadata.yaml``."""

    scene_id: str = Field(min_length=1)
    sensors: SensorsMember = SensorsMember()


class Calibration(_Open):
    """One camera: its mount (optical to rig) and ``camera_model``, which core.cameras reads."""

    sequence_id: str | None = None
    logical_sensor_name: str = Field(min_length=1)
    T_sensor_rig: Matrix4
    camera_model: dict[str, Any]


class NreTransform(_Open):
    """World to the frame in which the Gaussians are stored."""

    matrix: Matrix4


class RecordedRig(_Open):
    """The rig of one sequence."""

    sequence_id: str
    T_rig_worlds: list[Matrix4] = Field(min_length=1)
    T_rig_world_timestamps_us: list[Stamp] = Field(min_length=1)
    cameras_frame_timestamps_us: dict[str, list[tuple[Stamp, Stamp]]] = {}
    rig_bbox: dict[str, list[Number]] | None = None


class RigTrajectories(_Open):
    """``rig_trajectories.json``."""

    T_world_base: Matrix4
    world_to_nre: NreTransform | None = None
    camera_calibrations: dict[str, Calibration]
    rig_trajectories: list[RecordedRig] = Field(min_length=1)


class FullRig(RecordedRig):
    """A rig with the fields that only a check reads."""

    frame_poses: dict[str, list[tuple[Matrix4, Matrix4]]] = Field(
        default={}, alias="cameras_frame_T_rig_worlds"
    )


class FullRigTrajectories(RigTrajectories):
    """``rig_trajectories.json`` with all that it is known to hold."""

    rig_trajectories: list[FullRig] = Field(min_length=1)  # type: ignore[assignment]


class TrackAppearance(_Open):
    """How a track looked; a field of this package's own, which other readers skip."""

    blueprint: str
    colour: tuple[Byte, Byte, Byte] | None = None


class TracksData(_Open):
    """Tracks of one chunk, one entry each; poses are x, y, z, qx, qy, qz, qw."""

    tracks_id: list[str]
    tracks_poses: list[list[Annotated[list[Number], Field(min_length=7, max_length=7)]]]
    tracks_timestamps_us: list[list[Stamp]]
    tracks_label_class: list[str]
    tracks_flags: list[str]
    tracks_look: list[TrackAppearance | None] | None = None


class CuboidsData(_Open):
    """Sizes of the tracks' boxes: length, width, height in metres."""

    cuboids_dims: list[tuple[Number, Number, Number]]


class TrackChunk(_Open):
    """The tracks of one sequence or chunk."""

    tracks_data: TracksData
    cuboidtracks_data: CuboidsData


SequenceTracks = TypeAdapter(dict[str, TrackChunk], config=ConfigDict(defer_build=True))


def parse_json(data: bytes, what: str, model: TypeAdapter[Content]) -> Content:
    """Return a JSON member; InputError names the member, the field and what was found."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is not JSON: {error}") from error
    return _validated(content, what, model)


def parse_yaml(data: bytes, what: str, model: TypeAdapter[Content]) -> Content:
    """Return a YAML member; InputError names the member, the field and what was found."""
    try:
        content = load_yaml(data.decode("utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{what} is not YAML: {' '.join(str(error).split())}") from error
    return _validated(content, what, model)


def _validated(content: object, what: str, model: TypeAdapter[Content]) -> Content:
    try:
        return model.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the content"
        raise InputError(f"{what}: field {field}: {problem_text(first)}") from error
