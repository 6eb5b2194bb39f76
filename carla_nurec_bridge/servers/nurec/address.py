"""Whether an address can be listened on; gRPC's own message does not say why not."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from ...core.errors import InputError

_LONGEST_PATH = 107  # of a Unix socket on Linux


def check_free(host: str, port: int) -> None:
    """Raise InputError unless the address can be bound."""
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


def clear_socket(path: Path) -> None:
    """Remove a socket that a server left behind; InputError unless ``path`` is free for one."""
    if len(str(path).encode()) > _LONGEST_PATH:
        raise InputError(
            f"the path of a Unix socket has at most {_LONGEST_PATH} bytes; {path} is longer"
        )
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InputError(f"no folder {path.parent} for a Unix socket") from None
        return
    with socket.socket(socket.AF_UNIX) as probe:
        if not stat.S_ISSOCK(kind) or probe.connect_ex(str(path)) == 0:
            raise InputError(f"{path} is in use; give another path for the Unix socket")
    path.unlink()
