"""The connection to a NuRec server: how it is found, under which name it answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from ..core.errors import DeadlineError, InputError, ProtocolError
from .service import CHANNEL_OPTIONS, METHODS, SERVICES
from .stubs import common_pb2 as common


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


def open_connection(target: str, connect_s: float, *, allow_remote: bool = False) -> Connection:
    """Connect to ``host:port`` and learn which generation of the service answers.

    The contract has no encryption, so only hosts on loopback are accepted unless
    ``allow_remote``. InputError for a target that is not usable, DeadlineError when nothing
    answers within ``connect_s`` seconds, ProtocolError when something else than NuRec does.
    """
    check_target(target, allow_remote=allow_remote)
    channel = grpc.insecure_channel(
        target, options=[*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    )
    try:
        service, version = _find_service(channel, target, connect_s)
    except BaseException:
        channel.close()
        raise
    return Connection(target, channel, service, version)


def check_target(target: str, *, allow_remote: bool) -> None:
    """Raise InputError unless ``target`` is ``host:port`` and may be spoken to in the clear."""
    host, separator, port = target.rpartition(":")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"a NuRec server is given as HOST:PORT, not {target!r}")
    if not allow_remote and not _is_loopback(host.strip("[]")):
        raise InputError(
            f"NuRec's protocol is not encrypted and {host} is another machine; "
            "allow it explicitly (allow_remote) if the network between is trusted"
        )


def failure_text(error: grpc.RpcError) -> str:
    """Return a failed call's status and reason in one line."""
    detail = " ".join((error.details() or "no reason given").split())
    return f"{error.code().name}: {detail}"


def _callable(
    channel: grpc.Channel, service: str, name: str
) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
    method = METHODS[name]
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
    channel: grpc.Channel, target: str, connect_s: float, services: Sequence[str] = SERVICES
) -> tuple[str, common.VersionId]:
    for service in services:
        get_version = _callable(channel, service, "get_version")
        try:
            return service, get_version(common.Empty(), timeout=connect_s, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise DeadlineError(
                    f"no NuRec server answered at {target} within {connect_s:g} s; "
                    "is it running, and is the port right?"
                ) from error
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise ProtocolError(
                    f"the server at {target} refused get_version: {failure_text(error)}"
                ) from error
    raise ProtocolError(
        f"the server at {target} speaks gRPC but knows neither {' nor '.join(services)}; "
        "it is no NuRec render server"
    )
