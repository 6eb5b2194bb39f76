"""The calls of ``egodriver.EgodriverService``, answered by a stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import simplejpeg

from .. import __version__
from ..core.errors import InputError, RefusalError
from ..core.frames import Matrix
from ..nurec.stubs import common_pb2 as common
from ..world.timed_path import TimedPath
from .codes import Code
from .contract import API_VERSION, BODY, OPTICAL
from .conversion import declared_cameras, points_array, timed_path, trajectory_message
from .session import DriverSession
from .session_desk import SessionDesk
from .stack import CameraShot, SessionInfo, Stack
from .stubs import egodriver_pb2 as egodriver

_LONGEST_NAME = 200
_ANSWER_S = 0.25
"""So long before a caller's own deadline a refusal goes out, so that it arrives."""


@dataclass(frozen=True)
class PeerCall:
    """Who called: whether he still waits and how long (None: for ever), and what he declared."""

    alive: Callable[[], bool]
    left_s: Callable[[], float | None]
    revision: str


@dataclass(frozen=True)
class DriverDeadlines:
    """Wall times in s: until the stack is there, for the first plan, and for each further one."""

    start_s: float = 20.0
    first_plan_s: float = 60.0
    plan_s: float = 5.0


class EgodriverCalls:
    """One method for each call; each takes the request and who called."""

    def __init__(
        self, stack: Stack, deadlines: DriverDeadlines, wait_s: float, idle_s: float
    ) -> None:
        self._stack = stack
        self._deadlines = deadlines
        self.ended: list[DriverSession] = []
        self.desk = SessionDesk(wait_s, idle_s, self._end)

    def get_version(self, _: common.Empty, caller: PeerCall) -> common.VersionId:
        """Name the bridge; the contract's version is AlpaSim's."""
        major, minor, patch = API_VERSION
        return common.VersionId(
            version_id=f"carla_nurec_bridge {__version__} alpasim_driver",
            grpc_api_version=common.VersionId.APIVersion(major=major, minor=minor, patch=patch),
        )

    def start_session(
        self, request: egodriver.DriveSessionRequest, caller: PeerCall
    ) -> common.SessionRequestStatus:
        """Open a session once the stack is there and free."""
        uuid = request.session_uuid
        if not uuid or len(uuid) > _LONGEST_NAME:
            raise InputError(f"session_uuid must have 1 to {_LONGEST_NAME} letters")
        if caller.revision not in ("", OPTICAL, BODY):
            raise RefusalError(
                Code.FAILED_PRECONDITION,
                f"contract revision {caller.revision!r} is not known; send {BODY} or {OPTICAL}",
            )
        cameras = declared_cameras(
            request.rollout_spec.vehicle.available_cameras, as_bodies=caller.revision == BODY
        )
        info = SessionInfo(
            uuid, request.debug_info.scene_id, request.random_seed, tuple(cameras.values())
        )
        session = self.desk.admit(
            uuid, lambda after_ns: DriverSession(info, cameras, after_ns), caller.alive
        )
        try:
            with session.lock:
                self._stack.open(info, _within(self._deadlines.start_s, caller))
        except BaseException:
            self.desk.end(session)
            raise
        return common.SessionRequestStatus()

    def close_session(
        self, request: egodriver.DriveSessionCloseRequest, caller: PeerCall
    ) -> common.Empty:
        """Close a session; whoever waits for its plan is told so."""
        self.desk.end(self.desk.find(request.session_uuid))
        return common.Empty()

    def submit_egomotion_observation(
        self, request: egodriver.RolloutEgoTrajectory, caller: PeerCall
    ) -> common.Empty:
        """Take where the ego has been."""
        session = self.desk.find(request.session_uuid)
        with session.lock:
            for stamp_ns, state in session.move(request.trajectory, list(request.dynamic_states)):
                self._started(session)
                self._stack.ego(state, stamp_ns)
            session.place()
        return common.Empty()

    def submit_image_observation(
        self, request: egodriver.RolloutCameraImage, caller: PeerCall
    ) -> common.Empty:
        """Take an image; one that a camera has sent already is counted and left out."""
        session = self.desk.find(request.session_uuid)
        sent = request.camera_image
        width, height, image_format = _header(sent.image_bytes, sent.logical_id)
        with session.lock:
            camera = session.camera(sent.logical_id)
            if sent.frame_end_us < sent.frame_start_us:
                raise InputError(f"an image of {sent.logical_id!r} ends before it starts")
            opened_ns = session.stamp_ns(sent.frame_start_us)
            closed_ns = session.stamp_ns(sent.frame_end_us)
            self._started(session)
            if closed_ns <= session.last_images_ns.get(camera.logical_id, 0):
                session.counts["images_repeated"] += 1
                return common.Empty()
            session.last_images_ns[camera.logical_id] = closed_ns
            session.counts["images"] += 1
            self._stack.image(
                CameraShot(
                    camera, sent.image_bytes, image_format, width, height, opened_ns, closed_ns
                )
            )
        return common.Empty()

    def submit_route(self, request: egodriver.RouteRequest, caller: PeerCall) -> common.Empty:
        """Take the way ahead; it goes out once the rig's pose at its time is known."""
        session = self.desk.find(request.session_uuid)
        points = points_array(request.route.waypoints)
        with session.lock:
            stamp_ns = session.stamp_ns(request.route.timestamp_us)
            self._started(session)
            session.counts["routes"] += 1
            if len(points):
                session.once_placed(
                    stamp_ns,
                    lambda pose: self._stack.route(points @ pose[:3, :3].T + pose[:3, 3], stamp_ns),
                )
        return common.Empty()

    def submit_recording_ground_truth(
        self, request: egodriver.GroundTruthRequest, caller: PeerCall
    ) -> common.Empty:
        """Take what the recorded vehicle did; it goes out as a route does."""
        session = self.desk.find(request.session_uuid)
        truth = request.ground_truth
        with session.lock:
            stamp_ns = session.stamp_ns(truth.timestamp_us)
            self._started(session)
            assert session.clock is not None
            path = timed_path(truth.trajectory, session.clock)
            session.counts["ground_truths"] += 1
            if path is not None:
                session.once_placed(
                    stamp_ns, lambda pose: self._stack.ground_truth(path.seen_from(pose), stamp_ns)
                )
        return common.Empty()

    def drive(self, request: egodriver.DriveRequest, caller: PeerCall) -> egodriver.DriveResponse:
        """Return the stack's plan, led by where the ego is; an empty one before it is anywhere."""
        session = self.desk.find(request.session_uuid)
        if request.time_query_us < request.time_now_us:
            raise InputError("time_query_us lies before time_now_us")
        with session.lock:
            if session.driving:
                raise RefusalError(
                    Code.FAILED_PRECONDITION, "another drive of this session is under way"
                )
            now_ns = session.stamp_ns(request.time_now_us)
            until_ns = session.stamp_ns(request.time_query_us)
            self._started(session)
            here = session.pose_at(min(now_ns, session.last_pose_ns))
            if here is None:
                session.counts["drives_before_a_pose"] += 1
                return egodriver.DriveResponse()
            first = session.counts["drives"] == 0
            session.driving = True
        try:
            limit_s = self._deadlines.first_plan_s if first else self._deadlines.plan_s
            plan = self._stack.plan(
                now_ns,
                until_ns,
                _within(limit_s, caller),
                lambda: not session.closed and caller.alive(),
            )
            with session.lock:
                session.counts["drives"] += 1
                return self._response(session, now_ns, here, plan)
        except BaseException:
            session.counts["drives_failed"] += 1
            raise
        finally:
            session.driving = False

    def _response(
        self, session: DriverSession, now_ns: int, here: Matrix, plan: TimedPath
    ) -> egodriver.DriveResponse:
        assert session.clock is not None
        whole = TimedPath(
            np.concatenate([[now_ns], plan.stamps_ns]),
            np.concatenate([here[None], plan.map_from_base]),
        )
        return egodriver.DriveResponse(trajectory=trajectory_message(whole, session.clock))

    def _started(self, session: DriverSession) -> None:
        """Tell the stack once what the stamps are."""
        if not session.started:
            assert session.clock is not None
            session.started = True
            self._stack.started(session.clock.offset_ns)

    def _end(self, session: DriverSession) -> None:
        self.ended.append(session)
        self._stack.close()


def _within(limit_s: float, caller: PeerCall) -> float:
    """Return a limit that ends before the caller's own."""
    left_s = caller.left_s()
    return limit_s if left_s is None else max(0.0, min(limit_s, left_s - _ANSWER_S))


def _header(image: bytes, logical_id: str) -> tuple[int, int, str]:
    """Return width, height and format of an image; InputError for what is neither JPEG nor PNG."""
    try:
        if image.startswith(b"\x89PNG\r\n\x1a\n") and len(image) > 24:
            width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
            return width, height, "png"
        height, width, _, _ = simplejpeg.decode_jpeg_header(image)
    except ValueError as error:
        raise InputError(
            f"an image of {logical_id!r} with {len(image)} bytes is neither JPEG nor PNG: {error}"
        ) from error
    return width, height, "jpeg"
