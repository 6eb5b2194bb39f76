"""Make cameras of the pictures that a sensor file lists: those at one place are one camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.cameras.models import (
    CameraModel,
    FThetaCamera,
    FThetaReference,
    OpenCVPinholeCamera,
)
from ...core.cameras.shutter import Shutter
from ...core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_carla
from ...core.rig.rig import RigCamera
from .sensor_file import AovEntry, FThetaParameters

_OUTPUTS = {
    "rgb": "rgb",
    "depth": "depth",
    "semantic_segmentation": "semantic",
    "instance_segmentation": "instance",
    "normals": "normals",
}
ALL_OUTPUTS = tuple(_OUTPUTS.values())
_USED = (
    "image_size_x",
    "image_size_y",
    "fov",
    "sensor_tick",
    "role_name",
    "wide_angle_lens",
    "camera_model",
)
_FOV_TOLERANCE_DEG = 0.5


class FileError(Exception):
    """Something that a field of the file says does not fit the rest."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Group:
    """The pictures of one camera, each with its number in the file."""

    entries: tuple[tuple[int, AovEntry], ...]

    @property
    def given_name(self) -> str:
        """Return the first name that a picture has, or nothing."""
        given = (e.name or str(e.attributes.get("role_name", "")) for _, e in self.entries)
        return next((name for name in given if name), "")

    @property
    def wants_map(self) -> bool:
        """Return whether a drawing of the map is wanted."""
        return any(e.sensor in ("cosmos_visualization", "rds_hq") for _, e in self.entries)

    @property
    def without_effect(self) -> tuple[str, ...]:
        """Return the attributes that this package does not pass on."""
        return tuple(
            f"sensors.{number}.attributes.{name}"
            for number, entry in self.entries
            for name in entry.attributes
            if name not in _USED
        )


def group_entries(entries: Sequence[AovEntry]) -> list[Group]:
    """Return the cameras of a list, in its order; FileError for pictures that belong to none."""
    places: dict[tuple[object, ...], list[tuple[int, AovEntry]]] = {}
    for number, entry in enumerate(entries):
        places.setdefault(_place(entry), []).append((number, entry))
    groups = [Group(tuple(found)) for found in places.values()]
    for group in groups:
        kinds: dict[str, int] = {}
        for number, entry in group.entries:
            if entry.sensor in kinds:
                raise FileError(
                    f"sensors.{number}.sensor",
                    f"a second {entry.sensor} where sensors.{kinds[entry.sensor]} stands; give "
                    "each camera a name",
                )
            kinds[entry.sensor] = number
    _refuse_torn(groups)
    return groups


def _place(entry: AovEntry) -> tuple[object, ...]:
    place, angles = entry.transform.location, entry.transform.rotation
    pose = (place.x, place.y, place.z, angles.pitch, angles.yaw, angles.roll)
    size = (entry.number("image_size_x"), entry.number("image_size_y"))
    return entry.name, *size, *(round(value, 4) for value in pose)


def _refuse_torn(groups: Sequence[Group]) -> None:
    """Refuse a list whose every kind of picture comes once, yet not all from one camera."""
    kinds = [entry.sensor for group in groups for _, entry in group.entries]
    if len(groups) > 1 and len(set(kinds)) == len(kinds):
        number, entry = groups[1].entries[0]
        first, other = groups[0].entries[0]
        size = _place(entry)[1:3] != _place(other)[1:3]
        what = "another size" if size else "another place"
        raise FileError(
            f"sensors.{number}.{'attributes' if size else 'transform'}",
            f"{entry.sensor} has {what} than {other.sensor} (sensors.{first}); the pictures of a "
            "clip share size and place",
        )


def camera_of(group: Group, name: str, metres: float, rate_hz: float) -> RigCamera:
    """Return the camera of a group; ``metres`` is the length of the file's unit."""
    number, first = group.entries[0]
    place, angles = first.transform.location, first.transform.rotation
    location_m = (place.x * metres, place.y * metres, place.z * metres)
    pose = matrix_from_carla(location_m, (angles.pitch, angles.yaw, angles.roll))
    ticks = {entry.number("sensor_tick") for _, entry in group.entries}
    if len(ticks) > 1:
        raise FileError(
            f"sensors.{number}.attributes.sensor_tick", "the pictures of a camera share one"
        )
    tick_s = ticks.pop()
    outputs = tuple(_OUTPUTS[e.sensor] for _, e in group.entries if e.sensor in _OUTPUTS)
    return still_camera(
        name,
        _lens(group),
        pose @ BODY_FROM_OPTICAL,
        1.0 / tick_s if tick_s else rate_hz,
        outputs or ("rgb",),
    )


def still_camera(
    name: str, lens: CameraModel, pose: Matrix, rate_hz: float, outputs: tuple[str, ...]
) -> RigCamera:
    """Return a CARLA camera: a global shutter, its own name for everything."""
    return RigCamera(name, "carla", name, lens, pose, rate_hz, Shutter.GLOBAL, 0.0, outputs)


def _lens(group: Group) -> CameraModel:
    number, first = group.entries[0]
    width, height = round(first.number("image_size_x")), round(first.number("image_size_y"))
    fov_deg = _shared_fov(group)
    wide = [n for n, entry in group.entries if _is_wide(entry)]
    for at, entry in group.entries:
        where = f"sensors.{at}"
        if entry.ftheta_parameters is not None:
            narrow = [n for n, e in group.entries if n not in wide and e.ftheta_parameters is None]
            if narrow:
                raise FileError(
                    f"sensors.{narrow[0]}.attributes",
                    f"a pinhole, while {where} has an F-theta lens; add wide_angle_lens: true",
                )
            return _ftheta(entry.ftheta_parameters, width, height)
        if entry.pinhole_parameters is not None:
            focal = entry.pinhole_parameters.focal_length
            own_deg = math.degrees(2.0 * math.atan(width / 2.0 / focal))
            if fov_deg is not None and abs(own_deg - fov_deg) > _FOV_TOLERANCE_DEG:
                raise FileError(
                    f"{where}.pinhole_parameters.focal_length",
                    f"{focal:g} px is a fov of {own_deg:.2f} deg, the pictures have {fov_deg:g}",
                )
            return OpenCVPinholeCamera(width, height, (width / 2, height / 2), (focal, focal))
    if wide:
        raise FileError(
            f"sensors.{wide[0]}.attributes.wide_angle_lens",
            "needs an rds_hq entry with ftheta_parameters at the same place",
        )
    assert fov_deg is not None, number
    return OpenCVPinholeCamera.from_fov(width, height, fov_deg)


def _shared_fov(group: Group) -> float | None:
    """Return the field of view of the pictures without a lens of their own; None without any."""
    found: tuple[int, float] | None = None
    for number, entry in group.entries:
        if entry.pinhole_parameters is not None or entry.ftheta_parameters is not None:
            continue
        fov_deg = entry.number("fov")
        if found is not None and abs(fov_deg - found[1]) > 1e-6:
            raise FileError(
                f"sensors.{number}.attributes.fov",
                f"{fov_deg:g} where sensors.{found[0]} has {found[1]:g}; the pictures of a camera "
                "share one",
            )
        found = found or (number, fov_deg)
    return None if found is None else found[1]


def _is_wide(entry: AovEntry) -> bool:
    wide = str(entry.attributes.get("wide_angle_lens", "")).lower() == "true"
    return wide or "camera_model" in entry.attributes


def _ftheta(lens: FThetaParameters, width: int, height: int) -> FThetaCamera:
    exact = lens.polynomials.ascending()
    rough = (0.0, 1.0 / exact[1])  # only where the inversion of the exact one starts
    angles, pixels = (exact, rough) if lens.is_bw_poly else (rough, exact)
    reference = (
        FThetaReference.PIXELDIST_TO_ANGLE
        if lens.is_bw_poly
        else FThetaReference.ANGLE_TO_PIXELDIST
    )
    linear = (lens.linear.c, lens.linear.d, lens.linear.e)
    middle = (width / 2 - 0.5, height / 2 - 0.5)
    return FThetaCamera(width, height, middle, angles, pixels, reference, math.pi, linear)
