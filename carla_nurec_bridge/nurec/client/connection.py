"""The connection to a NuRec server: how it is found, under which name it answers."""

from __future__ import annotations

import ipaddress
import logging
import time
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ...core.errors import DeadlineError, InputError, ProtocolError
from ...core.machine.host_port import host_and_port
from ..stubs import common_pb2 as common
from .calls import failure_text
from .security import TlsFiles, client_credentials
from .service import (
    CHANNEL_OPTIONS,
    METHODS,
    METHODS_OF_OUR_OWN,
    ONLY_ASKED_FOR,
    SERVICES,
)

_UNIX = "unix:"
_POLL_S, _HEALTH_S = 0.25, 5.0
_TOLD_AFTER_S = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Connection:
    """An open channel, the service name that the server answers under, and its version."""

    target: str
    channel: grpc.Channel
    service: str
    version: common.VersionId

    def method(self, name: str) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
        """Return the callable of a remote method."""
        return _callable(self.channel, self.service, name)

    def health(self, limit_s: float) -> str:
        """Return what the server says of its health: SERVING, NOT_SERVING, or UNKNOWN."""
        stub = health_pb2_grpc.HealthStub(self.channel)
        try:
            reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=limit_s)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND):
                return "UNKNOWN"
            raise ProtocolError(
                f"NuRec server {self.target}: health: {failure_text(error)}"
            ) from error
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status))

    def wait_until_serving(self, limit_s: float) -> None:
        """Wait while the server says NOT_SERVING, ``limit_s`` at most; calls then tell the rest."""
        ends_at, told = time.monotonic() + limit_s, False
        while (left_s := ends_at - time.monotonic()) > 0.0:
            try:
                if self.health(min(left_s, _HEALTH_S)) != "NOT_SERVING":
                    return
            except ProtocolError:
                return  # The call that comes next fails with its own reason.
            if not told and limit_s - left_s >= _TOLD_AFTER_S:
                log.warning(
                    "the NuRec server at %s loads its first scene; it is waited for up to %g s",
                    self.target,
                    limit_s,
                )
                told = True
            time.sleep(min(_POLL_S, left_s))


def open_connection(
    target: str, connect_s: float, *, allow_remote: bool = False, tls: TlsFiles | None = None
) -> Connection:
    """Connect to ``host:port`` or ``unix:PATH`` and learn which name the service has.

    With ``tls`` the connection is encrypted; without, only loopback and Unix sockets are accepted
    unless ``allow_remote``. InputError for a target that is not usable, DeadlineError when nothing
    answers within ``connect_s`` seconds, ProtocolError when something else than NuRec does.
    """
    check_target(target, allow_remote=allow_remote or tls is not None)
    options = [*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    if tls is None:
        channel = grpc.insecure_channel(target, options=options)
    else:
        channel = grpc.secure_channel(target, client_credentials(tls), options=options)
    try:
        ends_at = time.monotonic() + connect_s
        _tell_of_a_wait(channel, target, connect_s)
        service, version = _find_service(channel, target, connect_s, ends_at)
    except BaseException:
        channel.close()
        raise
    return Connection(target, channel, service, version)


def _tell_of_a_wait(channel: grpc.Channel, target: str, limit_s: float) -> None:
    """Say what is waited for, where nobody listens at once."""
    if limit_s <= _TOLD_AFTER_S:
        return
    try:
        grpc.channel_ready_future(channel).result(timeout=_TOLD_AFTER_S)
    except grpc.FutureTimeoutError:
        log.warning(
            "no NuRec server answers at %s yet; it is waited for up to %g s", target, limit_s
        )


def check_target(target: str, *, allow_remote: bool, who: str = "a NuRec server") -> None:
    """Raise InputError unless ``target`` is an address and may be spoken to in the clear.

    ``who`` is there, for the sentence.
    """
    if target.startswith(_UNIX):
        if target == _UNIX:
            raise InputError(f"the Unix socket of {who} is given as unix:PATH")
        return
    address = host_and_port(target)
    if address is None:
        raise InputError(f"{who} is given as HOST:PORT or unix:PATH, not {target!r}")
    host, _ = address
    if not allow_remote and not _is_loopback(host.strip("[]")):
        raise InputError(
            f"this connection is not encrypted and {host} is another machine; use TLS, or allow "
            "it explicitly (allow_remote, --allow-remote) if the network between is trusted"
        )


def _callable(
    channel: grpc.Channel, service: str, name: str
) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
    method = (METHODS | METHODS_OF_OUR_OWN | ONLY_ASKED_FOR)[name]
    return channel.unary_unary(
        f"/{service}/{name}",
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _find_service(
    channel: grpc.Channel, target: str, connect_s: float, ends_at: float
) -> tuple[str, common.VersionId]:
    for service in SERVICES:
        get_version = _callable(channel, service, "get_version")
        try:
            left_s = max(ends_at - time.monotonic(), 0.0)
            return service, get_version(common.Empty(), timeout=left_s, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise DeadlineError(
                    f"no NuRec server answered at {target} within {connect_s:g} s; "
                    "is it running, are the port and its encryption right?"
                ) from error
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise ProtocolError(
                    f"the server at {target} refused get_version: {failure_text(error)}"
                ) from error
    raise ProtocolError(
        f"the server at {target} speaks gRPC but knows none of {', '.join(SERVICES)}; "
        "it is no NuRec render server"
    )
