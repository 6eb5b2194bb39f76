"""The names, methods and limits of NuRec's sensor simulation service."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from ..stubs import common_pb2 as common
from ..stubs import sensorsim_pb2 as sensorsim

OLD_SERVICE = "sensorsim.SensorsimService"
NEXT_SERVICE = "nurec.grpc.protos.sensorsim.SensorsimService"
SERVICES = ("nre.grpc.protos.sensorsim.SensorsimService", OLD_SERVICE, NEXT_SERVICE)
"""Names under which servers of different generations offer the same methods."""

SCENE_URL, SCENE_ID = "x-nre-scene-url", "x-nre-scene-id"
"""Headers with which a client names a scene package and the id it is to have."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)


@dataclass(frozen=True)
class Method:
    """The messages of one remote method."""

    request: type[Message]
    response: type[Message]


METHODS: dict[str, Method] = {
    "render_rgb": Method(sensorsim.RGBRenderRequest, sensorsim.RGBRenderReturn),
    "batch_render_rgb": Method(sensorsim.BatchRGBRenderRequest, sensorsim.BatchRGBRenderReturn),
    "render_lidar": Method(sensorsim.LidarRenderRequest, sensorsim.LidarRenderReturn),
    "render_aggregated": Method(
        sensorsim.AggregatedRenderRequest, sensorsim.AggregatedRenderReturn
    ),
    "get_version": Method(common.Empty, common.VersionId),
    "get_available_scenes": Method(common.Empty, common.AvailableScenesReturn),
    "get_loaded_scenes": Method(common.Empty, common.LoadedScenesReturn),
    "get_available_cameras": Method(
        sensorsim.AvailableCamerasRequest, sensorsim.AvailableCamerasReturn
    ),
    "get_available_trajectories": Method(
        sensorsim.AvailableTrajectoriesRequest, sensorsim.AvailableTrajectoriesReturn
    ),
    "get_available_ego_masks": Method(common.Empty, sensorsim.AvailableEgoMasksReturn),
    "get_dynamic_objects": Method(
        sensorsim.AvailableDynamicObjectsRequest, sensorsim.AvailableDynamicObjectsReturn
    ),
    "get_external_asset_objects": Method(
        sensorsim.ExternalAssetObjectsRequest, sensorsim.ExternalAssetObjectsReturn
    ),
    "edit_assets": Method(sensorsim.EditAssetsRequest, sensorsim.EditAssetsResponse),
    "restore_model_parameters": Method(sensorsim.RestoreModelParametersRequest, common.Empty),
    "get_server_config": Method(common.Empty, sensorsim.ServerConfig),
    "shut_down": Method(common.Empty, common.Empty),
}
METHODS_OF_OUR_OWN = {
    "render_lidar_rays": Method(sensorsim.LidarRenderRequest, sensorsim.AggregatedRenderReturn),
    "render_camera_layers": Method(sensorsim.RGBRenderRequest, sensorsim.AggregatedRenderReturn),
}
"""What the embedded server has beside.

* render_lidar_rays: a sweep that tells its rays. ``driver_data`` is the beam of each point (uint16,
  0 the lowest), then of each when it was measured (float32, 0 to 1, the sweep's end).
* render_camera_layers: what the rays of an image met. ``driver_data`` has of all pixels, row by
  row, the distance along the ray (float32, metres, inf for nothing), then the opacity (float32),
  then the semantic class (uint8, 255 for none).
"""
LAYER_BYTES = 9
"""Of a pixel in ``render_camera_layers``."""
ONLY_ASKED_FOR = {"batch_render_camera": Method(common.Empty, common.Empty)}
"""Methods whose messages are not public: no more can be told than whether a server has them."""
METHODS_AS_ASSUMED = {
    "batch_render_camera": METHODS["batch_render_rgb"],
    "open_harmonizer_session": Method(common.Empty, sensorsim.HarmonizerSessionId),
    "close_harmonizer_session": Method(sensorsim.HarmonizerSessionId, common.Empty),
}
"""What the embedded server takes these methods of NuRec 26.10 to be. That the first replaces
``batch_render_rgb`` is public, its messages are not; of the others the messages are, the names are
not."""
