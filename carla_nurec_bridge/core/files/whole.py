"""Write files such that whoever reads them finds the old content or the new one."""

from __future__ import annotations

import glob
import hashlib
import os
from functools import cache
from pathlib import Path


def write_synced(path: Path, data: bytes) -> str:
    """Write a file and force it to the disk; return its sha256. OSError names the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:  # a full disk does not say where
        raise OSError(error.errno, error.strerror, str(path)) from error
    return hashlib.sha256(data).hexdigest()


def part_of(path: Path) -> Path:
    """Return the hidden name under which this process makes a file before it takes its own.

    What processes that were killed have left of the same file is removed, where they ran here: of
    those of other machines and containers nobody here knows whether they live.
    """
    made_here = f".{path.name}.{_here()}-"
    for part in path.parent.glob(f"{glob.escape(made_here)}*.part"):
        pid = part.name.removeprefix(made_here).removesuffix(".part")
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            part.unlink(missing_ok=True)
    return path.with_name(f"{made_here}{os.getpid()}.part")


@cache
def _here() -> str:
    """Return where process ids mean what they mean to this process: machine and namespace."""
    return f"{os.uname().nodename}-{Path('/proc/self/ns/pid').stat().st_ino}"


def write_whole(path: Path, data: bytes) -> str:
    """Write a file so that it is there whole or not at all; return its sha256."""
    part = part_of(path)
    try:
        sha256 = write_synced(part, data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return sha256
