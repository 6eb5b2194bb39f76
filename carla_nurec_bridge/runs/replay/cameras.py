"""Which cameras a replay shows: recorded ones, those of a rig, and CARLA's view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...core.cameras.camera_names import cameras_text
from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.rig.rig import Rig, RigCamera, load_rig
from ...scene import Scene
from ...scene.package.calibration import calibrated

USUAL = "camera_front_wide_120fov"
_USUAL_SHUTTER_S = 0.03
_USUAL_RATIO, _USUAL_WIDTH = 0.25, 640
_CARLA_SIZE = (640, 360)
_CARLA_FOV_DEG = 90.0


@dataclass(frozen=True)
class CameraWish:
    """What was asked for: recorded cameras (``all`` of them, or names), a rig, CARLA's view.

    ``ratio`` is the size of recorded cameras' pictures (None: a quarter, but not below 640 pixels
    of width), ``rate_hz`` their rate.
    """

    names: tuple[str, ...]
    rig: str | None
    ratio: float | None
    rate_hz: float
    carla_view: bool
    image_format: Literal["jpeg", "png"] | None = None


def chosen_cameras(scene: Scene, wish: CameraWish) -> Rig:
    """Return the cameras of a replay: the recorded ones that were named, then those of the rig.

    Without a rig and without names it is the front one, or all where there is none of that name,
    and a CARLA camera at the first one's place if wanted. InputError names a camera that the scene
    does not have, or that is there twice.
    """
    cameras = [] if wish.rig and not wish.names else _recorded(scene, wish)
    if wish.rig:
        cameras += calibrated(load_rig(wish.rig), scene).cameras
    elif wish.carla_view:
        cameras.append(_carla_view(cameras[0].rig_from_camera, wish.rate_hz))
    names = [camera.name for camera in cameras]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"the camera {twice} is there twice, from the recording and from the rig {wish.rig}; "
            "leave one out, or give the rig's another name"
        )
    if wish.image_format is not None:
        cameras = [replace(camera, image_format=wish.image_format) for camera in cameras]
    return Rig("replay", tuple(cameras), ())


def _recorded(scene: Scene, wish: CameraWish) -> list[RigCamera]:
    recorded = {camera.logical_id: camera for camera in scene.cameras}
    if not recorded:
        raise InputError(f"the scene {scene.scene_id} has no cameras; give --rig with custom ones")
    wanted: Sequence[str] = wish.names or (USUAL if USUAL in recorded else "all",)
    if "all" in wanted:
        wanted = list(recorded)
    chosen = {name: scene.camera(name) for name in wanted}
    unknown = [name for name, camera in chosen.items() if camera is None]
    if unknown:
        raise InputError(f"the scene has no camera {unknown[0]!r}; {cameras_text(recorded)}")
    cameras = []
    for name, camera in {c.logical_id: c for c in chosen.values() if c is not None}.items():
        model = camera.model
        ratio = wish.ratio or min(1.0, max(_USUAL_RATIO, _USUAL_WIDTH / model.width))
        size = (max(2, round(model.width * ratio)), max(2, round(model.height * ratio)))
        stamps = camera.frame_stamps_us
        taken_us = stamps[:, 1] - stamps[:, 0]
        taken_s = float(np.median(taken_us)) / 1e6 if len(stamps) else 0.0
        shutter_s = min(taken_s or _USUAL_SHUTTER_S, 0.9 / wish.rate_hz)
        cameras.append(
            RigCamera(
                name.removeprefix("camera_"),
                "nurec",
                name,
                model.scaled(*size),
                camera.rig_from_camera,
                wish.rate_hz,
                camera.shutter,
                shutter_s,
                ("rgb",),
            )
        )
    return cameras


def _carla_view(rig_from_camera: Matrix, rate_hz: float) -> RigCamera:
    model = OpenCVPinholeCamera.from_fov(*_CARLA_SIZE, _CARLA_FOV_DEG)
    return RigCamera(
        "carla", "carla", "carla", model, rig_from_camera, rate_hz, Shutter.GLOBAL, 0.0, ("rgb",)
    )
