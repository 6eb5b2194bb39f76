"""Render a scene's recorded cameras along its trajectory, as NuRec's documentation does."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..core.cameras.camera_names import camera_named, cameras_text
from ..core.errors import InputError
from ..nurec.client.client import NurecClient
from ..nurec.client.conversion import camera_model, camera_shutter, pose_matrix
from ..nurec.client.layers import LayersRefusedError
from ..nurec.client.replies import OfferedCamera
from ..nurec.client.requests import ActorMotion, CameraRequest, EgoMask, ImageFormat
from ..nurec.editing import EditableTrack
from .layer_files import write_layers
from .package.model import RigTrajectory

SUFFIXES: Mapping[str, str] = {"jpeg": "jpg", "png": "png"}
"""Ending of a file by the format of its image."""

_QUALITY = 95.0


@dataclass(frozen=True)
class ImageWish:
    """What images of a scene shall be.

    ``height_px`` is theirs, the width follows the camera. ``exposure_us`` passes from a frame's
    start to its end; ``rolling`` exposes rows one after the other in it, else all are exposed at
    its end. ``rig_name`` is that of the hood to lay over them. ``layers``: distance, opacity and
    classes are written beside each, which the embedded server alone gives.
    """

    height_px: int
    image_format: Literal["jpeg", "png"]
    exposure_us: int
    rolling: bool
    rig_name: str | None
    layers: bool = False


@dataclass(frozen=True)
class PlannedImages:
    """The cameras of a scene, and the end of each frame (us) with the rig's trajectory there."""

    scene_id: str
    cameras: tuple[OfferedCamera, ...]
    frames: tuple[tuple[int, RigTrajectory], ...]


def planned_images(
    client: NurecClient,
    scene_id: str | None,
    camera_ids: Sequence[str],
    exposure_us: int,
    frame_step: int,
) -> PlannedImages:
    """Return every n-th frame of a scene (None: the only one) for some cameras (``all``: all).

    Of the trajectory's stamps that are ``exposure_us`` or more after its start every
    ``frame_step``-th ends a frame. InputError when the server lacks the scene or a camera.
    """
    scene = scene_id or _only_scene(client)
    frames = []
    for trajectory in client.trajectories(scene):
        stamps_us = np.array([pose.timestamp_us for pose in trajectory.poses], np.int64)
        poses = np.array([pose_matrix(pose.pose) for pose in trajectory.poses])
        rig = RigTrajectory(stamps_us, poses)
        frames += [(int(t), rig) for t in stamps_us if t - exposure_us >= stamps_us[0]]
    cameras = _chosen(client, scene, camera_ids)
    return PlannedImages(scene, cameras, tuple(frames[::frame_step]))


def render_to_files(
    client: NurecClient,
    plan: PlannedImages,
    wish: ImageWish,
    folder: Path,
    on_frame: Callable[[int, Sequence[str]], None],
) -> int:
    """Write FOLDER/CAMERA/END_US.jpg and timestamps.csv; return how many images failed.

    ``on_frame`` is told the end of each frame (us) and why images of it failed, or their layers.
    InputError when the server has no hood of the wanted rig, ProtocolError when it has no layers.
    """
    actors = client.dynamic_objects(plan.scene_id) if client.capabilities.editing else ()
    masks = _masks(client, wish.rig_name, plan.cameras)
    for camera in plan.cameras:
        (folder / camera.logical_id).mkdir(parents=True, exist_ok=True)
    failed = 0
    with (folder / "timestamps.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["camera", "start_us", "end_us", "file"])
        for end_us, rig in plan.frames:
            asked = [_request(camera, rig, end_us, wish, masks) for camera in plan.cameras]
            moving = _recorded(actors, asked[0].start_us, end_us)
            errors = []
            images = client.render(plan.scene_id, asked, (), moving).images
            for request, reply in zip(asked, images, strict=True):
                if reply.image is None:
                    errors.append(reply.error or "no image came")
                    continue
                name = f"{reply.name}/{end_us}.{SUFFIXES[wish.image_format]}"
                (folder / name).write_bytes(reply.image)
                if wish.layers:
                    try:
                        found = client.layers(plan.scene_id, request, moving)
                        write_layers(found, folder / reply.name / str(end_us))
                    except LayersRefusedError as error:
                        errors.append(f"layers of {reply.name}: {error}")
                table.writerow([reply.name, request.start_us, request.end_us, name])
            failed += len(errors)
            on_frame(end_us, errors)
    return failed


def _request(
    camera: OfferedCamera,
    rig: RigTrajectory,
    end_us: int,
    wish: ImageWish,
    masks: Mapping[str, EgoMask],
) -> CameraRequest:
    width, height = camera.size
    start_us = end_us - (wish.exposure_us if wish.rolling else 1)
    end = rig.at(end_us) @ camera.rig_from_camera
    return CameraRequest(
        name=camera.logical_id,
        logical_id=camera.logical_id,
        model=camera_model(camera.spec),
        shutter=camera_shutter(camera.spec),
        world_from_camera_start=rig.at(start_us) @ camera.rig_from_camera if wish.rolling else end,
        world_from_camera_end=end,
        start_us=start_us,
        end_us=end_us,
        size=(max(1, round(wish.height_px * width / height)), wish.height_px),
        image_format=ImageFormat[wish.image_format.upper()],
        quality=_QUALITY,
        ego_mask=masks.get(camera.logical_id),
    )


def _recorded(actors: Sequence[EditableTrack], start_us: int, end_us: int) -> list[ActorMotion]:
    """Return the actors that are there during a frame, where the recording has them."""
    moving = []
    for actor in actors:
        stamps_us = actor.stamps_us
        if len(stamps_us) and stamps_us[0] < end_us and start_us <= stamps_us[-1]:
            path = RigTrajectory(stamps_us, actor.world_from_box)
            moving.append(ActorMotion(actor.track_id, path.at(start_us), path.at(end_us)))
    return moving


def _only_scene(client: NurecClient) -> str:
    scenes = client.scenes()
    if not scenes:
        raise InputError("the server has no scenes; start it with one, or name its package")
    if len(scenes) > 1:
        raise InputError(f"choose a scene with --scene-id: {', '.join(scenes)}")
    return scenes[0]


def _chosen(client: NurecClient, scene_id: str, wanted: Sequence[str]) -> tuple[OfferedCamera, ...]:
    offered = {camera.logical_id: camera for camera in client.cameras(scene_id)}
    if not offered:
        raise InputError(f"scene {scene_id} has no cameras to render")
    if tuple(wanted) == ("all",):
        return tuple(offered.values())
    chosen = {name: camera_named(name, offered) for name in wanted}
    missing = [name for name, found in chosen.items() if found is None]
    if missing:
        raise InputError(
            f"scene {scene_id} has no camera {', '.join(missing)}; {cameras_text(offered)}"
        )
    return tuple(offered[name] for name in dict.fromkeys(chosen.values()) if name is not None)


def _masks(
    client: NurecClient, rig_name: str | None, cameras: Sequence[OfferedCamera]
) -> dict[str, EgoMask]:
    """Return the hood by camera; InputError when the server has none of that rig."""
    if rig_name is None:
        return {}
    names = {camera.logical_id for camera in cameras}
    offered = client.ego_masks()
    chosen = {
        mask.camera_logical_id: mask
        for mask in offered
        if _plain(mask.rig_config_id) == _plain(rig_name) and mask.camera_logical_id in names
    }
    if not chosen:
        known = ", ".join(f"{m.rig_config_id}/{m.camera_logical_id}" for m in offered)
        raise InputError(
            f"no hood of rig {rig_name!r} for these cameras; the server has: {known or 'none'}"
        )
    return chosen


def _plain(rig_name: str) -> str:
    return rig_name.replace(".", "_").replace("_", "")
