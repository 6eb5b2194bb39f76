"""One instant of a scene asked of a NuRec server: all requests under way at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc

from ..stubs import sensorsim_pb2 as sensorsim
from .calls import Deadlines, PendingCall, failure_text
from .capabilities import Capabilities
from .replies import (
    CloudReply,
    ImageReply,
    Replies,
    cloud_reply,
    image_reply,
    rays_reply,
)
from .requests import (
    ActorMotion,
    CameraRequest,
    LidarRequest,
    dynamic_objects,
    lidar_request,
    rgb_request,
)

_Batch = sensorsim.BatchRGBRenderRequest
_MOST_KINDS = 1000
_SWEEPS = {False: "render_lidar", True: "render_lidar_rays"}

Start = Callable[[str, Any, float, str], PendingCall]
"""Start a call: method, request, limit in seconds, id of the scene that it is about."""


class InstantRenderer:
    """Asks for images and sweeps, and remembers what the server has drawn before.

    The first render of a lens, a size or a lidar gets the long deadline: the server makes ready
    for it then.
    """

    def __init__(self, start: Start, deadlines: Deadlines) -> None:
        self._start = start
        self._deadlines = deadlines
        self._rendered: set[tuple[str, object]] = set()

    def render(
        self,
        capabilities: Capabilities,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        lidars: Sequence[LidarRequest],
        actors: Sequence[ActorMotion],
    ) -> Replies:
        """Return the replies of one instant; see ``NurecClient.render``."""
        # NuRec of 26.02 and later refuses actors unless it was started with editing.
        objects = [] if capabilities.editing is False else dynamic_objects(actors)
        refused = {
            camera.name: reason
            for camera in cameras
            if (reason := capabilities.cannot_take(camera.model)) is not None
        }
        asked = [camera for camera in cameras if camera.name not in refused]
        images = [rgb_request(scene_id, camera, objects) for camera in asked]
        unfiltered = capabilities.cannot_filter()
        swept = [lidar for lidar in lidars if lidar.filter is None or unfiltered is None]
        sweeps = [lidar_request(scene_id, lidar, objects) for lidar in swept]
        kinds = _kinds(scene_id, asked, lidars)
        known = kinds <= self._rendered
        limit_s = self._deadlines.call_s if known else self._deadlines.first_render_s
        batched = len(images) > 1 and capabilities.batches
        clouds_due = [
            self._start(_SWEEPS[lidar.rays], sweep, limit_s, scene_id)
            for lidar, sweep in zip(swept, sweeps, strict=True)
        ]
        render = self._render_batch if batched else self._render_singly
        got = iter(render(scene_id, asked, images, limit_s))
        image_replies = tuple(
            ImageReply(c, None, f"{c.name}: {refused[c.name]}") if c.name in refused else next(got)
            for c in cameras
        )
        got_clouds = iter([_cloud(r, d) for r, d in zip(swept, clouds_due, strict=True)])
        clouds = tuple(
            next(got_clouds)
            if lidar in swept
            else CloudReply(lidar.name, None, None, f"{lidar.name}: {unfiltered}")
            for lidar in lidars
        )
        replies = Replies(image_replies, clouds)
        if len(replies.errors) < len(cameras) + len(lidars):
            self._rendered = kinds | (
                self._rendered if len(self._rendered) < _MOST_KINDS else set()
            )
        return replies

    def _render_singly(
        self,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        requests: Sequence[sensorsim.RGBRenderRequest],
        limit_s: float,
    ) -> tuple[ImageReply, ...]:
        due = [self._start("render_rgb", request, limit_s, scene_id) for request in requests]
        return tuple(_image(camera, call) for camera, call in zip(cameras, due, strict=True))

    def _render_batch(
        self,
        scene_id: str,
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
            reply = self._start("batch_render_rgb", batch, limit_s, scene_id).result()
        except grpc.RpcError as error:
            reason = failure_text(error)
            return tuple(ImageReply(c, None, f"{c.name}: {reason}") for c in cameras)
        answered = {item.camera_name: item for item in reply.items}
        return tuple(_batch_item(camera, answered) for camera in cameras)


def _kinds(
    scene_id: str, cameras: Sequence[CameraRequest], lidars: Sequence[LidarRequest]
) -> set[tuple[str, object]]:
    """Return what a server may have to get ready for: lenses at a size and lidars, of a scene."""
    lenses = {(scene_id, (camera.model, camera.size, camera.shutter)) for camera in cameras}
    return lenses | {(scene_id, lidar.device) for lidar in lidars}


def _image(camera: CameraRequest, call: PendingCall) -> ImageReply:
    try:
        return image_reply(camera, call.result())
    except grpc.RpcError as error:
        return ImageReply(camera, None, f"{camera.name}: {failure_text(error)}")


def _cloud(lidar: LidarRequest, call: PendingCall) -> CloudReply:
    read = rays_reply if lidar.rays else cloud_reply
    try:
        return read(lidar.name, call.result())
    except grpc.RpcError as error:
        reason = failure_text(error)
        if lidar.rays and error.code() is grpc.StatusCode.UNIMPLEMENTED:
            reason = (
                "this NuRec server does not tell which beam measured a point, and when; give the "
                "lidar `fields: xyzi`"
            )
        return CloudReply(lidar.name, None, None, f"{lidar.name}: {reason}")


def _batch_item(camera: CameraRequest, answered: dict[str, Any]) -> ImageReply:
    name, item = camera.name, answered.get(camera.name)
    if item is None:
        return ImageReply(camera, None, f"{name}: NuRec left this image out of its batch reply")
    if not item.success:
        return ImageReply(camera, None, f"{name}: {item.error_message or 'no reason given'}")
    return image_reply(camera, item.result)
