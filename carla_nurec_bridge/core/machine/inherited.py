"""What a started program inherits of the process that starts it, and a forked one must be given."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "NUMBA_", "OMP_", "OPENBLAS_", "MKL_")
_LIBRARIES = "LD_LIBRARY_PATH"
_READ_LATER = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "PYTHONBREAKPOINT")
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_LIMITS = {name: number for name, number in vars(resource).items() if name.startswith("RLIMIT_")}
_IGNORABLE = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


def likeness(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what a forked program has of the server, and cannot be given anew.

    A program that would have another interpreter, package, machine (as containers divide it), or
    other variables that libraries read while they are loaded, must be started by itself.
    """
    read = {
        name: _folders(value) if name == _LIBRARIES else value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name not in _READ_LATER
    }
    there = {name: Path(f"/proc/self/ns/{name}") for name in _NAMESPACES}
    spaces = {name: str(path.readlink()) for name, path in there.items() if path.is_symlink()}
    package = str(Path(__file__).parents[2])
    return {"executable": sys.executable, "package": package, "read": read, "spaces": spaces}


def _folders(path: str) -> list[str]:
    """Return the folders that there are of a search path, once each: OpenCV adds some that are not.

    It does so whenever it is loaded, to the variables of its process.
    """
    there = (str(Path(one).resolve()) for one in path.split(os.pathsep) if Path(one).is_dir())
    return list(dict.fromkeys(there))


def surroundings() -> dict[str, Any]:
    """Return what a started program inherits of this process, and a forked one must be given."""
    return {
        "cwd": str(Path.cwd()),
        "limits": {name: resource.getrlimit(number) for name, number in _LIMITS.items()},
        "cores": sorted(os.sched_getaffinity(0)),
        "niceness": os.nice(0),
        "umask": _umask(),
        "ignored": [n.value for n in _IGNORABLE if signal.getsignal(n) == signal.SIG_IGN],
    }


def _umask() -> int:
    """Return which permissions new files lack, as proc(5) tells it: asking the system sets it."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^Umask:\s+(\d+)$", status, re.MULTILINE)
    return int(found[1], 8) if found else 0o022


def take(surroundings: Mapping[str, Any]) -> None:
    """Give this process what ``surroundings`` tells of another, as far as it may have it."""
    for name, limit in surroundings["limits"].items():
        with suppress(ValueError, OSError):
            resource.setrlimit(_LIMITS[name], tuple(limit))
    os.sched_setaffinity(0, surroundings["cores"])
    os.nice(max(0, surroundings["niceness"] - os.nice(0)))
    for number in surroundings["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    os.umask(surroundings["umask"])
    os.chdir(surroundings["cwd"])
