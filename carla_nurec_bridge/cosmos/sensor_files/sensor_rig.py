"""The cameras of a sensor file, before it is known what they are mounted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_xyz_rpy
from ...core.rig.rig import Rig, RigCamera

_FRONT_M = (2.8, 0.0, 1.3)
_ROOF_MARGIN_M = 0.05

Anchor = Literal["actor", "base", "world"]


@dataclass(frozen=True)
class SensorRig:
    """Cameras whose ``rig_from_camera`` takes optical points to the frame ``anchor``.

    ``actor``: CARLA's origin of the parent vehicle, ``base``: base_link, ``world``: the map (such
    cameras stand still). ``outputs`` of a camera are its pictures; those in ``hdmaps`` want a
    drawing of the map too. With ``roof_margin_m`` cameras inside the vehicle are lifted so far
    above its roof. ``notes`` are sentences for the user.
    """

    rig: Rig
    anchor: Anchor
    hdmaps: frozenset[str] = frozenset()
    roof_margin_m: float | None = None
    notes: tuple[str, ...] = ()


def carla_cameras(rig: Rig) -> SensorRig:
    """Return the cameras of a rig that CARLA draws; InputError when there are none."""
    cameras = tuple(camera for camera in rig.cameras if camera.source == "carla")
    if not cameras:
        raise InputError(f"the rig {rig.name} has no camera with source: carla")
    return SensorRig(Rig(rig.name, cameras, ()), "base")


def front_camera(width: int, height: int, fov_deg: float, rate_hz: float) -> SensorRig:
    """Return one camera that looks ahead above the bonnet; ``fov_deg`` is horizontal."""
    model = OpenCVPinholeCamera.from_fov(width, height, fov_deg)
    mount = matrix_from_xyz_rpy(_FRONT_M, (0.0, 0.0, 0.0)) @ BODY_FROM_OPTICAL
    front = RigCamera(
        "front", "carla", "front", model, mount, rate_hz, Shutter.GLOBAL, 0.0, ("rgb",)
    )
    return SensorRig(Rig("front", (front,), ()), "base", roof_margin_m=_ROOF_MARGIN_M)


def on_vehicle(
    sensors: SensorRig,
    base_from_actor: Matrix,
    box_in_base_m: tuple[float, float, float],
    size_m: tuple[float, float, float],
) -> tuple[Rig, tuple[str, ...]]:
    """Return the rig relative to base_link, and a sentence for each camera that was lifted.

    ``box_in_base_m`` is the centre and ``size_m`` the length, width and height of the vehicle's
    box, in metres along base_link's axes. InputError for cameras that stand in the world.
    """
    if sensors.anchor == "world":
        raise InputError(f"the cameras of {sensors.rig.name} stand in the world, on no vehicle")
    base_from_anchor = base_from_actor if sensors.anchor == "actor" else np.eye(4)
    cameras, notes = [], []
    for camera in sensors.rig.cameras:
        base_from_camera = base_from_anchor @ camera.rig_from_camera
        lifted = _lifted(base_from_camera, sensors.roof_margin_m, box_in_base_m, size_m)
        if lifted is not None:
            notes.append(
                f"camera {camera.name} is lifted from {base_from_camera[2, 3]:.2f} m to "
                f"{lifted[2, 3]:.2f} m, above the vehicle's roof"
            )
            base_from_camera = lifted
        cameras.append(replace(camera, rig_from_camera=base_from_camera))
    return replace(sensors.rig, cameras=tuple(cameras)), tuple(notes)


def in_world(sensors: SensorRig) -> tuple[RigCamera, ...]:
    """Return cameras that stand still; their ``rig_from_camera`` is map_from_camera.

    InputError for cameras that need a vehicle.
    """
    if sensors.anchor != "world":
        raise InputError(
            f"the cameras of {sensors.rig.name} are mounted on a vehicle; if they stand in the "
            "world, write `frame: world` into the file"
        )
    return sensors.rig.cameras


def _lifted(
    pose: Matrix,
    margin_m: float | None,
    centre_m: tuple[float, float, float],
    size_m: tuple[float, float, float],
) -> Matrix | None:
    """Return the pose above the roof; None when it may stay."""
    away = np.abs(pose[:3, 3] - centre_m)
    if margin_m is None or np.any(away > np.asarray(size_m) / 2):
        return None
    lifted = pose.copy()
    lifted[2, 3] = centre_m[2] + size_m[2] / 2 + margin_m
    return lifted
