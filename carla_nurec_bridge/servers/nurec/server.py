"""The gRPC server: both service names, health, and one method table behind them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from ...core.errors import InputError, RefusalError
from ...core.machine.ports import check_free
from ...core.machine.standstill import Standstill
from ...nurec.client.security import server_credentials
from ...nurec.client.service import (
    CHANNEL_OPTIONS,
    METHODS,
    METHODS_AS_ASSUMED,
    METHODS_OF_OUR_OWN,
    OLD_SERVICE,
    SERVICES,
)
from ...scene import Scene
from ...scene.drawn.surroundings import street_of as street_of_scene
from ...town.street import Street
from .address import clear_socket
from .drawing.drawing import Caller, SceneDrawing
from .drawing.ego_masks import EgoMasks
from .drawing.render_thread import RenderThread
from .harmonizer import HarmonizerSessions
from .metrics import Metrics
from .options import NurecServerOptions
from .refusal import Code
from .render_calls import RenderCalls
from .scene_calls import SceneCalls
from .scenes.drawn_scenes import DrawnScenes
from .scenes.library import SceneLibrary
from .scenes.packages import Packages

_log = logging.getLogger(__name__)
_MOST_CALLS = 64
_FAULT_S = 150.0
"""A first drawing compiles for a minute or more, the longest seen."""
_WITH_POINTS = ("render_lidar", "render_aggregated")

Answer = Callable[[Any, grpc.ServicerContext], Any]


class NurecServer:
    """Serves scenes on ``host:port`` from ``start`` to ``close``; also a context manager.

    ``port`` 0 takes a free one; the property tells which. Scenes are loaded when they are first
    drawn; ``start`` loads the first one, if there is any. Lidar points of the older service name
    go out as lists, which is all that its clients read. ``street_of`` makes the surroundings of a
    scene. InputError when a scene cannot be drawn or the address cannot be had.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        host: str = "127.0.0.1",
        port: int = 46435,
        *,
        options: NurecServerOptions | None = None,
        street_of: Callable[[Scene], Street] = street_of_scene,
    ) -> None:
        o = self._options = options or NurecServerOptions()
        packages = Packages(o.scene_roots, o.download_dir, o.download_count)
        ego_masks = EgoMasks(o.hood_dir)
        check_free(host, port)
        self._scenes = tuple(scenes)
        with contextlib.ExitStack() as opened:
            self._thread = RenderThread()
            opened.callback(self._thread.close)
            self._standstill = Standstill(_log.info, self._thread.stands, _FAULT_S)
            opened.callback(self._standstill.close)
            self._drawn_scenes = DrawnScenes(self._thread, o, street_of)
            self._metrics = Metrics(
                o.metrics_dir, timing=o.timing, loaded=lambda: len(self._drawn_scenes.loaded())
            )
            opened.callback(self._metrics.close)
            self._library = SceneLibrary(scenes, packages, self._drawn_scenes.forget)
            self._drawing = SceneDrawing(
                self._drawn_scenes, self._thread, ego_masks, self._metrics, o.lidar_column_step
            )
            self._sessions = HarmonizerSessions(enabled=o.harmonizer)
            self._render = RenderCalls(self._library, self._drawing, self._sessions)
            self._reading = SceneCalls(
                self._library, self._drawn_scenes, ego_masks, _config(o), editing=o.editing
            )
            self._health = health.HealthServicer()
            self._workers = ThreadPoolExecutor(o.workers, thread_name_prefix="call")
            opened.callback(self._workers.shutdown)
            self._server = self._make_server()
            self.port = self._bind(host, port)
            self._health_server = self._make_health_server(host)
            opened.pop_all()

    def start(self) -> None:
        """Begin to answer, then load the first scene; InputError when it cannot be drawn.

        Health is NOT_SERVING until that scene is loaded and its kernels are compiled, which takes a
        minute or more the first time: clients that heed it do not spend a render's deadline on it.
        What takes long to draw is told in the log.
        """
        self._tell_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._server.start()
        self._standstill.open()
        if self._health_server is not None:
            self._health_server.start()
        if self._scenes:
            self.make_ready(self._scenes[0])
        self._tell_health(health_pb2.HealthCheckResponse.SERVING)

    def make_ready(self, scene: Scene) -> None:
        """Load a scene before it is asked for; InputError when it cannot be drawn."""
        try:
            self._drawing.make_ready(scene)
        except RefusalError as refusal:
            raise InputError(str(refusal)) from refusal

    def wait_for_shut_down(self, timeout_s: float) -> bool:
        """Wait until a client called ``shut_down``; False when the time ran out first."""
        return self._reading.asked_to_stop.wait(timeout_s)

    def close(self, grace_s: float = 1.0) -> None:
        """Stop answering, end all threads, free the scenes; may be called twice."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()
        if self._health_server is not None:
            self._health_server.stop(None).wait()
        self._workers.shutdown()
        self._standstill.close()
        self._thread.close()
        self._drawing.close()
        self._drawn_scenes.close()
        self._metrics.close()
        if self._options.unix_socket is not None:
            self._options.unix_socket.unlink(missing_ok=True)

    def __enter__(self) -> NurecServer:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tell_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *SERVICES):
            self._health.set(service, status)

    def _make_server(self) -> grpc.Server:
        server = grpc.server(
            self._workers,
            options=[*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=_MOST_CALLS,
        )
        offered = METHODS | METHODS_OF_OUR_OWN | METHODS_AS_ASSUMED
        if not self._options.camera_batches:
            del offered["batch_render_camera"]
        for service in SERVICES:
            as_lists = self._options.lidar_lists or service == OLD_SERVICE
            handlers = {
                name: grpc.unary_unary_rpc_method_handler(
                    self._answering(name, as_lists=as_lists),
                    request_deserializer=method.request.FromString,
                    response_serializer=method.response.SerializeToString,
                )
                for name, method in offered.items()
            }
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, handlers),)
            )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        return server

    def _make_health_server(self, host: str) -> grpc.Server | None:
        port = self._options.health_port
        if port is None:
            return None
        check_free(host, port)
        server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        server.add_insecure_port(f"{host}:{port}")
        return server

    def _bind(self, host: str, port: int) -> int:
        o = self._options
        try:
            if o.unix_socket is not None:
                clear_socket(o.unix_socket)
                self._server.add_insecure_port(f"unix:{o.unix_socket}")
            if o.tls is None:
                return self._server.add_insecure_port(f"{host}:{port}")
            return self._server.add_secure_port(f"{host}:{port}", server_credentials(o.tls))
        except RuntimeError as error:
            raise InputError(f"cannot listen on {host}:{port}: {error}") from error

    def _answering(self, name: str, *, as_lists: bool) -> Answer:
        method = self._method(name, as_lists=as_lists)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            begin, code = time.perf_counter(), Code.UNKNOWN
            try:
                self._library.admit(dict(context.invocation_metadata()))
                reply = method(request, context)
                code = Code.OK
            except RefusalError as refusal:
                code = refusal.code
                context.abort(refusal.code, str(refusal))
            finally:
                self._metrics.call(name, code.name, time.perf_counter() - begin)
            return reply

        return handle

    def _method(self, name: str, *, as_lists: bool) -> Answer:
        drawing = getattr(self._render, name, None)
        if drawing is None:
            reading = getattr(self._sessions, name, None) or getattr(self._reading, name)
            return lambda request, _: reading(request)
        more = {"as_lists": as_lists} if name in _WITH_POINTS else {}
        return lambda request, context: drawing(
            request, Caller(context.peer(), context.is_active), **more
        )


def _config(options: NurecServerOptions) -> dict[str, str]:
    """Return what ``get_server_config`` tells."""
    return {
        "renderer": "3D Gaussians of packages that hold them (3DGUT along exact rays, no network), "
        "else mesh ray casting; no per-camera appearance",
        "hybrid": str(options.hybrid).lower(),
        "meshes_among_gaussians": str(options.editing).lower(),
        "enable_harmonizer_temporal": str(options.harmonizer).lower(),
        "harmonizer": "none: its sessions are kept in order, pictures stay as they are drawn",
        "batch_render_camera": "the messages of batch_render_rgb"
        if options.camera_batches
        else "not offered",
        "semantics": "by render_camera_layers, a call of this server's own: the class that is "
        "scored highest, where the file has scores",
        "gaussian_order": options.gaussian_order or "as the file says",
        "gaussian_bounds": options.gaussian_bounds or "as the file says",
        "gaussian_deformables": "stiff, where the file has them whole"
        if options.gaussian_deformables
        else "not drawn",
        "gaussian_limit": str(options.gaussian_limit or "none"),
        "recorded_views": str(options.recorded_views).lower(),
        "enable_editing_actors": str(options.editing).lower(),
        "cache_size": str(options.cache_size),
        "max_workers": str(options.workers),
        "lidar_column_step": str(options.lidar_column_step),
        "lidar_lists": str(options.lidar_lists).lower(),
        "lidar_render_filter": "ray drop 0 and opacity 1 for every return; distance filter by row",
        "scene_headers": "file and http(s)" if options.scene_roots else "refused",
        "image_format_undefined": "PNG",
        "ego_masks": str(options.hood_dir is not None).lower(),
    }
