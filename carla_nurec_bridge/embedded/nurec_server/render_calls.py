"""Answers that are drawn: images, batches of images, lidar sweeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...core.cameras import OpenCVPinholeCamera
from ...core.frames import Matrix
from ...core.lidar import LidarPattern, lidar_pattern
from ...nurec.conversion import pose_matrix
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from ...rendering.camera import render_camera
from ...rendering.lidar import points_at_end, render_lidar
from ...scene import Scene
from .images import check_format, encode
from .refusal import Code, RefusalError, as_invalid_argument
from .render_thread import RenderThread
from .scene_calls import SceneCalls
from .stage import Stage
from .views import Views

Image = NDArray[np.uint8]
_RGB = frozenset({"rgb"})
_LIDAR_RANGE_M = 200.0
_ENCODERS = 2
_MOST_ITEMS = 64
_READY_PIXELS = 1280 * 720
T = TypeVar("T")


class RenderCalls:
    """Methods that draw.

    Requests are checked on the threads of the calls, images encoded there or on threads of their
    own; only the render thread draws. ``close`` ends the encoders, the render thread is the
    caller's.
    """

    def __init__(
        self,
        scenes: SceneCalls,
        stages: Mapping[str, Stage],
        thread: RenderThread,
        lidar_column_step: int,
    ) -> None:
        self._scenes = scenes
        self._stages = stages
        self._thread = thread
        self._lidar_column_step = lidar_column_step
        self._views = Views()
        self._encoders = ThreadPoolExecutor(_ENCODERS, thread_name_prefix="encode")

    def close(self) -> None:
        """End the encoder threads; may be called twice."""
        self._encoders.shutdown()

    def warm_up(self) -> None:
        """Draw a few pixels and beams of every scene, so that no call waits for the compiler."""
        pattern = lidar_pattern("AT128").thinned(100)
        rays = OpenCVPinholeCamera.from_fov(16, 8, 90.0).ray_table()
        for stage in self._stages.values():
            for camera in stage.scene.cameras:
                # The sizes of a small scene are those that will be asked for.
                if camera.model.width * camera.model.height <= _READY_PIXELS:
                    self._views.of(camera.model, camera.shutter)
            pose = stage.map_from(stage.scene.rig_trajectory.world_from_rig[0])
            start_us = stage.scene.time_range_us[0]

            def work(stage: Stage = stage, pose: Matrix = pose, start_us: int = start_us) -> None:
                stage.set_time(start_us, start_us + 1, ())
                times = np.linspace(0.0, 1.0, 8)
                render_camera(stage.render_scene, rays, pose, pose, times, "row", stage.light, _RGB)
                table, fractions = pattern.directions, pattern.column_fraction
                sweep = render_lidar(stage.render_scene, table, fractions, pose, pose, 10.0)
                points_at_end(sweep, table, fractions, pose, pose)

            _result(self._thread.submit(work))

    def render_rgb(
        self, request: sensorsim.RGBRenderRequest, wanted: Callable[[], bool]
    ) -> sensorsim.RGBRenderReturn:
        """Draw one image; ``wanted`` tells whether the caller still waits for it."""
        image = _result(self._draw(request, wanted))
        return sensorsim.RGBRenderReturn(image_bytes=encode(image, request))

    def batch_render_rgb(
        self, request: sensorsim.BatchRGBRenderRequest, wanted: Callable[[], bool]
    ) -> sensorsim.BatchRGBRenderReturn:
        """Draw images one after another, encoding each while the next is drawn."""
        if len(request.items) > _MOST_ITEMS:
            raise RefusalError(
                Code.INVALID_ARGUMENT,
                f"a batch may hold {_MOST_ITEMS} images, not {len(request.items)}",
            )
        reply = sensorsim.BatchRGBRenderReturn()
        drawn: list[Future[Image] | RefusalError] = []
        for item in request.items:
            try:
                drawn.append(self._draw(item.request, wanted))
            except RefusalError as refusal:
                drawn.append(refusal)
        encoded: list[Future[bytes] | RefusalError] = []
        for item, drawing in zip(request.items, drawn, strict=True):
            try:
                image = _result(drawing)
                encoded.append(self._encoders.submit(encode, image, item.request))
            except RefusalError as refusal:
                encoded.append(refusal)
        for item, encoding in zip(request.items, encoded, strict=True):
            answer = reply.items.add(camera_name=item.camera_name)
            try:
                answer.result.image_bytes = _result(encoding)
                answer.success = True
            except RefusalError as refusal:
                answer.error_message = f"{refusal.code.name}: {refusal}"
        return reply

    def render_lidar(
        self,
        request: sensorsim.LidarRenderRequest,
        wanted: Callable[[], bool],
        *,
        as_lists: bool,
    ) -> sensorsim.LidarRenderReturn:
        """Draw one sweep; the points fill the lists or the buffers of the reply, never both."""
        scene = self._scenes.scene(request.scene_id)
        _check_window(scene, request.frame_start_us, request.frame_end_us)
        pattern = self._pattern(request.lidar_config.lidar_type)
        stage = self._stages[scene.scene_id]
        start, end = _poses(stage, request.sensor_pose)

        def work() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            _check_wanted(wanted)
            stage.set_time(request.frame_start_us, request.frame_end_us, request.dynamic_objects)
            table, times = pattern.directions, pattern.column_fraction
            sweep = render_lidar(stage.render_scene, table, times, start, end, _LIDAR_RANGE_M)
            points = points_at_end(sweep, table, times, start, end)
            return points, sweep.intensity[np.isfinite(sweep.range_m)]

        points, intensities = _result(self._thread.submit(work))
        if as_lists:
            return sensorsim.LidarRenderReturn(
                point_xyzs=points.ravel().tolist(), point_intensities=intensities.tolist()
            )
        return sensorsim.LidarRenderReturn(
            num_points=len(points),
            point_xyzs_buffer=points.astype("<f4", copy=False).tobytes(),
            point_intensities_buffer=intensities.astype("<f4", copy=False).tobytes(),
        )

    def _draw(
        self, request: sensorsim.RGBRenderRequest, wanted: Callable[[], bool]
    ) -> Future[Image]:
        scene = self._scenes.scene(request.scene_id)
        _check_window(scene, request.frame_start_us, request.frame_end_us)
        _check_camera(scene, request)
        check_format(request)
        view = self._views.view(request)
        stage = self._stages[scene.scene_id]
        start, end = _poses(stage, request.sensor_pose)

        def work() -> Image:
            _check_wanted(wanted)
            stage.set_time(request.frame_start_us, request.frame_end_us, request.dynamic_objects)
            frame = render_camera(
                stage.render_scene,
                view.rays,
                start,
                end,
                view.fractions,
                view.axis,
                stage.light,
                _RGB,
            )
            assert frame.rgb is not None
            return frame.rgb

        return self._thread.submit(work)

    def _pattern(self, lidar_type: int) -> LidarPattern:
        if lidar_type not in sensorsim.LidarDeviceType.values():
            known = ", ".join(sensorsim.LidarDeviceType.keys())
            raise RefusalError(
                Code.INVALID_ARGUMENT, f"unknown lidar_type {lidar_type}; use one of {known}"
            )
        name = sensorsim.LidarDeviceType.Name(lidar_type)
        return lidar_pattern(name).thinned(self._lidar_column_step)


def _result(value: Future[T] | RefusalError) -> T:
    if isinstance(value, RefusalError):
        raise value
    try:
        return value.result()
    except CancelledError as error:
        raise RefusalError(Code.UNAVAILABLE, "this server is ending") from error


def _poses(stage: Stage, pair: sensorsim.PosePair) -> tuple[Matrix, Matrix]:
    with as_invalid_argument():
        start, end = pose_matrix(pair.start_pose), pose_matrix(pair.end_pose)
    return stage.map_from(start), stage.map_from(end)


def _check_wanted(wanted: Callable[[], bool]) -> None:
    if not wanted():
        raise RefusalError(Code.CANCELLED, "nobody waits for this frame any more")


def _check_window(scene: Scene, start_us: int, end_us: int) -> None:
    if end_us <= start_us:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"the frame [{start_us}, {end_us}) us is empty; an instant is [t, t + 1)",
        )
    first, end = scene.time_range_us
    if start_us < first or end_us > end:
        raise RefusalError(
            Code.OUT_OF_RANGE,
            f"the frame [{start_us}, {end_us}) us is not inside the scene's [{first}, {end}) us",
        )


def _check_camera(scene: Scene, request: sensorsim.RGBRenderRequest) -> None:
    logical_id = request.camera_intrinsics.logical_id
    known = [camera.logical_id for camera in scene.cameras]
    if logical_id not in known:
        raise RefusalError(
            Code.NOT_FOUND,
            f"scene {scene.scene_id} has no camera {logical_id!r}; it has {', '.join(known)}",
        )
    if request.insert_ego_mask:
        raise RefusalError(
            Code.NOT_FOUND, "this server has no ego masks; send insert_ego_mask = false"
        )
