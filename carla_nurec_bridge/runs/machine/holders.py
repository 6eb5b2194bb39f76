"""Who listens at a TCP port of this machine, as Linux tells it below /proc."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

_LISTENS = "0A"
_LOOK_S = 1.0


def holder_of(port: int) -> str | None:
    """Return who listens at a port, on any address, in words; None when nobody does.

    Other users' programs, and those in containers, may be told as such only.
    """
    inodes = {inode for listening, inode in _listening() if listening == port}
    if not inodes:
        return "a server that /proc does not show" if _answers(port) else None
    for pid, inode in _sockets():
        if inode in inodes:
            return f"{_name(pid)} (process {pid})"
    return "a program of another user or container"


def _listening() -> Iterator[tuple[int, str]]:
    """Yield port and inode of every listening socket."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            pieces = line.split()
            if len(pieces) > 9 and pieces[3] == _LISTENS:
                yield int(pieces[1].rpartition(":")[2], 16), pieces[9]


def _sockets() -> Iterator[tuple[int, str]]:
    """Yield process and inode of every socket of the processes that may be looked into."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            links = list(folder.iterdir())
        except OSError:
            continue
        for link in links:
            try:
                target = str(link.readlink())
            except OSError:
                continue  # closed meanwhile
            if target.startswith("socket:["):
                yield int(folder.parent.name), target[8:-1]


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "a program"
    shown = [word.decode("utf-8", "replace").rpartition("/")[2] for word in words[:4] if word]
    return " ".join(shown)[:60] or "a program"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_LOOK_S)
        return probe.connect_ex(("127.0.0.1", port)) == 0
