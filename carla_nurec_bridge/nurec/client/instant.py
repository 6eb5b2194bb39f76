"""One instant of a scene asked of a NuRec server: all requests under way at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    for it then. A server draws one call after the other, so each call has the time of those that
    are under way beside it as well.
    """

    def __init__(self, start: Start, deadlines: Deadlines) -> None:
        self._start = start
        self._deadlines = deadlines
        self._rendered: set[tuple[str, object]] = set()
        self._under_way: list[tuple[PendingCall, float]] = []

    def start(
        self,
        capabilities: Capabilities,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        lidars: Sequence[LidarRequest],
        actors: Sequence[ActorMotion],
    ) -> PendingInstant:
        """Ask for one instant; see ``NurecClient.start``."""
        # NuRec of 26.02 and later refuses actors unless it was started with editing.
        objects = [] if capabilities.editing is False else dynamic_objects(actors)
        refused = {
            n: reason
            for n, camera in enumerate(cameras)
            if (reason := capabilities.cannot_take(camera.model)) is not None
        }
        asked = [camera for n, camera in enumerate(cameras) if n not in refused]
        images = [rgb_request(scene_id, camera, objects) for camera in asked]
        unfiltered = capabilities.cannot_filter()
        swept = [lidar for lidar in lidars if lidar.filter is None or unfiltered is None]
        sweeps = [lidar_request(scene_id, lidar, objects) for lidar in swept]
        kinds = _kinds(scene_id, asked, lidars)
        known = kinds <= self._rendered
        batched = len(images) > 1 and capabilities.batches
        share_s = self._deadlines.call_s if known else self._deadlines.first_render_s
        calls = len(sweeps) + (1 if batched else len(images))
        limit_s = self._time_of_others_s() + calls * share_s
        clouds_due = [
            self._start(_SWEEPS[lidar.rays], sweep, limit_s, scene_id)
            for lidar, sweep in zip(swept, sweeps, strict=True)
        ]
        if batched:
            images_due = [self._start("batch_render_rgb", _batch(asked, images), limit_s, scene_id)]
        else:
            images_due = [self._start("render_rgb", one, limit_s, scene_id) for one in images]
        self._under_way += [(call, share_s) for call in (*images_due, *clouds_due)]
        return PendingInstant(
            tuple(cameras),
            tuple(lidars),
            {n: f"{cameras[n].name}: {reason}" for n, reason in refused.items()},
            {n: f"{li.name}: {unfiltered}" for n, li in enumerate(lidars) if li not in swept},
            tuple(images_due),
            tuple(clouds_due),
            lambda: self._note(kinds),
            batched=batched,
        )

    def _time_of_others_s(self) -> float:
        """Return what the calls of earlier instants that have no reply yet may take."""
        self._under_way = [(call, s) for call, s in self._under_way if not call.done]
        return sum(s for _, s in self._under_way)

    def _note(self, kinds: set[tuple[str, object]]) -> None:
        self._rendered = kinds | (self._rendered if len(self._rendered) < _MOST_KINDS else set())


@dataclass(frozen=True, eq=False)
class PendingInstant:
    """Images and sweeps that were asked for; ``replies`` waits for them, once.

    ``refused`` and ``unswept`` say by place in the request why something was not asked for;
    ``drawn`` is called when anything came.
    """

    cameras: tuple[CameraRequest, ...]
    lidars: tuple[LidarRequest, ...]
    refused: Mapping[int, str]
    unswept: Mapping[int, str]
    images_due: tuple[PendingCall, ...]
    clouds_due: tuple[PendingCall, ...]
    drawn: Callable[[], None]
    batched: bool

    @property
    def done(self) -> bool:
        """Whether all has come or failed, so that ``replies`` has nothing to wait for."""
        return all(call.done for call in (*self.images_due, *self.clouds_due))

    def on_done(self, call: Callable[[], None]) -> None:
        """Have ``call`` called whenever something has come, or failed, by a thread of gRPC."""
        for due in (*self.images_due, *self.clouds_due):
            due.on_done(call)

    def replies(self) -> Replies:
        """Return the replies in the order of the requests; see ``NurecClient.render``."""
        asked = [camera for n, camera in enumerate(self.cameras) if n not in self.refused]
        if self.batched:
            got = iter(_batch_images(asked, self.images_due[0]))
        else:
            got = iter([_image(c, due) for c, due in zip(asked, self.images_due, strict=True)])
        swept = [lidar for n, lidar in enumerate(self.lidars) if n not in self.unswept]
        clouds = iter([_cloud(li, due) for li, due in zip(swept, self.clouds_due, strict=True)])
        replies = Replies(
            tuple(
                ImageReply(camera, None, self.refused[n]) if n in self.refused else next(got)
                for n, camera in enumerate(self.cameras)
            ),
            tuple(
                CloudReply(lidar.name, None, None, self.unswept[n])
                if n in self.unswept
                else next(clouds)
                for n, lidar in enumerate(self.lidars)
            ),
        )
        if len(replies.errors) < len(self.cameras) + len(self.lidars):
            self.drawn()
        return replies


def _batch(
    cameras: Sequence[CameraRequest], requests: Sequence[sensorsim.RGBRenderRequest]
) -> sensorsim.BatchRGBRenderRequest:
    return _Batch(
        items=[
            _Batch.BatchRGBRenderRequestItem(camera_name=camera.name, request=request)
            for camera, request in zip(cameras, requests, strict=True)
        ]
    )


def _batch_images(cameras: Sequence[CameraRequest], call: PendingCall) -> tuple[ImageReply, ...]:
    try:
        reply = call.result()
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
