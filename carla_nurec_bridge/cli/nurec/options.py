"""How verbs reach a NuRec server: the options they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...core.errors import InputError
from ..finite import FiniteRange

if TYPE_CHECKING:
    from ...nurec.client.client import NurecClient

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address of the server."),
    click.option(
        "--port",
        default=46435,
        show_default=True,
        type=click.IntRange(1, 65535),
        help="Its TCP port.",
    ),
    click.option(
        "--unix-socket",
        type=click.Path(path_type=Path),
        help="Its Unix socket, instead of host and port.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        default=60.0,
        show_default=True,
        type=FiniteRange(0.1, 3600.0),
        help="Seconds to wait for an answer; 300 more while its first scene is loaded.",
    ),
    click.option("--tls", is_flag=True, help="Encrypt, with the system's authorities."),
    click.option("--tls-ca", type=_FILE, help="Encrypt; the server is signed by this authority."),
    click.option("--tls-cert", type=_FILE, help="PEM certificate to show to the server."),
    click.option("--tls-key", type=_FILE, help="PEM key of --tls-cert."),
    click.option(
        "--allow-remote", is_flag=True, help="Speak to another machine without encryption."
    ),
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a connection to a verb, which hands them to ``connect``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def connect(options: Mapping[str, Any]) -> NurecClient:
    """Connect as the options say; the errors are those of ``NurecClient``.

    InputError where no socket is: a verb is called when its server runs, and names are mistyped.
    """
    from ...nurec.client.client import Deadlines, NurecClient
    from ...nurec.client.security import TlsFiles

    files = (options["tls_ca"], options["tls_cert"], options["tls_key"])
    socket = options["unix_socket"]
    limit_s = options["timeout_s"]
    if socket is not None and not socket.is_socket():
        raise InputError(
            f"there is no Unix socket {socket}; is the server running, with --unix-socket?"
        )
    return NurecClient(
        f"{options['host']}:{options['port']}" if socket is None else f"unix:{socket}",
        Deadlines(limit_s, limit_s, limit_s),
        allow_remote=options["allow_remote"],
        tls=TlsFiles(*files) if options["tls"] or any(files) else None,
    )
