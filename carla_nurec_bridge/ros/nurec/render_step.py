"""What to ask NuRec for at a frame: sensors that are due, where they and the actors were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...core.frames import Matrix, invert
from ...core.pose_history import PoseHistory
from ...core.rig.rig import RigCamera, RigLidar
from ...core.run_contract.timebase import NS_PER_S, NS_PER_US, seconds_to_ns
from ...nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    EgoMask,
    ImageFormat,
    LidarRequest,
)
from ...scene import Scene
from ...scene.ground import SceneGround

_FORMATS = {
    "jpeg": ImageFormat.JPEG,
    "png": ImageFormat.PNG,
    "planar": ImageFormat.RGB_UINT8_PLANAR,
}


@dataclass(frozen=True)
class ShutterWindow:
    """An exposure or a sweep, [open, close] in ns of the run, within the scene's time in us."""

    open_ns: int
    close_ns: int
    start_us: int
    end_us: int
    clamped: bool


class RenderStep:
    """Turns the poses of the ego and of bound actors into requests in the scene's world.

    With ``ground`` they stand on the scene's ground as they stood on CARLA's road.
    """

    def __init__(self, scene: Scene, ground: SceneGround | None = None) -> None:
        self._scene = scene
        self._ground = ground
        self._world_from_map = invert(scene.map_from_world)
        self._ego = PoseHistory()
        self._actors: dict[str, PoseHistory] = {}

    @property
    def last_ns(self) -> int:
        """The stamp of the last frame that was observed, 0 before the first."""
        return self._ego.last_ns

    def observe(
        self, stamp_ns: int, map_from_base: Matrix, map_from_boxes: Mapping[str, Matrix]
    ) -> None:
        """Take the poses of a frame; boxes are by track id."""
        if self._ground is not None:
            map_from_base, map_from_boxes = self._ground.settle(map_from_base, map_from_boxes)
        self._ego.add(stamp_ns, map_from_base)
        for track_id, pose in map_from_boxes.items():
            self._actors.setdefault(track_id, PoseHistory()).add(stamp_ns, pose)
        gone = [t for t, history in self._actors.items() if history.last_ns != stamp_ns]
        for track_id in gone:
            del self._actors[track_id]

    def window(self, close_ns: int, duration_ns: int) -> ShutterWindow:
        """Return the exposure that ends at ``close_ns``, its request times held in the scene."""
        first_us, last_us = self._scene.time_range_us
        open_ns = close_ns - duration_ns
        end_us = close_ns // NS_PER_US
        start_us = min(open_ns // NS_PER_US, end_us - 1)  # an instant is [t, t + 1)
        held_end = min(max(end_us, first_us + 1), last_us)
        held_start = min(max(start_us, first_us), held_end - 1)
        clamped = (held_start, held_end) != (start_us, end_us)
        return ShutterWindow(open_ns, close_ns, held_start, held_end, clamped)

    def camera(self, camera: RigCamera, window: ShutterWindow) -> CameraRequest:
        """Return the request for an image exposed over ``window``."""
        return CameraRequest(
            name=camera.name,
            logical_id=camera.logical_id,
            model=camera.model,
            shutter=camera.shutter,
            world_from_camera_start=self._sensor(window.open_ns, camera.rig_from_camera),
            world_from_camera_end=self._sensor(window.close_ns, camera.rig_from_camera),
            start_us=window.start_us,
            end_us=window.end_us,
            image_format=_FORMATS[camera.image_format],
            quality=camera.quality,
            ego_mask=EgoMask(camera.ego_mask, camera.logical_id) if camera.ego_mask else None,
        )

    def view(
        self, camera: RigCamera, map_from_camera: Matrix, window: ShutterWindow
    ) -> CameraRequest:
        """Return the request for an image from any place (optical axes), without a hood."""
        pose = self._world_from_map @ map_from_camera
        return replace(
            self.camera(camera, window),
            world_from_camera_start=pose,
            world_from_camera_end=pose,
            ego_mask=None,
        )

    def lidar(self, lidar: RigLidar, window: ShutterWindow) -> LidarRequest:
        """Return the request for a sweep over ``window``."""
        return LidarRequest(
            name=lidar.name,
            device=lidar.device,
            world_from_lidar_start=self._sensor(window.open_ns, lidar.rig_from_lidar),
            world_from_lidar_end=self._sensor(window.close_ns, lidar.rig_from_lidar),
            start_us=window.start_us,
            end_us=window.end_us,
            filter=lidar.filter,
            rays=lidar.fields != "xyzi",
        )

    def actors(self, window: ShutterWindow) -> list[ActorMotion]:
        """Return where the bound actors were at the two ends of ``window``."""
        return [
            ActorMotion(
                track_id,
                self._world_from_map @ history.at(window.open_ns),
                self._world_from_map @ history.at(window.close_ns),
            )
            for track_id, history in sorted(self._actors.items())
        ]

    def _sensor(self, stamp_ns: int, rig_from_sensor: Matrix) -> Matrix:
        return self._world_from_map @ self._ego.at(stamp_ns) @ rig_from_sensor


def by_duration(cameras: Sequence[RigCamera]) -> dict[int, list[RigCamera]]:
    """Return the cameras by shutter time in ns; actors move alike within one such request."""
    groups: dict[int, list[RigCamera]] = {}
    for camera in cameras:
        groups.setdefault(seconds_to_ns(camera.shutter_s), []).append(camera)
    return groups


def sweep_ns(lidar: RigLidar) -> int:
    """Return how long one sweep of a lidar takes."""
    return round(NS_PER_S / lidar.rate_hz)
