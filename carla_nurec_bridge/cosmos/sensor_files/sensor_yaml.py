"""Read the sensor files of both Cosmos generations, and of the smart-city pipeline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from ...core.cameras.models import OpenCVPinholeCamera
from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.plain_yaml import load_yaml
from ...core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
from ...core.rig.rig import Rig, RigCamera
from .sensor_file import ListFile, NewerRigFile
from .sensor_groups import (
    ALL_OUTPUTS,
    FileError,
    Group,
    camera_of,
    group_entries,
    still_camera,
)
from .sensor_rig import SensorRig

_FURTHEST_MOUNT_M = 50.0


def read_sensor_yaml(path: Path, rate_hz: float) -> SensorRig:
    """Read a sensor file; cameras without a rate of their own get ``rate_hz``.

    Understood are lists of pictures (metres on a vehicle; with ``sensors:`` above them also
    ``units: cm`` and ``frame: world``, assumed for coordinates beyond 50) and the newer rig files
    (``cameras:``). Pictures at one place are one camera. InputError names the file and the field.
    """
    content = _content(path)
    if isinstance(content, dict) and "cameras" in content:
        return _newer(path, _checked(path, NewerRigFile, content), rate_hz)
    bare = isinstance(content, list)
    file = _checked(path, ListFile, {"sensors": content} if bare else content, bare=bare)
    try:
        return _listed(path, file, rate_hz)
    except FileError as error:
        raise InputError(f"{path}: field {_field(error.field, bare)}: {error}") from error


def _content(path: Path) -> Any:
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the sensors {path}: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, list | dict):
        raise InputError(f"{path} is no sensor file: a list of sensors, or a rig with cameras")
    return content


def _checked(path: Path, kind: Any, content: Any, *, bare: bool = False) -> Any:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = _field(".".join(map(str, first["loc"])) or "the file", bare)
        raise InputError(f"{path}: field {field}: {problem_text(first)}") from error


def _field(name: str, bare: bool) -> str:
    """Return the name of a field as the file has it: a bare list has no ``sensors``."""
    return name.removeprefix("sensors.") if bare else name


def _newer(path: Path, file: NewerRigFile, rate_hz: float) -> SensorRig:
    cameras = []
    for entry in file.cameras:
        mount = matrix_from_xyz_rpy(entry.t, np.radians(entry.rpy)) @ BODY_FROM_OPTICAL
        lens = OpenCVPinholeCamera.from_fov(entry.width, entry.height, entry.hfov)
        cameras.append(still_camera(_identifier(entry.name), lens, mount, rate_hz, ALL_OUTPUTS))
    _refuse_twice(path, cameras)
    margin_m = file.margin if file.mount == "roofline" else None
    rig = Rig(_identifier(file.name), tuple(cameras), ())
    return SensorRig(rig, "base", roof_margin_m=margin_m)


def _listed(path: Path, file: ListFile, rate_hz: float) -> SensorRig:
    places = [entry.transform.location for entry in file.sensors]
    furthest = max(abs(value) for place in places for value in (place.x, place.y, place.z))
    world = file.units == "cm" or furthest > _FURTHEST_MOUNT_M
    frame = file.frame or ("world" if world else "vehicle")
    units = file.units or ("cm" if frame == "world" else "m")
    metres = 0.01 if units == "cm" else 1.0
    if frame == "vehicle" and furthest * metres > _FURTHEST_MOUNT_M:
        raise FileError("frame", f"a camera {furthest * metres:g} m away is on no vehicle")
    notes = []
    if file.frame is None and frame == "world":
        notes.append(
            f"{path}: locations up to {furthest:g} are taken as {units} in the world; say so with "
            "`frame: world` beside `sensors:`"
        )
    cameras, hdmaps = [], set()
    groups = group_entries(file.sensors)
    for number, group in enumerate(groups, 1):
        name = _name(group, number, len(groups))
        cameras.append(camera_of(group, name, metres, rate_hz))
        if group.wants_map:
            hdmaps.add(name)
        notes += [f"{path}: {field} has no effect here" for field in group.without_effect]
    _refuse_twice(path, cameras)
    anchor = "world" if frame == "world" else "actor"
    rig = Rig(_identifier(path.stem), tuple(cameras), ())
    return SensorRig(rig, anchor, frozenset(hdmaps), notes=tuple(notes))  # type: ignore[arg-type]


def _name(group: Group, number: int, count: int) -> str:
    given = group.given_name
    if given:
        return _identifier(given)
    return "camera" if count == 1 else f"camera_{number}"


def _identifier(name: str) -> str:
    """Return a name as topics and files have it: small letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"camera_{plain}".rstrip("_")


def _refuse_twice(path: Path, cameras: list[RigCamera]) -> None:
    names = [camera.name for camera in cameras]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: two cameras are called {twice[0]}; give each a name of its own")
