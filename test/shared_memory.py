"""What Fast DDS leaves in shared memory; other ROS programs of the machine keep theirs."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path

import psutil

FOLDER = Path("/dev/shm")
_EVERYBODYS = re.compile(r"fastdds_port7\d\d\d")


def mapped_by(pids: set[int]) -> set[str]:
    """Return the names of the segments that processes have mapped.

    Without the ports from 7000 on: Fast DDS hands them out to the participants of all domains, so
    one whom tests beside this have started may be about to open what seems to be left.
    """
    found = set()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        found |= {
            Path(line[line.find("/") :]).name for line in lines if "/dev/shm/fastdds_" in line
        }
    return {name for name in found if not _EVERYBODYS.fullmatch(name)}


class Watch:
    """Notes, while it is entered, who of all that a process starts has mapped which segments.

    ``owners`` has the command line of the first process that was seen with a segment. To read what
    processes have mapped takes milliseconds each: it is done when segments have come.
    """

    def __init__(self, pid: int, period_s: float = 0.25) -> None:
        self.owners: dict[str, str] = {}
        self._process = psutil.Process(pid)
        self._period_s = period_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @property
    def names(self) -> set[str]:
        """The names of the segments that were seen."""
        return set(self.owners)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        before: set[str] = set()
        known: set[str] = set()
        while not self._over.wait(self._period_s):
            there = {path.name for path in FOLDER.glob("fastdds_*")}
            if there <= known:
                continue
            known, before = there & before, there  # twice: who makes a file maps it a moment later
            with suppress(psutil.Error):
                for child in self._process.children(recursive=True):
                    for name in mapped_by({child.pid}) - self.names:
                        self.owners[name] = " ".join(child.cmdline())


def unused(names: set[str]) -> set[str]:
    """Return those files of segments, also locks and semaphores, that no living process maps."""
    living = {int(path.name) for path in Path("/proc").glob("[0-9]*")}
    gone = names - mapped_by(living)
    return {path.name for path in FOLDER.glob("*fastdds*") if _segment(path.name) in gone}


def _segment(name: str) -> str:
    """Return the segment that a lock or a semaphore belongs to."""
    name = name.removeprefix("sem.").removesuffix("_mutex")
    return name.removesuffix("_el").removesuffix("_sl")
