"""What every rendering request must be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, lru_cache

from ...core.cameras.camera_names import cameras_text
from ...core.errors import RefusalError
from ...core.frames import Matrix
from ...core.rig.lidar import LidarPattern, lidar_pattern
from ...nurec.client.conversion import pose_matrices
from ...nurec.stubs import common_pb2 as common
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from ...scene import Scene
from .refusal import Code, as_invalid_argument

_log = logging.getLogger(__name__)


def check_window(scene: Scene, start_us: int, end_us: int) -> None:
    """Refuse frames that are empty or outside the scene's time."""
    if end_us <= start_us:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"the frame [{start_us}, {end_us}) us is empty; an instant is [t, t + 1)",
        )
    first, end = scene.time_range_us
    if start_us < first or end_us > end:
        raise RefusalError(
            Code.OUT_OF_RANGE,
            f"the frame [{start_us}, {end_us}) us is not inside the scene's [{first}, {end}) us",
        )


def check_camera(scene: Scene, logical_id: str) -> None:
    """Refuse cameras that the scene was not recorded with."""
    if scene.camera(logical_id) is None:
        known = cameras_text(camera.logical_id for camera in scene.cameras)
        raise RefusalError(
            Code.NOT_FOUND, f"scene {scene.scene_id} has no camera {logical_id!r}; {known}"
        )


def check_wanted(wanted: Callable[[], bool]) -> None:
    """Refuse to draw for a caller that has gone."""
    if not wanted():
        raise RefusalError(Code.CANCELLED, "nobody waits for this frame any more")


def map_poses(scene: Scene, pair: sensorsim.PosePair) -> tuple[Matrix, Matrix]:
    """Return map_from_sensor (4, 4) at a frame's start and end."""
    for pose in (pair.start_pose, pair.end_pose):
        if pose.quat == common.Quat():
            _warn_of_unset_quaternion()
    with as_invalid_argument():
        start, end = scene.map_from_world @ pose_matrices((pair.start_pose, pair.end_pose))
    return start, end


@cache
def _warn_of_unset_quaternion() -> None:
    _log.warning("a client sends poses without a quaternion; they count as not turned")


@lru_cache(maxsize=4)  # of a device all beams are 5 MB, which took 7 ms to copy for each sweep
def pattern_of(lidar_type: int, column_step: int) -> LidarPattern:
    """Return the beams of a device's number."""
    if lidar_type not in sensorsim.LidarDeviceType.values():
        known = ", ".join(sensorsim.LidarDeviceType.keys())
        raise RefusalError(
            Code.INVALID_ARGUMENT, f"unknown lidar_type {lidar_type}; use one of {known}"
        )
    return lidar_pattern(sensorsim.LidarDeviceType.Name(lidar_type)).thinned(column_step)
