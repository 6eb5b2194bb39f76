"""Serves the driver contract over gRPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc

from ..core.errors import InputError
from ..core.machine.ports import check_free
from ..nurec.client.service import CHANNEL_OPTIONS
from .calls import EgodriverCalls, PeerCall
from .codes import refusal_of
from .contract import METHODS, OPTICAL, REVISION_HEADER, SERVICE

_WORKERS = 16
_MOST_CALLS = 32
_GRACE_S = 1.0


class EgodriverServer:
    """Answers on ``host:port`` from ``start`` to ``close``; also a context manager.

    ``port`` 0 takes a free one; the property tells which. ``refusals`` counts them by status.
    InputError when the address cannot be had.
    """

    def __init__(self, calls: EgodriverCalls, host: str, port: int) -> None:
        self._calls = calls
        self.refusals: Counter[str] = Counter()
        check_free(host, port)
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="egodriver")
        self._server = grpc.server(
            self._workers,
            options=[*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=_MOST_CALLS,
        )
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answering(name),
                request_deserializer=method.request.FromString,
                response_serializer=method.response.SerializeToString,
            )
            for name, method in METHODS.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, handlers),)
        )
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            self._workers.shutdown()
            raise InputError(f"cannot listen on {host}:{port}: {error}") from error

    def __enter__(self) -> EgodriverServer:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the open session, stop answering, end all threads; may be called twice."""
        self._calls.desk.close()
        self._server.stop(_GRACE_S).wait()
        self._workers.shutdown()

    def _answering(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        method = getattr(self._calls, name)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            context.send_initial_metadata(((REVISION_HEADER, OPTICAL),))
            declared = dict(context.invocation_metadata()).get(REVISION_HEADER, "")
            caller = PeerCall(context.is_active, context.time_remaining, str(declared))
            try:
                return method(request, caller)
            except Exception as error:  # noqa: BLE001 - the top of this thread
                refusal = refusal_of(error)
            self.refusals[refusal.code.name] += 1
            return context.abort(refusal.code, str(refusal))

        return handle
