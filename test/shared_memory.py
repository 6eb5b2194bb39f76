"""What Fast DDS leaves in shared memory; other ROS programs of the machine keep theirs."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/dev/shm")


def segments() -> set[str]:
    """Return the names of Fast DDS's files: segments, their locks and their semaphores."""
    return {path.name for path in FOLDER.glob("*fastdds*")}


def mapped_by(pids: set[int]) -> set[str]:
    """Return the names of the segments that processes have mapped."""
    found = set()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        found |= {
            Path(line[line.find("/") :]).name for line in lines if "/dev/shm/fastdds_" in line
        }
    return found


def unused(names: set[str]) -> set[str]:
    """Return those files whose segment no living process has mapped."""
    living = {int(path.name) for path in Path("/proc").glob("[0-9]*")}
    mapped = mapped_by(living)
    return {n for n in names if (FOLDER / n).exists() and _segment(n) not in mapped}


def _segment(name: str) -> str:
    """Return the segment that a lock or a semaphore belongs to."""
    name = name.removeprefix("sem.").removesuffix("_mutex")
    return name.removesuffix("_el").removesuffix("_sl")
