"""A client of a NuRec render server: one request a step, failures one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from ..core.errors import ProtocolError
from .connection import Connection, failure_text, open_connection
from .replies import (
    CloudReply,
    ImageReply,
    OfferedCamera,
    Replies,
    cloud_reply,
    image_reply,
    offered_camera,
)
from .requests import (
    ActorMotion,
    CameraRequest,
    LidarRequest,
    dynamic_objects,
    lidar_request,
    rgb_request,
)
from .stubs import common_pb2 as common
from .stubs import sensorsim_pb2 as sensorsim

_Batch = sensorsim.BatchRGBRenderRequest


@dataclass(frozen=True)
class Deadlines:
    """Seconds to wait; a server's first picture of a scene may take a minute."""

    connect_s: float = 20.0
    call_s: float = 5.0
    first_render_s: float = 60.0


class NurecClient:
    """A connection to a server, with what it was found to be able to do.

    Use it as a context manager or call ``close``. One thread renders at a time.
    """

    def __init__(
        self, target: str, deadlines: Deadlines | None = None, *, allow_remote: bool = False
    ) -> None:
        self._deadlines = deadlines or Deadlines()
        self._connection: Connection = open_connection(
            target, self._deadlines.connect_s, allow_remote=allow_remote
        )
        self._rendered_scenes: set[str] = set()
        self._batch: bool | None = None

    @property
    def connection(self) -> Connection:
        """The target, the service name in use, and the version the server reported."""
        return self._connection

    @property
    def renders_batches(self) -> bool:
        """Whether the server renders several images in one call; asks it the first time."""
        if self._batch is None:
            try:
                self._start("batch_render_rgb", _Batch(), self._deadlines.call_s).result()
            except grpc.RpcError as error:
                self._batch = error.code() is not grpc.StatusCode.UNIMPLEMENTED
            else:
                self._batch = True
        return self._batch

    def close(self) -> None:
        """Close the channel; calls under way end with CANCELLED. May be called twice."""
        self._connection.channel.close()

    def __enter__(self) -> NurecClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, method: str, request: Any) -> Any:
        """Call a method that does not render; ProtocolError with the server's reason."""
        try:
            return self._start(method, request, self._deadlines.call_s).result()
        except grpc.RpcError as error:
            raise ProtocolError(
                f"NuRec server {self._connection.target}: {method}: {failure_text(error)}"
            ) from error

    def scenes(self) -> tuple[str, ...]:
        """Return the ids of the scenes that the server offers."""
        return tuple(self.ask("get_available_scenes", common.Empty()).scene_ids)

    def cameras(self, scene_id: str) -> tuple[OfferedCamera, ...]:
        """Return the recorded cameras of a scene."""
        request = sensorsim.AvailableCamerasRequest(scene_id=scene_id)
        reply = self.ask("get_available_cameras", request)
        return tuple(offered_camera(camera) for camera in reply.available_cameras)

    def trajectories(self, scene_id: str) -> tuple[common.Trajectory, ...]:
        """Return the rig's recorded poses (world_from_rig) in a scene."""
        request = sensorsim.AvailableTrajectoriesRequest(scene_id=scene_id)
        reply = self.ask("get_available_trajectories", request)
        return tuple(entry.trajectory for entry in reply.available_trajectories)

    def render(
        self,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        lidars: Sequence[LidarRequest] = (),
        actors: Sequence[ActorMotion] = (),
    ) -> Replies:
        """Render images and sweeps of one instant, all under way at once.

        Images go in one batch where the server has that, else in calls of their own. Whatever
        fails has its reason in its reply; the others are not touched by it. InputError for
        requests that no server could answer.
        """
        objects = dynamic_objects(actors)
        images = [rgb_request(scene_id, camera, objects) for camera in cameras]
        sweeps = [lidar_request(scene_id, lidar, objects) for lidar in lidars]
        limit_s = self._render_limit(scene_id)
        batched = len(cameras) > 1 and self.renders_batches
        clouds_due = [self._start("render_lidar", sweep, limit_s) for sweep in sweeps]
        if batched:
            image_replies = self._render_batch(cameras, images, limit_s)
        else:
            image_replies = self._render_singly(cameras, images, limit_s)
        clouds = tuple(_cloud(r.name, due) for r, due in zip(lidars, clouds_due, strict=True))
        replies = Replies(image_replies, clouds)
        if len(replies.errors) < len(cameras) + len(lidars):
            self._rendered_scenes.add(scene_id)
        return replies

    def _render_limit(self, scene_id: str) -> float:
        known = scene_id in self._rendered_scenes
        return self._deadlines.call_s if known else self._deadlines.first_render_s

    def _render_singly(
        self,
        cameras: Sequence[CameraRequest],
        requests: Sequence[sensorsim.RGBRenderRequest],
        limit_s: float,
    ) -> tuple[ImageReply, ...]:
        due = [self._start("render_rgb", request, limit_s) for request in requests]
        return tuple(_image(camera.name, call) for camera, call in zip(cameras, due, strict=True))

    def _render_batch(
        self,
        cameras: Sequence[CameraRequest],
        requests: Sequence[sensorsim.RGBRenderRequest],
        limit_s: float,
    ) -> tuple[ImageReply, ...]:
        batch = _Batch(
            items=[
                _Batch.BatchRGBRenderRequestItem(camera_name=camera.name, request=request)
                for camera, request in zip(cameras, requests, strict=True)
            ]
        )
        try:
            reply = self._start("batch_render_rgb", batch, limit_s).result()
        except grpc.RpcError as error:
            reason = failure_text(error)
            return tuple(ImageReply(c.name, None, f"{c.name}: {reason}") for c in cameras)
        answered = {item.camera_name: item for item in reply.items}
        return tuple(_batch_item(camera.name, answered) for camera in cameras)

    def _start(self, method: str, request: Any, limit_s: float) -> Any:
        return self._connection.method(method).future(request, timeout=limit_s)


def _image(name: str, call: Any) -> ImageReply:
    try:
        return image_reply(name, call.result())
    except grpc.RpcError as error:
        return ImageReply(name, None, f"{name}: {failure_text(error)}")


def _cloud(name: str, call: Any) -> CloudReply:
    try:
        return cloud_reply(name, call.result())
    except grpc.RpcError as error:
        return CloudReply(name, None, None, f"{name}: {failure_text(error)}")


def _batch_item(name: str, answered: dict[str, Any]) -> ImageReply:
    item = answered.get(name)
    if item is None:
        return ImageReply(name, None, f"{name}: NuRec left this image out of its batch reply")
    if not item.success:
        return ImageReply(name, None, f"{name}: {item.error_message or 'no reason given'}")
    return image_reply(name, item.result)
