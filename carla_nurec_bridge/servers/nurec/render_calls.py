"""Answers that are drawn: images, batches of them, lidar sweeps, all of a step at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...core.errors import RefusalError
from ...nurec.client.service import LAYER_BYTES, MAX_MESSAGE_BYTES
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from .drawing.drawing import Caller, Cloud, SceneDrawing
from .drawing.views import image_size
from .drawing.wanted import WantedPicture
from .harmonizer import Frame, HarmonizerSessions
from .refusal import Code, result_of
from .scenes.library import SceneLibrary
from .unknown_fields import UnknownField, unknown_fields

_BATCH = sensorsim.BatchRGBRenderRequest
_MOST_ITEMS = 64
_MOST_PIXELS = 64_000_000


class RenderCalls:
    """Methods that draw; requests are checked on the threads of the calls."""

    def __init__(
        self, library: SceneLibrary, drawing: SceneDrawing, sessions: HarmonizerSessions
    ) -> None:
        self._library = library
        self._drawing = drawing
        self._sessions = sessions

    def render_rgb(
        self, request: sensorsim.RGBRenderRequest, caller: Caller
    ) -> sensorsim.RGBRenderReturn:
        """Draw one image."""
        unknown = unknown_fields(request) if self._sessions.enabled else ()
        frame = _frame(request.camera_intrinsics.logical_id, request, unknown)
        with self._sessions.drawing([frame]):
            return sensorsim.RGBRenderReturn(
                image_bytes=result_of(self._drawing.images([self._wanted(request)], caller)[0])
            )

    def batch_render_rgb(
        self, request: sensorsim.BatchRGBRenderRequest, caller: Caller
    ) -> sensorsim.BatchRGBRenderReturn:
        """Draw images, small ones of a moment together, each encoded while others are drawn."""
        _check_amount([item.request for item in request.items])
        checked: list[WantedPicture | RefusalError] = []
        for item in request.items:
            try:
                checked.append(self._wanted(item.request))
            except RefusalError as refusal:
                checked.append(refusal)
        drawn = iter(
            self._drawing.images([p for p in checked if isinstance(p, WantedPicture)], caller)
        )
        started = [p if isinstance(p, RefusalError) else next(drawn) for p in checked]
        reply = sensorsim.BatchRGBRenderReturn()
        room = MAX_MESSAGE_BYTES - 4096
        for item, image in zip(request.items, started, strict=True):
            answer = reply.items.add(camera_name=item.camera_name)
            try:
                if isinstance(image, RefusalError):
                    raise image
                data = result_of(image)
                room -= len(data)
                if room < 0:
                    raise RefusalError(
                        Code.RESOURCE_EXHAUSTED,
                        f"the images of this batch do not fit a message of {MAX_MESSAGE_BYTES} "
                        "bytes; ask for fewer, or for JPEG",
                    )
                answer.result.image_bytes = data
                answer.success = True
            except RefusalError as refusal:
                answer.error_message = f"{refusal.code.name}: {refusal}"
        return reply

    def batch_render_camera(
        self, request: sensorsim.BatchRGBRenderRequest, caller: Caller
    ) -> sensorsim.BatchRGBRenderReturn:
        """Draw images as ``batch_render_rgb`` does, if the request is laid out as one of its own.

        A field that is not known there, other than a harmonizer session, is refused by its number:
        the layout that NuRec 26.10 gave this request is not public; no other must be read into it.
        """
        _check_amount([item.request for item in request.items])
        unknown = list(unknown_fields(request))
        for field in unknown:
            if self._sessions.named_by(field) is None:
                raise RefusalError(
                    Code.INVALID_ARGUMENT,
                    f"field {field.number} of {field.message} is not known here: this server takes "
                    "batch_render_camera to have the messages of batch_render_rgb; call that",
                )
        of_all = [field for field in unknown if field.message == _BATCH.DESCRIPTOR.name]
        frames = [
            _frame(item.camera_name, item.request, (*of_all, *unknown_fields(item)))
            for item in request.items
        ]
        with self._sessions.drawing(frames):
            return self.batch_render_rgb(request, caller)

    def render_lidar(
        self, request: sensorsim.LidarRenderRequest, caller: Caller, *, as_lists: bool
    ) -> sensorsim.LidarRenderReturn:
        """Draw one sweep; the points fill the lists or the buffers of the reply, never both."""
        scene = self._library.find(request.scene_id)
        return _cloud_message(self._drawing.sweep(scene, request, caller), as_lists=as_lists)

    def render_lidar_rays(
        self, request: sensorsim.LidarRenderRequest, caller: Caller
    ) -> sensorsim.AggregatedRenderReturn:
        """Draw one sweep and tell which beam measured each point, and when."""
        cloud = self._drawing.sweep(self._library.find(request.scene_id), request, caller)
        rings, times = cloud.rays()
        return sensorsim.AggregatedRenderReturn(
            lidar_returns=[_cloud_message(cloud, as_lists=False)],
            driver_data=rings.tobytes() + times.tobytes(),
        )

    def render_camera_layers(
        self, request: sensorsim.RGBRenderRequest, caller: Caller
    ) -> sensorsim.AggregatedRenderReturn:
        """Draw distance, opacity and classes of one image, without its colours."""
        width, height = image_size(request)
        if LAYER_BYTES * width * height > MAX_MESSAGE_BYTES - 4096:
            raise RefusalError(
                Code.RESOURCE_EXHAUSTED,
                f"layers of {width} x {height} pixels do not fit a message of {MAX_MESSAGE_BYTES} "
                "bytes; ask for a smaller image",
            )
        layers = self._drawing.layers(self._library.find(request.scene_id), request, caller)
        numbers = (layers.distance_m, layers.opacity)
        parts = [part.astype("<f4", copy=False).tobytes() for part in numbers]
        return sensorsim.AggregatedRenderReturn(
            driver_data=b"".join([*parts, layers.classes.tobytes()])
        )

    def render_aggregated(
        self, request: sensorsim.AggregatedRenderRequest, caller: Caller, *, as_lists: bool
    ) -> sensorsim.AggregatedRenderReturn:
        """Draw images and sweeps; the first that fails fails the call, the reply has no errors."""
        _check_amount(request.rgb_requests)
        if len(request.lidar_requests) > _MOST_ITEMS:
            raise RefusalError(Code.INVALID_ARGUMENT, f"more than {_MOST_ITEMS} lidar requests")
        images = self._drawing.images(
            [self._wanted(image) for image in request.rgb_requests], caller
        )
        sweeps = [
            self.render_lidar(sweep, caller, as_lists=as_lists) for sweep in request.lidar_requests
        ]
        return sensorsim.AggregatedRenderReturn(
            rgb_returns=[
                sensorsim.RGBRenderReturn(image_bytes=result_of(image)) for image in images
            ],
            lidar_returns=sweeps,
        )

    def _wanted(self, request: sensorsim.RGBRenderRequest) -> WantedPicture:
        return self._drawing.wanted(self._library.find(request.scene_id), request)


def _frame(
    camera: str, request: sensorsim.RGBRenderRequest, unknown: Iterable[UnknownField]
) -> Frame:
    return Frame(camera, request.frame_start_us, tuple(unknown))


def _check_amount(requests: Sequence[sensorsim.RGBRenderRequest]) -> None:
    """Refuse more images than may be in memory at once."""
    if len(requests) > _MOST_ITEMS:
        raise RefusalError(
            Code.INVALID_ARGUMENT, f"a batch may hold {_MOST_ITEMS} images, not {len(requests)}"
        )
    pixels = 0
    for request in requests:
        try:
            width, height = image_size(request)
        except RefusalError:
            continue  # that image fails by itself
        pixels += width * height
    if pixels > _MOST_PIXELS:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"a batch may hold {_MOST_PIXELS:,} pixels in all, not {pixels:,}",
        )


def _cloud_message(cloud: Cloud, *, as_lists: bool) -> sensorsim.LidarRenderReturn:
    points, intensities = cloud.points, cloud.intensities
    if as_lists:
        return sensorsim.LidarRenderReturn(
            point_xyzs=points.ravel().tolist(), point_intensities=intensities.tolist()
        )
    return sensorsim.LidarRenderReturn(
        num_points=len(points),
        point_xyzs_buffer=points.astype("<f4", copy=False).tobytes(),
        point_intensities_buffer=intensities.astype("<f4", copy=False).tobytes(),
    )
