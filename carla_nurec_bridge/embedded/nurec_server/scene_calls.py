"""Answers about scenes: which there are, their cameras, their rig's path, their actors."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

from ... import __version__
from ...core.frames import Matrix
from ...nurec.conversion import camera_spec, pose_message
from ...nurec.stubs import common_pb2 as common
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from ...scene import Scene
from .refusal import Code, RefusalError


class SceneCalls:
    """Methods that read scenes; nothing here draws."""

    def __init__(self, scenes: Sequence[Scene], config: Mapping[str, str]) -> None:
        self._scenes = tuple(scenes)
        self._config = dict(config)
        self._by_id = {
            name: scene for scene in scenes for name in (scene.sequence_id, scene.scene_id)
        }
        self.asked_to_stop = threading.Event()

    def scene(self, scene_id: str) -> Scene:
        """Return the scene of a scene id or sequence id, or refuse with the known ones."""
        if scene_id not in self._by_id:
            known = ", ".join(scene.scene_id for scene in self._scenes)
            raise RefusalError(
                Code.NOT_FOUND, f"unknown scene {scene_id!r}; this server has {known}"
            )
        return self._by_id[scene_id]

    def get_version(self, _: common.Empty) -> common.VersionId:
        """Name this server; the contract's version is that of the widest generation it covers."""
        return common.VersionId(
            version_id=f"carla_nurec_bridge {__version__} embedded (mesh ray casting)",
            grpc_api_version=common.VersionId.APIVersion(major=1, minor=0, patch=0),
        )

    def get_server_config(self, _: common.Empty) -> sensorsim.ServerConfig:
        """Tell how the server was started and what it is."""
        return sensorsim.ServerConfig(server_config=self._config)

    def get_available_scenes(self, _: common.Empty) -> common.AvailableScenesReturn:
        """List scene ids."""
        return common.AvailableScenesReturn(scene_ids=[scene.scene_id for scene in self._scenes])

    def get_loaded_scenes(self, _: common.Empty) -> common.LoadedScenesReturn:
        """List the scenes in memory: all of them, once each, free for any request."""
        entries = [
            common.LoadedSceneEntry(
                scene_id=scene.scene_id, loaded_instance_count=1, reusable_instance_count=1
            )
            for scene in self._scenes
        ]
        return common.LoadedScenesReturn(scenes=entries, loaded_instance_capacity=len(entries))

    def get_available_cameras(
        self, request: sensorsim.AvailableCamerasRequest
    ) -> sensorsim.AvailableCamerasReturn:
        """List a scene's cameras at full resolution with their mounts."""
        reply = sensorsim.AvailableCamerasReturn()
        for camera in self.scene(request.scene_id).cameras:
            reply.available_cameras.add(
                intrinsics=camera_spec(camera.model, camera.shutter, camera.logical_id),
                rig_to_camera=pose_message(camera.rig_from_camera),
                logical_id=camera.logical_id,
            )
        return reply

    def get_available_trajectories(
        self, request: sensorsim.AvailableTrajectoriesRequest
    ) -> sensorsim.AvailableTrajectoriesReturn:
        """Give the rig's recorded poses in the world."""
        rig = self.scene(request.scene_id).rig_trajectory
        reply = sensorsim.AvailableTrajectoriesReturn()
        reply.available_trajectories.add(trajectory=_trajectory(rig.stamps_us, rig.world_from_rig))
        return reply

    def get_available_ego_masks(self, _: common.Empty) -> sensorsim.AvailableEgoMasksReturn:
        """List pictures of the car's own hood: there are none."""
        return sensorsim.AvailableEgoMasksReturn()

    def get_dynamic_objects(
        self, request: sensorsim.AvailableDynamicObjectsRequest
    ) -> sensorsim.AvailableDynamicObjectsReturn:
        """List a scene's tracks with their recorded paths."""
        reply = sensorsim.AvailableDynamicObjectsReturn()
        for track in self.scene(request.scene_id).tracks:
            length, width, height = (float(size) for size in track.size_m)
            reply.dynamic_objects.add(
                id=track.track_id,
                semantic_class=track.label_class,
                trajectory=_trajectory(track.stamps_us, track.world_from_box),
                object_size=common.AABB(size_x=length, size_y=width, size_z=height),
            )
        return reply

    def get_external_asset_objects(
        self, request: sensorsim.ExternalAssetObjectsRequest
    ) -> sensorsim.ExternalAssetObjectsReturn:
        """List insertable assets: there are none."""
        self.scene(request.scene_id)
        return sensorsim.ExternalAssetObjectsReturn()

    def shut_down(self, _: common.Empty) -> common.Empty:
        """Ask the server to end once this call is answered."""
        self.asked_to_stop.set()
        return common.Empty()


def _trajectory(stamps_us: Iterable[int], poses: Iterable[Matrix]) -> common.Trajectory:
    return common.Trajectory(
        poses=[
            common.PoseAtTime(pose=pose_message(pose), timestamp_us=int(stamp))
            for stamp, pose in zip(stamps_us, poses, strict=True)
        ]
    )
