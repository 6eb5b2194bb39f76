"""Sensor rigs: which cameras and lidars a vehicle carries, where, and how often they sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from ..cameras.models import CameraModel
from ..cameras.shutter import Shutter
from ..errors import InputError
from ..field_errors import problem_text
from ..files.plain_yaml import load_yaml
from ..frames import BODY_FROM_OPTICAL, Matrix
from ..resources import config_path, share_dir
from .clouds import CloudFields
from .lens_file import MatrixMount, target_size
from .lidar import LidarFilter
from .rig_file import CameraEntry, LidarEntry, RigFile
from .rig_file_base import Mount
from .sensor_base import CarlaSensor

Source = Literal["nurec", "carla"]


@dataclass(frozen=True, eq=False)
class RigCamera:
    """A camera of a rig; ``rig_from_camera`` takes optical points to base_link.

    ``shutter_s`` is the time from the first line's exposure to the last one's; ``outputs`` are
    the streams wanted of it. A ``custom`` camera keeps lens, mount and shutter where others take
    those of the scene's recording. ``quality`` is JPEG's, 1 to 100; ``ego_mask`` names the rig
    configuration whose hood is laid over the pictures, if any.
    """

    name: str
    source: Source
    logical_id: str
    model: CameraModel
    rig_from_camera: Matrix
    rate_hz: float
    shutter: Shutter
    shutter_s: float
    outputs: tuple[str, ...]
    custom: bool = False
    image_format: Literal["jpeg", "png", "planar"] = "jpeg"
    quality: float = 95.0
    ego_mask: str = ""


@dataclass(frozen=True, eq=False)
class RigLidar:
    """A lidar of a rig; ``rig_from_lidar`` takes its points (x forward, z up) to base_link."""

    name: str
    source: Source
    device: str
    rig_from_lidar: Matrix
    rate_hz: float
    filter: LidarFilter | None = None
    fields: CloudFields = "xyzi"


@dataclass(frozen=True, eq=False)
class Rig:
    """The sensors of a vehicle; names are unique and become part of their topics' names.

    ``source`` is the file that it comes from, if any.
    """

    name: str
    cameras: tuple[RigCamera, ...]
    lidars: tuple[RigLidar, ...]
    sensors: tuple[CarlaSensor, ...] = ()
    source: str = ""


def load_rig(path_or_name: str | Path) -> Rig:
    """Read a rig from a YAML file, or a shipped one by its name (``"demo"``).

    InputError names the file, the field, what was found there and what is wanted.
    """
    path = _find(path_or_name)
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the rig {path}: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        checked = RigFile.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(error)}") from error
    try:
        return Rig(
            checked.name,
            tuple(_camera(entry) for entry in checked.cameras),
            tuple(_lidar(entry) for entry in checked.lidars),
            checked.sensors,
            str(path),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if path.is_file():
        return path
    shipped = {file.stem: file for file in sorted((share_dir() / "config" / "rigs").glob("*.yaml"))}
    if str(path_or_name) in shipped:
        return config_path("rigs", f"{path_or_name}.yaml")
    raise InputError(
        f"no rig file {path_or_name}; give a YAML file or a shipped rig: {', '.join(shipped)}"
    )


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "the file"
    more = error.error_count() - 1
    rest = f" (and {more} more)" if more else ""
    return f"field {field}: {problem_text(first)}{rest}"


def _camera(entry: CameraEntry) -> RigCamera:
    try:
        size = target_size(entry.name, entry.model, entry.resolution, entry.resolution_ratio)
        model = entry.model.model(size)
    except InputError as error:
        raise InputError(f"camera {entry.name}: {error}") from error
    return RigCamera(
        entry.name,
        entry.source,
        entry.logical_id or entry.name,
        model,
        _camera_matrix(entry.mount),
        entry.rate_hz,
        Shutter[entry.shutter],
        entry.shutter_s,
        entry.outputs,
        entry.calibration == "custom",
        entry.image_format,
        entry.image_quality,
        entry.ego_mask,
    )


def _camera_matrix(mount: Mount | MatrixMount) -> Matrix:
    if isinstance(mount, Mount):
        return mount.matrix() @ BODY_FROM_OPTICAL
    return mount.matrix()


def _lidar(entry: LidarEntry) -> RigLidar:
    wanted = LidarFilter(**entry.filter.model_dump()) if entry.filter else None
    mount = entry.mount.matrix()
    return RigLidar(
        entry.name, entry.source, entry.device, mount, entry.rate_hz, wanted, entry.fields
    )
