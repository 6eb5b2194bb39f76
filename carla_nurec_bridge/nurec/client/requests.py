"""What to render, and its messages."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ...core.cameras.models import CameraModel
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.rig.lidar import DEVICES, LidarFilter
from ..stubs import sensorsim_pb2 as sensorsim
from .conversion import camera_spec, pose_pair


class ImageFormat(enum.Enum):
    """How an image comes back; values are NuRec's numbers.

    RGB_UINT8_PLANAR is the bare bytes of a uint8 (3, height, width) array.
    """

    PNG = 1
    JPEG = 2
    RGB_UINT8_PLANAR = 4


@dataclass(frozen=True)
class EgoMask:
    """The picture of the car's own hood for a camera of a rig configuration."""

    rig_config_id: str
    camera_logical_id: str


@dataclass(frozen=True, eq=False)
class CameraRequest:
    """One image: exposed over [start_us, end_us) of the recording's clock.

    ``name`` marks the reply; ``logical_id`` is NuRec's name of the camera. The poses take optical
    points to the scene's world. ``size`` (width, height) is the image wanted if not the model's;
    the server rescales the model to it. ``ego_mask`` lays a hood over the image.
    """

    name: str
    logical_id: str
    model: CameraModel
    shutter: Shutter
    world_from_camera_start: Matrix
    world_from_camera_end: Matrix
    start_us: int
    end_us: int
    size: tuple[int, int] | None = None
    image_format: ImageFormat = ImageFormat.JPEG
    quality: float = 95.0
    ego_mask: EgoMask | None = None


@dataclass(frozen=True, eq=False)
class LidarRequest:
    """One sweep over [start_us, end_us); poses take lidar points to the scene's world.

    ``filter`` says which returns the server drops, if not what it drops by itself; ``rays`` asks
    which beam measured each point, and when, which few servers tell.
    """

    name: str
    device: str
    world_from_lidar_start: Matrix
    world_from_lidar_end: Matrix
    start_us: int
    end_us: int
    filter: LidarFilter | None = None
    rays: bool = False


@dataclass(frozen=True, eq=False)
class ActorMotion:
    """Where a controllable track's box centre is at the start and the end of the frame."""

    track_id: str
    world_from_box_start: Matrix
    world_from_box_end: Matrix


def dynamic_objects(actors: Sequence[ActorMotion]) -> list[sensorsim.DynamicObject]:
    """Return the messages of moving actors."""
    return [
        sensorsim.DynamicObject(
            track_id=actor.track_id,
            pose_pair=pose_pair(actor.world_from_box_start, actor.world_from_box_end),
        )
        for actor in actors
    ]


def rgb_request(
    scene_id: str, camera: CameraRequest, objects: Sequence[sensorsim.DynamicObject]
) -> sensorsim.RGBRenderRequest:
    """Return the message that asks for one image; InputError for an empty exposure."""
    _check_window(camera.name, camera.start_us, camera.end_us)
    width, height = camera.size or (camera.model.width, camera.model.height)
    mask = camera.ego_mask
    return sensorsim.RGBRenderRequest(
        scene_id=scene_id,
        resolution_h=height,
        resolution_w=width,
        camera_intrinsics=camera_spec(camera.model, camera.shutter, camera.logical_id),
        frame_start_us=camera.start_us,
        frame_end_us=camera.end_us,
        sensor_pose=pose_pair(camera.world_from_camera_start, camera.world_from_camera_end),
        dynamic_objects=objects,
        image_format=camera.image_format.name,
        image_quality=camera.quality,
        insert_ego_mask=mask is not None,
        ego_mask_id=None
        if mask is None
        else sensorsim.EgoMaskId(
            camera_logical_id=mask.camera_logical_id, rig_config_id=mask.rig_config_id
        ),
    )


def lidar_request(
    scene_id: str, lidar: LidarRequest, objects: Sequence[sensorsim.DynamicObject]
) -> sensorsim.LidarRenderRequest:
    """Return the message that asks for one sweep; InputError for an empty one."""
    _check_window(lidar.name, lidar.start_us, lidar.end_us)
    if lidar.device not in DEVICES:
        raise InputError(
            f"lidar {lidar.name}: NuRec knows no device {lidar.device}; use {' or '.join(DEVICES)}"
        )
    wanted = lidar.filter
    return sensorsim.LidarRenderRequest(
        scene_id=scene_id,
        lidar_config=sensorsim.LidarSpec(lidar_type=lidar.device),
        frame_start_us=lidar.start_us,
        frame_end_us=lidar.end_us,
        sensor_pose=pose_pair(lidar.world_from_lidar_start, lidar.world_from_lidar_end),
        dynamic_objects=objects,
        render_filter=None
        if wanted is None
        else sensorsim.LidarRenderFilter(
            raydrop_threshold=wanted.raydrop_threshold,
            opacity_threshold=wanted.opacity_threshold,
            enable_distance_filter=None if wanted.distance_threshold is None else True,
            distance_filter_threshold=wanted.distance_threshold,
        ),
    )


def _check_window(name: str, start_us: int, end_us: int) -> None:
    if not 0 <= start_us < end_us:
        raise InputError(
            f"{name}: the frame [{start_us}, {end_us}) us is empty; an instant is [t, t + 1)"
        )
