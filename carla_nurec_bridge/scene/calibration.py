"""The rig as a scene's recording calibrated it."""

from __future__ import annotations

from dataclasses import replace

from ..core.camera_names import cameras_text
from ..core.errors import InputError
from ..core.rig import Rig, RigCamera
from .model import Scene


def calibrated(rig: Rig, scene: Scene) -> Rig:
    """Return the rig whose NuRec cameras have the scene's lens, mount and shutter.

    The rig keeps the names, rates and resolutions; the lens is rescaled to the rig's resolution.
    A custom camera stays as the rig has it; its logical id chooses the recorded camera whose
    colours NuRec gives it.
    InputError names a camera that the scene does not have, and those that it has.
    """
    cameras = [
        _calibrated(camera, scene) if camera.source == "nurec" else camera for camera in rig.cameras
    ]
    return replace(rig, cameras=tuple(cameras))


def _calibrated(camera: RigCamera, scene: Scene) -> RigCamera:
    recorded = scene.camera(camera.logical_id)
    if recorded is None:
        known = cameras_text(c.logical_id for c in scene.cameras)
        raise InputError(
            f"the scene {scene.scene_id} has no camera {camera.logical_id!r}, which the rig's "
            f"camera {camera.name} asks for; {known}"
        )
    camera = replace(camera, logical_id=recorded.logical_id)
    if camera.custom:
        return camera
    return replace(
        camera,
        model=recorded.model.scaled(camera.model.width, camera.model.height),
        rig_from_camera=recorded.rig_from_camera,
        shutter=recorded.shutter,
    )
