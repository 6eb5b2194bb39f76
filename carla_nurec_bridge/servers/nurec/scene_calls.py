"""Answers about scenes: which there are, their cameras, their rig's path, their actors, edits."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from ... import __version__
from ...core.errors import RefusalError
from ...core.frames import Matrix
from ...nurec.client.capabilities import GAUSSIANS_OF
from ...nurec.client.conversion import camera_spec, pose_message
from ...nurec.stubs import common_pb2 as common
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from ...scene.drawn.gaussians import holds_gaussians
from .drawing.ego_masks import EgoMasks
from .refusal import Code
from .scenes.drawn_scenes import DrawnScenes
from .scenes.library import SceneLibrary
from .scenes.scene_actors import edited, external_assets


class SceneCalls:
    """Methods that read or edit scenes; nothing here draws."""

    def __init__(
        self,
        library: SceneLibrary,
        scenes: DrawnScenes,
        ego_masks: EgoMasks,
        config: Mapping[str, str],
        *,
        editing: bool,
    ) -> None:
        """Answer from ``library``; ``config`` is what the server tells of its options."""
        self._library = library
        self._scenes = scenes
        self._ego_masks = ego_masks
        self._config = dict(config)
        self._editing = editing
        self.asked_to_stop = threading.Event()

    def get_version(self, _: common.Empty) -> common.VersionId:
        """Name this server; the contract's version is that of the widest generation it covers."""
        return common.VersionId(
            version_id=f"carla_nurec_bridge {__version__} embedded",
            grpc_api_version=common.VersionId.APIVersion(major=1, minor=0, patch=0),
        )

    def get_server_config(self, _: common.Empty) -> sensorsim.ServerConfig:
        """Tell how the server was started and what it is."""
        held = [s.scene_id for s in self._library.scenes() if holds_gaussians(s)]
        told = dict.fromkeys(held, "not loaded yet") | self._scenes.told()
        of_scenes = {GAUSSIANS_OF + name: text for name, text in told.items()}
        return sensorsim.ServerConfig(server_config=self._config | of_scenes)

    def get_available_scenes(self, _: common.Empty) -> common.AvailableScenesReturn:
        """List scene ids."""
        return common.AvailableScenesReturn(scene_ids=[s.scene_id for s in self._library.scenes()])

    def get_loaded_scenes(self, _: common.Empty) -> common.LoadedScenesReturn:
        """List the scenes in memory, once each; one that is being drawn is not free."""
        entries = [
            common.LoadedSceneEntry(
                scene_id=scene_id, loaded_instance_count=1, reusable_instance_count=int(free)
            )
            for scene_id, free in self._scenes.loaded()
        ]
        return common.LoadedScenesReturn(
            scenes=entries, loaded_instance_capacity=self._scenes.capacity
        )

    def get_available_cameras(
        self, request: sensorsim.AvailableCamerasRequest
    ) -> sensorsim.AvailableCamerasReturn:
        """List a scene's cameras at full resolution with their mounts."""
        reply = sensorsim.AvailableCamerasReturn()
        for camera in self._library.find(request.scene_id).cameras:
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
        rig = self._library.find(request.scene_id).rig_trajectory
        reply = sensorsim.AvailableTrajectoriesReturn()
        reply.available_trajectories.add(trajectory=_trajectory(rig.stamps_us, rig.world_from_rig))
        return reply

    def get_available_ego_masks(self, _: common.Empty) -> sensorsim.AvailableEgoMasksReturn:
        """List pictures of the car's own hood."""
        reply = sensorsim.AvailableEgoMasksReturn()
        for mask in self._ego_masks.ids():
            reply.ego_mask_metadata.add(ego_mask_id=mask)
        return reply

    def get_dynamic_objects(
        self, request: sensorsim.AvailableDynamicObjectsRequest
    ) -> sensorsim.AvailableDynamicObjectsReturn:
        """List the tracks that requests may move, as edits have left them, with recorded paths."""
        actors = self._scenes.actors(self._library.find(request.scene_id))
        reply = sensorsim.AvailableDynamicObjectsReturn()
        for track in actors.tracks.values():
            if not track.controllable:
                continue
            length, width, height = (float(size) for size in track.size_m)
            reply.dynamic_objects.add(
                id=track.track_id,
                semantic_class=track.label_class,
                trajectory=_trajectory(track.stamps_us, track.world_from_box),
                object_size=common.AABB(size_x=length, size_y=width, size_z=height),
                asset_id=actors.appearances[track.track_id].asset_id,
            )
        return reply

    def get_external_asset_objects(
        self, request: sensorsim.ExternalAssetObjectsRequest
    ) -> sensorsim.ExternalAssetObjectsReturn:
        """List the assets that may be put into a scene."""
        scene = self._library.find(request.scene_id)
        return sensorsim.ExternalAssetObjectsReturn(track_ids=external_assets(scene))

    def edit_assets(self, request: sensorsim.EditAssetsRequest) -> sensorsim.EditAssetsResponse:
        """Replace and insert actors, all of the request or nothing of it."""
        self._check_editing("edit_assets")
        scene = self._library.find(request.scene_id)
        self._scenes.edit(scene, lambda actors: edited(scene, actors, request))
        return sensorsim.EditAssetsResponse(
            success=True,
            message=f"{len(request.replace)} replaced, {len(request.insert)} inserted",
        )

    def restore_model_parameters(
        self, request: sensorsim.RestoreModelParametersRequest
    ) -> common.Empty:
        """Undo all edits of a scene."""
        self._check_editing("restore_model_parameters")
        self._scenes.restore(self._library.find(request.scene_id))
        return common.Empty()

    def shut_down(self, _: common.Empty) -> common.Empty:
        """Ask the server to end once this call is answered."""
        self.asked_to_stop.set()
        return common.Empty()

    def _check_editing(self, method: str) -> None:
        if not self._editing:
            raise RefusalError(
                Code.FAILED_PRECONDITION,
                f"{method} needs a server that was started with --enable-editing-actors",
            )


def _trajectory(stamps_us: Iterable[int], poses: Iterable[Matrix]) -> common.Trajectory:
    return common.Trajectory(
        poses=[
            common.PoseAtTime(pose=pose_message(pose), timestamp_us=int(stamp))
            for stamp, pose in zip(stamps_us, poses, strict=True)
        ]
    )
