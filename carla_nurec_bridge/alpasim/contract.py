"""The service, its methods, and what peers say of themselves."""

from __future__ import annotations

from ..nurec.client.service import Method
from ..nurec.stubs import common_pb2 as common
from .stubs import egodriver_pb2 as egodriver

SERVICE = "egodriver.EgodriverService"
API_VERSION = (0, 55, 0)

METHODS: dict[str, Method] = {
    "start_session": Method(egodriver.DriveSessionRequest, common.SessionRequestStatus),
    "close_session": Method(egodriver.DriveSessionCloseRequest, common.Empty),
    "submit_image_observation": Method(egodriver.RolloutCameraImage, common.Empty),
    "submit_egomotion_observation": Method(egodriver.RolloutEgoTrajectory, common.Empty),
    "submit_route": Method(egodriver.RouteRequest, common.Empty),
    "submit_recording_ground_truth": Method(egodriver.GroundTruthRequest, common.Empty),
    "drive": Method(egodriver.DriveRequest, egodriver.DriveResponse),
    "get_version": Method(common.Empty, common.VersionId),
}

REVISION_HEADER = "carla-driver-interface-contract"
"""By this header ``carla-driver-interface`` and its clients say how they mean ``rig_to_camera``."""
OPTICAL, BODY = "2", "1"
"""Its values: the optical frame in the rig, as AlpaSim has it without saying so, or the camera's
body (x along the optical axis, y left, z up)."""
