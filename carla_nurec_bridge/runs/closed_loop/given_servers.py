"""The servers that a user names for closed-loop runs, as fields of those runs."""

from __future__ import annotations

from typing import Any

from ...core.errors import InputError
from ...core.machine.host_port import LAST_PORT, host_and_port

_LAST_CARLA_PORT = LAST_PORT - 1
"""Its streams come from the port after that of its calls."""


def fields_of_servers(carla: str | None, nurec: str | None) -> dict[str, Any]:
    """Return the fields of a run in servers that run, each given as HOST:PORT by its option.

    None stands for a server of the run's own. InputError for a text that is no address, or whose
    port is none, before any run is begun. An IPv6 address stands in brackets: ``[::1]:2000``.
    """
    fields: dict[str, Any] = {}
    if carla is not None:
        host, port = _address("--carla", carla, _LAST_CARLA_PORT)
        host = host.strip("[]")  # CARLA's client takes an IPv6 address bare, gRPC takes it so
        fields |= {"embedded_carla": False, "carla_host": host, "carla_port": port}
    if nurec is not None:
        host, port = _address("--nurec", nurec, LAST_PORT)
        fields |= {"nurec": True, "nurec_mode": "external", "nurec_host": host, "nurec_port": port}
    return fields


def _address(option: str, text: str, last_port: int) -> tuple[str, int]:
    address = host_and_port(text)
    if address is None or address[1] > last_port:
        raise InputError(
            f"{option} takes HOST:PORT, not {text!r}; a port is 1 to {last_port}, "
            "an IPv6 HOST stands in brackets"
        )
    return address
