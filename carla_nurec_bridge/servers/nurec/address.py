"""Whether a path is free for a Unix socket; gRPC's own message does not say why not."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from ...core.errors import InputError

_LONGEST_PATH = 107  # of a Unix socket on Linux


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
