"""Pictures and sweeps on the render thread, encoded beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ....core.errors import RefusalError
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....rendering.lidar import points_at_end
from ....scene import Scene
from ..checks import (
    check_camera,
    check_wanted,
    check_window,
    map_poses,
    pattern_of,
)
from ..metrics import Metrics
from ..refusal import result_of
from ..scenes.drawn_scene import DrawnScene
from ..scenes.drawn_scenes import DrawnScenes
from .ego_masks import EgoMasks
from .images import check_format, encode, jpeg_format
from .lidar_filter import kept_ranges
from .pictures import (
    PictureLayers,
    draw_image,
    draw_images,
    draw_jpeg,
    draw_layers,
    draw_sweep,
    encodes_jpeg,
)
from .render_thread import RenderThread
from .views import RequestViews, image_size
from .wanted import WantedPicture, together

_LIDAR_RANGE_M = 200.0
_ENCODERS = 4
_READY_PIXELS = 1280 * 720
Drawn = NDArray[np.uint8] | bytes


@dataclass(frozen=True)
class Caller:
    """Who asks: its name for fair turns, and whether it still waits."""

    name: str
    waits: Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points float32 (N, 3) in the lidar's frame at the end of the sweep, intensities (N,).

    ``hit`` (rows, columns) says which rays they are of, ``column_fraction`` (columns,) when.
    """

    points: NDArray[np.float32]
    intensities: NDArray[np.float32]
    hit: NDArray[np.bool_]
    column_fraction: NDArray[np.float64]

    def rays(self) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Return each point's beam, 0 the lowest, and when it was measured, 0 to 1."""
        lowest_last = np.arange(len(self.hit) - 1, -1, -1, dtype="<u2")
        rings = np.repeat(lowest_last, np.count_nonzero(self.hit, axis=1))
        times = np.broadcast_to(self.column_fraction.astype("<f4"), self.hit.shape)
        return rings, times[self.hit]


class SceneDrawing:
    """Draws requests on scenes; safe from several threads. ``close`` ends the encoders."""

    def __init__(
        self,
        scenes: DrawnScenes,
        thread: RenderThread,
        ego_masks: EgoMasks,
        metrics: Metrics,
        lidar_column_step: int,
    ) -> None:
        """Draw on ``thread``; of a lidar's columns every ``lidar_column_step``-th is measured."""
        self._scenes = scenes
        self._thread = thread
        self._ego_masks = ego_masks
        self._metrics = metrics
        self._lidar_column_step = lidar_column_step
        self._views = RequestViews()
        self._encoders = ThreadPoolExecutor(_ENCODERS, thread_name_prefix="encode")

    def close(self) -> None:
        """End the encoder threads; may be called twice."""
        self._encoders.shutdown()

    def make_ready(self, scene: Scene) -> None:
        """Load a scene, and the rays of its cameras where they are small, before they are asked."""
        with self._scenes.drawing(scene):
            for camera in scene.cameras:
                # The sizes of a small scene are those that will be asked for.
                if camera.model.width * camera.model.height <= _READY_PIXELS:
                    self._views.of(camera.model, camera.shutter)

    def wanted(self, scene: Scene, request: sensorsim.RGBRenderRequest) -> WantedPicture:
        """Return what a request wants to see; RefusalError for a bad one."""
        check_window(scene, request.frame_start_us, request.frame_end_us)
        check_camera(scene, request.camera_intrinsics.logical_id)
        check_format(request)
        view = self._views.view(request)
        mask = self._ego_masks.wanted(request, image_size(request))
        return WantedPicture(scene, request, view, *map_poses(scene, request.sensor_pose), mask)

    def images(self, pictures: Sequence[WantedPicture], caller: Caller) -> list[Future[bytes]]:
        """Start images; their futures give the encoded bytes, or a RefusalError, one by one."""
        started: list[Future[bytes]] = []
        for group in together(pictures):
            try:
                started += self._start(group, caller)
            except RefusalError as refusal:
                started += [_refused(refusal) for _ in group]
        return started

    def _start(self, group: Sequence[WantedPicture], caller: Caller) -> list[Future[bytes]]:
        held = ExitStack()
        scene = group[0].scene
        drawn_scene = held.enter_context(self._scenes.drawing(scene))
        if len(group) > 1 and drawn_scene.gaussians.has_surroundings:
            held.close()  # each takes long: others come in between
            return [image for one in group for image in self.images([one], caller)]
        actors = self._scenes.actors(scene)

        def draw() -> list[Drawn]:
            check_wanted(caller.waits)
            with self._metrics.stage("draw_image"):
                asked = group[0].request
                drawn_scene.set_time(
                    actors, asked.frame_start_us, asked.frame_end_us, asked.dynamic_objects
                )
                if drawn_scene.draws_alike:
                    return [*draw_images(drawn_scene, [(p.view, p.start, p.end) for p in group])]
                return [_drawn_alone(drawn_scene, picture) for picture in group]

        def finish(drawn: list[Drawn], number: int) -> bytes:
            one, picture = drawn[number], group[number]
            if isinstance(one, bytes):
                data = one
            else:
                with self._metrics.stage("encode"):
                    seen = one if picture.mask is None else picture.mask.over(one)
                    data = encode(seen, picture.request)
            self._metrics.sent(len(data))
            return data

        drawn = self._thread.submit(draw, caller.name)
        drawn.add_done_callback(lambda _: held.close())
        return [
            _then(drawn, self._encoders, partial(finish, number=number))
            for number in range(len(group))
        ]

    def layers(
        self, scene: Scene, request: sensorsim.RGBRenderRequest, caller: Caller
    ) -> PictureLayers:
        """Draw distance, opacity and classes of one image; RefusalError for a bad request."""
        check_window(scene, request.frame_start_us, request.frame_end_us)
        check_camera(scene, request.camera_intrinsics.logical_id)
        view = self._views.view(request)
        start, end = map_poses(scene, request.sensor_pose)
        window = request.frame_start_us, request.frame_end_us
        with self._scenes.drawing(scene) as drawn_scene:
            actors = self._scenes.actors(scene)

            def draw() -> PictureLayers:
                check_wanted(caller.waits)
                with self._metrics.stage("draw_layers"):
                    drawn_scene.set_time(actors, *window, request.dynamic_objects)
                    return draw_layers(drawn_scene, view, start, end)

            return result_of(self._thread.submit(draw, caller.name))

    def sweep(self, scene: Scene, request: sensorsim.LidarRenderRequest, caller: Caller) -> Cloud:
        """Draw one sweep; RefusalError for a bad request."""
        check_window(scene, request.frame_start_us, request.frame_end_us)
        pattern = pattern_of(request.lidar_config.lidar_type, self._lidar_column_step)
        start, end = map_poses(scene, request.sensor_pose)
        table, times = pattern.directions, pattern.column_fraction
        with self._scenes.drawing(scene) as drawn_scene:
            actors, gaussians = self._scenes.actors(scene), drawn_scene.gaussians

            def draw() -> Cloud:
                check_wanted(caller.waits)
                with self._metrics.stage("draw_sweep"):
                    drawn_scene.set_time(
                        actors,
                        request.frame_start_us,
                        request.frame_end_us,
                        request.dynamic_objects,
                    )
                    sectors = self._views.sectors(pattern) if gaussians.visible else ()
                    seen = draw_sweep(drawn_scene, pattern, sectors, start, end, _LIDAR_RANGE_M)
                    seen.range_m[...] = kept_ranges(seen.range_m, request.render_filter)
                    points = points_at_end(seen.range_m, table, times, start, end)
                hit = np.isfinite(seen.range_m)
                return Cloud(points, seen.intensity[hit], hit, times)

            cloud = result_of(self._thread.submit(draw, caller.name))
        self._metrics.sent(cloud.points.nbytes + cloud.intensities.nbytes)
        return cloud


def _refused(refusal: RefusalError) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_exception(refusal)
    return future


def _drawn_alone(drawn_scene: DrawnScene, picture: WantedPicture) -> Drawn:
    """Return a picture drawn with what its camera makes of it, as JPEG where that is made there."""
    response = drawn_scene.response(picture.camera_id, picture.request.frame_end_us)
    form = None
    if picture.mask is None and response is None and encodes_jpeg(drawn_scene):
        form = jpeg_format(picture.request)
    view, start, end = picture.view, picture.start, picture.end
    if form is None:
        return draw_image(drawn_scene, view, start, end, response)
    return draw_jpeg(drawn_scene, view, start, end, form)


def _then(
    first: Future[list[Drawn]],
    pool: ThreadPoolExecutor,
    work: Callable[[list[Drawn]], bytes],
) -> Future[bytes]:
    """Return the future of ``work`` on the result of ``first``, done by the pool."""
    last: Future[bytes] = Future()

    def settle(done: Future[bytes]) -> None:
        error = done.exception()
        if error is None:
            last.set_result(done.result())
        else:
            last.set_exception(error)

    def go_on(done: Future[list[Drawn]]) -> None:
        if done.cancelled():
            last.cancel()
            last.set_running_or_notify_cancel()
        elif (error := done.exception()) is not None:
            last.set_exception(error)
        else:
            pool.submit(work, done.result()).add_done_callback(settle)

    first.add_done_callback(go_on)
    return last
