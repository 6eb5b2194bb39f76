"""The rig as a scene's recording calibrated it."""

from __future__ import annotations

from dataclasses import replace

from ...core.cameras.camera_names import cameras_text
from ...core.errors import InputError
from ...core.rig.rig import Rig, RigCamera
from .model import Scene

_SQUEEZED = 0.005
"""Shapes that differ by less are the same: sizes are whole numbers."""


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


def squeezed(rig: Rig, scene: Scene) -> list[str]:
    """Return a sentence for each recorded camera whose pictures the rig wants in another shape."""
    found = []
    for camera in rig.cameras:
        recorded = scene.camera(camera.logical_id) if camera.source == "nurec" else None
        if recorded is None or camera.custom:
            continue
        across = camera.model.width / recorded.model.width
        down = camera.model.height / recorded.model.height
        if abs(across / down - 1.0) > _SQUEEZED:
            found.append(
                f"camera {camera.name}: {camera.model.width}x{camera.model.height} of a lens of "
                f"{recorded.model.width}x{recorded.model.height} is squeezed, not cropped: "
                f"{across:.4g} of its width, {down:.4g} of its height; a custom camera can crop"
            )
    return found


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
