"""Ask the servers that a run is to use whether they are there, well, and of which version."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from ...core.errors import BridgeError
from ...core.machine.host_port import host_and_port
from .finding import Finding, all_within
from .http_endpoints import look_at_cosmos, look_at_language_model
from .network import PORTS

KINDS = ("carla", "nurec", "cosmos", "vlm", "llm")
_MORE_S = 2.0
KEY_VARIABLE = "BUILD_NVIDIA_API_KEY"


def endpoints_from(
    given: Mapping[str, str | None], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the addresses of the servers that somebody named, by kind.

    ``given`` comes first; then CARLA_HOST, NUREC_HOST (with their ports), COSMOS_ENDPOINT_URL,
    VLM_ENDPOINT_URL, LLM_ENDPOINT_URL; then the ports of NIM_HOST.
    """

    def port(kind: str) -> str:
        variable = f"{kind.upper()}_PORT"
        return environment.get(variable) or str(PORTS[variable][0])

    found = {}
    for kind in KINDS:
        address = given.get(kind)
        if kind in ("carla", "nurec"):
            host = environment.get(f"{kind.upper()}_HOST")
            address = address or (f"{host}:{port(kind)}" if host else None)
        else:
            host = environment.get("NIM_HOST")
            address = address or environment.get(f"{kind.upper()}_ENDPOINT_URL")
            address = address or (f"http://{host}:{port(kind)}" if host else None)
        if address:
            found[kind] = address
    return found


def look_at_endpoints(
    addresses: Mapping[str, str], limit_s: float, environment: Mapping[str, str] = os.environ
) -> list[Finding]:
    """Ask all of them at once; each has ``limit_s`` seconds to answer."""
    works: list[tuple[str, Callable[[], Finding]]] = []
    for kind, address in addresses.items():
        if kind == "carla":
            works.append(("CARLA", partial(_carla, address, limit_s)))
        elif kind == "nurec":
            works.append(("NuRec", partial(_nurec, address, limit_s)))
        elif kind == "cosmos":
            works.append(("Cosmos", partial(look_at_cosmos, address, limit_s)))
        else:
            name = kind.upper()
            key = environment.get(KEY_VARIABLE)
            model = environment.get(f"{name}_MODEL")
            work = partial(look_at_language_model, name, address, limit_s, key, model)
            works.append((name, work))
    return all_within(works, limit_s + _MORE_S)


def _carla(address: str, limit_s: float) -> Finding:
    """Ask for the version by one message: the client library ends the process on a stranger."""
    from ...carla_client.session.handshake import (
        SilentError,
        ask_version,
        check_versions,
        how_to_get,
    )

    found = host_and_port(address)
    if found is None:
        return Finding("CARLA", "missing", address, "name it as HOST:PORT, as in 10.0.0.5:2000")
    advice = "start it (CarlaUE4.sh, or carla-nurec carla serve), check host, port and firewall"
    try:
        theirs = ask_version(found[0].strip("[]"), found[1], limit_s)
        if theirs is None:
            return Finding("CARLA", "missing", f"nobody listens at {address}", advice)
        try:
            mine = version("carla")
        except PackageNotFoundError:
            told = f"{theirs} at {address}; no client library here"
            return Finding("CARLA", "note", told, how_to_get(theirs))
        note = check_versions(address, theirs, mine)
    except SilentError as error:
        return Finding("CARLA", "missing", f"{address}: {error}", advice)
    except (BridgeError, OSError) as error:
        return Finding("CARLA", "missing", str(error), advice)
    if note:
        return Finding("CARLA", "note", f"{theirs} at {address}", note)
    return Finding("CARLA", "ok", f"{theirs} at {address}, as the client library")


def _nurec(address: str, limit_s: float) -> Finding:
    advice = "start it (carla-nurec nurec container, or nurec serve), check host and port"
    try:
        from ...nurec.client.connection import open_connection
    except ImportError as error:
        return Finding("NuRec", "missing", str(error), "./dev setup, or colcon build")
    try:
        connection = open_connection(address, limit_s, allow_remote=True)
    except (BridgeError, OSError) as error:
        return Finding("NuRec", "missing", str(error), advice)
    try:
        health = connection.health(limit_s)
    except BridgeError as error:
        return Finding("NuRec", "missing", str(error), advice)
    finally:
        connection.channel.close()
    api = connection.version.grpc_api_version
    told = f"{connection.version.version_id} at {address}, contract {api.major}.{api.minor}"
    if health == "NOT_SERVING":
        return Finding("NuRec", "missing", f"{told}: not serving", "wait until its scenes are read")
    return Finding("NuRec", "ok", f"{told}, health {health}")
