"""The gRPC server: both service names, health, and one method table behind them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from ...core.errors import InputError
from ...nurec.service import CHANNEL_OPTIONS, METHODS, SERVICES
from ...opendrive.street import Street
from ...scene import Scene
from .refusal import Code, RefusalError
from .render_calls import RenderCalls
from .render_thread import RenderThread
from .scene_calls import SceneCalls
from .stage import Stage, street_of_map

_WORKERS = 8
_MOST_CALLS = 64
_LISTS_SERVICE = "sensorsim.SensorsimService"

Handler = Callable[[Any, grpc.ServicerContext], Any]


class NurecServer:
    """Serves scenes on ``host:port`` from ``start`` to ``close``; also a context manager.

    ``port`` 0 takes a free one; the property tells which. With ``editing`` requests move and hide
    the controllable tracks, without it the recording does. Lidar points of the older service name
    go out as lists, which is all that its clients read; ``lidar_lists`` does so for all.
    ``street_of`` makes the surroundings of a scene, by default from its map.
    InputError when a scene cannot be drawn or the address cannot be had.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        host: str = "127.0.0.1",
        port: int = 46435,
        *,
        editing: bool = True,
        lidar_lists: bool = False,
        lidar_column_step: int = 1,
        street_of: Callable[[Scene], Street] = street_of_map,
    ) -> None:
        if not scenes:
            raise InputError("a NuRec server needs at least one scene")
        self._host = host
        self._lists = (*SERVICES,) if lidar_lists else (_LISTS_SERVICE,)
        _check_free(host, port)
        config = {
            "renderer": "mesh ray casting; no neural rendering, no per-camera appearance",
            "enable_editing_actors": str(editing).lower(),
            "lidar_column_step": str(lidar_column_step),
            "lidar_render_filter": "accepted and without effect",
            "scenes": ", ".join(scene.scene_id for scene in scenes),
        }
        self._scenes = SceneCalls(scenes, config)
        self._stages = {
            scene.scene_id: Stage(scene, street_of(scene), editing=editing) for scene in scenes
        }
        self._thread = RenderThread()
        self._render = RenderCalls(self._scenes, self._stages, self._thread, lidar_column_step)
        self._health = health.HealthServicer()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="call")
        self._server = grpc.server(
            self._workers,
            options=[*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=_MOST_CALLS,
        )
        for service in SERVICES:
            handlers = {
                name: grpc.unary_unary_rpc_method_handler(
                    self._handler(name, as_lists=service in self._lists),
                    request_deserializer=method.request.FromString,
                    response_serializer=method.response.SerializeToString,
                )
                for name, method in METHODS.items()
            }
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(service, handlers),)
            )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            self._release()
            raise InputError(f"cannot listen on {host}:{port}: {error}") from error

    def start(self) -> None:
        """Load what drawing needs, then begin to answer."""
        self._render.warm_up()
        self._server.start()
        for service in ("", *SERVICES):
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    def wait_for_shut_down(self, timeout_s: float) -> bool:
        """Wait until a client called ``shut_down``; False when the time ran out first."""
        return self._scenes.asked_to_stop.wait(timeout_s)

    def close(self, grace_s: float = 1.0) -> None:
        """Stop answering, end all threads, free the scenes; may be called twice."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()
        self._release()

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

    def _release(self) -> None:
        self._workers.shutdown()
        self._thread.close()
        self._render.close()
        for stage in self._stages.values():
            stage.close()

    def _handler(self, name: str, *, as_lists: bool) -> Handler:
        if name == "render_lidar":
            return _answering(
                lambda request, context: self._render.render_lidar(
                    request, context.is_active, as_lists=as_lists
                )
            )
        drawing = getattr(self._render, name, None)
        if drawing is not None:
            return _answering(lambda request, context: drawing(request, context.is_active))
        reading = getattr(self._scenes, name, None)
        if reading is not None:
            return _answering(lambda request, _: reading(request))
        return _answering(lambda *_: _not_here(name))


def _answering(method: Handler) -> Handler:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(request, context)
        except RefusalError as refusal:
            context.abort(refusal.code, str(refusal))

    return handle


def _not_here(name: str) -> None:
    raise RefusalError(
        Code.UNIMPLEMENTED,
        f"{name} is not offered: this server draws meshes of a scene package, not a trained model",
    )


def _check_free(host: str, port: int) -> None:
    """Raise InputError unless the address can be bound; gRPC's own message does not say why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise InputError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; "
                "use another --port or stop the program that has it"
            ) from error
