"""What Fast DDS keeps in shared memory, and what its processes leave there when they are killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path("/dev/shm")
_LOCK = re.compile(r"fastdds_[0-9a-f]{16}_el")
_YOUNG_S = 60.0


def segments() -> frozenset[str]:
    """Return the names of all that Fast DDS keeps in shared memory now, whoever it belongs to."""
    return frozenset(path.name for path in FOLDER.glob("*fastdds_*"))


class SegmentWatch:
    """Looks whether there are other segments than at the two looks before."""

    def __init__(self) -> None:
        self._seen: tuple[frozenset[str], ...] = (frozenset(),)

    def changed(self, there: frozenset[str]) -> bool:
        """Say so for what is there now; what is new now may be mapped a moment later."""
        before, self._seen = self._seen, (*self._seen[-1:], there)
        return set(self._seen) != set(before)


def remove_abandoned() -> list[Path]:
    """Remove the segments whose owners have gone without doing so; return the removed files.

    The owner of the segment NAME holds a lock on the file NAME_el while it lives. Files of the last
    minute are left alone: their owners may be about to take the lock.
    """
    abandoned = set()
    for path in FOLDER.glob("fastdds_*_el"):
        with contextlib.suppress(OSError):
            if not _LOCK.fullmatch(path.name) or time.time() - path.stat().st_mtime < _YOUNG_S:
                continue
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                abandoned.add(path.with_name(path.name.removesuffix("_el")))
    return remove_unused(abandoned)


def port_files(domain_id: int) -> set[Path]:
    """Return the segments of Fast DDS's ports in a ROS domain, or those that locks are left of."""
    first = 7400 + 250 * domain_id
    found = set()
    for path in FOLDER.glob("*fastdds_port*"):
        number = path.name.partition("fastdds_port")[2].split("_")[0]
        if number.isdecimal() and first <= int(number) < first + 250:
            found.add(path.with_name(f"fastdds_port{number}"))
    return found


def remove_unused(segments: Iterable[Path]) -> list[Path]:
    """Remove those shared-memory files, and their locks, that no living process has or reads.

    Who has one mapped is read in /proc, which shows neither the processes of other users nor those
    outside this container; who reads it holds a lock wherever it lives.

    Between a look at who maps what and the removal somebody might open a file, who would then wait
    for ever for what others write to a new one of that name. So it is put aside before, and back
    where somebody has it after all.
    """
    wanted = set(segments)
    if not wanted:
        return []
    mapped = _mapped()
    aside = {}
    for path in sorted(wanted):
        if str(path) in mapped or _is_read(path):
            continue
        aside[path] = path.with_name(f"unused_{path.name}")
        with contextlib.suppress(OSError):
            path.rename(aside[path])
    mapped = _mapped() if aside else ""
    removed = []
    for path, unused in aside.items():
        if str(unused) in mapped:
            with contextlib.suppress(OSError):  # there is another one of that name by now
                os.link(unused, path)
            _unlinked(unused)
            continue
        name = path.name
        if _unlinked(unused):
            removed.append(path)
        for lock_name in (f"{name}_el", f"{name}_sl", f"sem.{name}_mutex"):
            lock = path.with_name(lock_name)
            if not path.exists() and _unlinked(lock):
                removed.append(lock)
    return removed


def _is_read(path: Path) -> bool:
    """Tell whether somebody holds a segment's lock: the one of its only reader, or a shared one."""
    for end in ("_el", "_sl"):
        try:
            with path.with_name(path.name + end).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            continue
        except OSError:  # held, or not ours to ask for
            return True
    return False


def _mapped() -> str:
    """Return what all processes that can be seen from here have mapped."""
    mapped = ""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            mapped += maps.read_text()
    return mapped


def _unlinked(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
