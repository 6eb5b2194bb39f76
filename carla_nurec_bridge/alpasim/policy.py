"""The client of a policy server: one session of the driver contract, asked step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import grpc
import numpy as np

from ..core.errors import DeadlineError, InputError, ProtocolError
from ..core.frames import Matrix, rigid
from ..nurec.client.calls import failure_text
from ..nurec.client.connection import check_target
from ..nurec.client.conversion import camera_spec, pose_message
from ..nurec.client.service import CHANNEL_OPTIONS
from ..nurec.stubs import common_pb2 as common
from ..nurec.stubs import sensorsim_pb2 as sensorsim
from ..world.states import EgoState
from ..world.timed_path import TimedPath
from .contract import METHODS, OPTICAL, REVISION_HEADER, SERVICE
from .conversion import (
    DeclaredCamera,
    RigMotion,
    motion_message,
    point_messages,
    timed_path,
    trajectory_message,
)
from .session_clock import SessionClock
from .stubs import egodriver_pb2 as egodriver

_CLOCK = SessionClock(0)
_GOODBYE_S = 2.0


class PolicyClient:
    """Asks the policy server at ``target``; open with ``with``, which ends the session too.

    The policy's local frame is the map, moved such that its origin is the ego's first place:
    messages hold float32. InputError for a target that is not usable, DeadlineError when nothing
    answers within ``connect_s``, ProtocolError when something else does. ``sent`` counts the calls.
    """

    def __init__(self, target: str, connect_s: float, *, allow_remote: bool = False) -> None:
        check_target(target, allow_remote=allow_remote, who="a policy server")
        self._target = target
        options = [*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(target, options=options)
        self._uuid = ""
        self._map_from_local: Matrix | None = None
        self.sent: Counter[str] = Counter()
        try:
            self.name = str(
                self._call("get_version", common.Empty(), connect_s, wait_for_ready=True).version_id
            )
        except BaseException:
            self._channel.close()
            raise

    def __enter__(self) -> PolicyClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session, which a policy that is gone cannot hear, and the channel."""
        if self._uuid:
            request = egodriver.DriveSessionCloseRequest(session_uuid=self._uuid)
            self._uuid = ""
            try:
                self._call("close_session", request, _GOODBYE_S)
            except (DeadlineError, ProtocolError):
                self.sent["close_session_failed"] += 1
        self._channel.close()

    def start(
        self, uuid: str, scene_id: str, seed: int, cameras: Sequence[DeclaredCamera], limit_s: float
    ) -> None:
        """Open a session; its cameras are declared by their optical frames, as AlpaSim does."""
        request = egodriver.DriveSessionRequest(session_uuid=uuid, random_seed=seed)
        request.debug_info.scene_id = scene_id
        request.rollout_spec.vehicle.available_cameras.extend(
            sensorsim.AvailableCamerasReturn.AvailableCamera(
                intrinsics=camera_spec(camera.model, camera.shutter, camera.logical_id),
                rig_to_camera=pose_message(camera.rig_from_camera),
                logical_id=camera.logical_id,
            )
            for camera in cameras
        )
        self._call("start_session", request, limit_s, metadata=((REVISION_HEADER, OPTICAL),))
        self._uuid = uuid

    def ego(self, state: EgoState, stamp_ns: int, limit_s: float) -> None:
        """Tell where the ego is."""
        if self._map_from_local is None:
            self._map_from_local = rigid(np.eye(3), state.map_from_base[:3, 3])
        pose = state.map_from_base.copy()
        pose[:3, 3] -= self._map_from_local[:3, 3]
        here = TimedPath(np.array([stamp_ns], np.int64), pose[None])
        acceleration = np.nan_to_num(state.acceleration_base_mps2)
        motion = RigMotion(state.linear_base_mps, state.angular_base_radps, acceleration)
        request = egodriver.RolloutEgoTrajectory(
            session_uuid=self._uuid,
            trajectory=trajectory_message(here, _CLOCK),
            dynamic_states=[motion_message(motion)],
        )
        self._call("submit_egomotion_observation", request, limit_s)

    def image(
        self, logical_id: str, image: bytes, opened_ns: int, closed_ns: int, limit_s: float
    ) -> None:
        """Tell what a camera saw: a whole JPEG or PNG, and when its shutter was open."""
        sent = egodriver.RolloutCameraImage.CameraImage(
            frame_start_us=_CLOCK.time_us(opened_ns),
            frame_end_us=_CLOCK.time_us(closed_ns),
            image_bytes=image,
            logical_id=logical_id,
        )
        request = egodriver.RolloutCameraImage(session_uuid=self._uuid, camera_image=sent)
        self._call("submit_image_observation", request, limit_s)

    def route(self, base_points: Matrix, stamp_ns: int, limit_s: float) -> None:
        """Tell the way ahead: points (N, 3) in base_link."""
        route = egodriver.Route(
            waypoints=point_messages(base_points), timestamp_us=_CLOCK.time_us(stamp_ns)
        )
        request = egodriver.RouteRequest(session_uuid=self._uuid, route=route)
        self._call("submit_route", request, limit_s)

    def drive(self, stamp_ns: int, until_ns: int, limit_s: float) -> TimedPath | None:
        """Return the policy's plan in the map; None for an empty one, which asks to hold.

        ProtocolError for a plan that is none, and when the policy ends the session.
        """
        assert self._map_from_local is not None, "a plan is asked for where the ego is known"
        request = egodriver.DriveRequest(
            session_uuid=self._uuid,
            time_now_us=_CLOCK.time_us(stamp_ns),
            time_query_us=_CLOCK.time_us(until_ns),
        )
        response = self._call("drive", request, limit_s)
        if response.terminate_session:
            raise ProtocolError(f"the policy {self.name} has ended the session")
        try:
            plan = timed_path(response.trajectory, _CLOCK)
        except InputError as error:
            raise ProtocolError(f"the plan of the policy {self.name}: {error}") from error
        return None if plan is None else plan.seen_from(self._map_from_local)

    def _call(self, name: str, request: Any, limit_s: float, **more: Any) -> Any:
        method = METHODS[name]
        call = self._channel.unary_unary(
            f"/{SERVICE}/{name}",
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        self.sent[name] += 1
        try:
            return call(request, timeout=limit_s, **more)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise DeadlineError(
                    f"the policy server {self._target} did not answer {name} within {limit_s:g} s"
                ) from error
            raise ProtocolError(
                f"the policy server {self._target}: {name}: {failure_text(error)}"
            ) from error
