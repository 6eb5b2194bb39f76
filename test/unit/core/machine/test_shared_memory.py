"""What nobody uses any more goes from shared memory, and only that."""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine import ports, shared_memory
from carla_nurec_bridge.core.machine.ports import held_domain
from carla_nurec_bridge.core.machine.shared_memory import (
    SegmentWatch,
    port_files,
    remove_abandoned,
    remove_unused,
)


def test_only_shared_memory_that_nobody_maps_is_removed() -> None:
    used = Path(f"/dev/shm/fastdds_test_used_{os.getpid()}")
    free = Path(f"/dev/shm/fastdds_test_free_{os.getpid()}")
    lock = free.with_name(free.name + "_el")
    for path in (used, free, lock):
        path.write_bytes(bytes(4096))
    with used.open("r+b") as file, mmap.mmap(file.fileno(), 4096):
        removed = remove_unused([used, free])
        assert used.exists()
    assert sorted(removed) == sorted([free, lock])
    used.unlink()


def test_what_is_opened_while_it_is_about_to_be_removed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, lock = tmp_path / "fastdds_port34161", tmp_path / "fastdds_port34161_el"
    port.write_bytes(bytes(4096))
    lock.touch()
    look, looks = shared_memory._mapped, []

    def mapped() -> str:
        looks.append(look())
        return "" if len(looks) == 1 else looks[-1]  # it was opened after the first look

    monkeypatch.setattr(shared_memory, "_mapped", mapped)
    with port.open("r+b") as file, mmap.mmap(file.fileno(), 4096):
        assert remove_unused([port]) == []
        assert os.fstat(file.fileno()).st_ino == port.stat().st_ino
    assert sorted(tmp_path.iterdir()) == [port, lock]


@pytest.mark.parametrize(
    ("end", "how"), [("_el", fcntl.LOCK_EX), ("_sl", fcntl.LOCK_SH)], ids=["only reader", "shared"]
)
def test_a_port_that_is_read_out_of_sight_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, how: int
) -> None:
    """A container may share the host's memory and not see its processes."""
    monkeypatch.setattr(shared_memory, "_mapped", lambda: "")
    port, lock = tmp_path / "fastdds_port34161", tmp_path / f"fastdds_port34161{end}"
    port.write_bytes(bytes(4096))
    lock.touch()
    with lock.open("r+b") as file:
        fcntl.flock(file, how)
        assert remove_unused([port]) == []
    assert sorted(tmp_path.iterdir()) == [port, lock]
    assert remove_unused([port]) == [port, lock]


def test_only_old_segments_without_an_owner_are_abandoned() -> None:
    names = (f"{kind}{os.getpid():015x}" for kind in "abc")
    owned, abandoned, young = (Path(f"/dev/shm/fastdds_{name}") for name in names)
    locks = [path.with_name(path.name + "_el") for path in (owned, abandoned, young)]
    for path in (owned, abandoned, young, *locks):
        path.write_bytes(b"")
    for lock in locks[:2]:
        os.utime(lock, (0, 0))
    try:
        with locks[0].open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            removed = remove_abandoned()
        assert {abandoned, locks[1]} <= set(removed)
        assert owned.exists()
        assert young.exists()
    finally:
        for path in (owned, young, locks[0], locks[2]):
            path.unlink()


def test_a_port_in_use_keeps_its_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "FOLDER", tmp_path)
    used, free = (tmp_path / f"fastdds_port{7400 + 250 * 107 + k}" for k in (11, 13))
    locks = [used.with_name(used.name + end) for end in ("_el", "_sl")]
    left = free.with_name(free.name + "_el")
    for path in (used, *locks, left):
        path.write_bytes(bytes(4096))
    with used.open("r+b") as file, mmap.mmap(file.fileno(), 4096):
        assert remove_unused(port_files(107)) == [left]
    assert sorted(tmp_path.iterdir()) == sorted([used, *locks])


def test_port_files_belong_to_one_domain() -> None:
    mine = Path("/dev/shm/fastdds_port34161")  # 7400 + 250 * 107 + 11
    existed = mine.exists()
    mine.touch()
    try:
        assert mine in port_files(107)
        assert mine not in port_files(108)
    finally:
        if not existed:
            mine.unlink()


def test_a_domain_begins_without_what_killed_processes_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory, "FOLDER", tmp_path)
    monkeypatch.setattr(ports, "_DOMAINS", range(70, 101))
    left = [tmp_path / f"fastdds_port{7400 + 250 * domain + 13}" for domain in range(70, 101)]
    for path in left:
        path.write_bytes(bytes(4096))
    with held_domain() as domain:
        assert [path for path in left if not path.exists()] == [left[domain - 70]]


def test_what_is_new_is_looked_at_twice() -> None:
    watch = SegmentWatch()
    there = ("x", "x", "x", "xy", "xy", "xy", "y", "yz", "yz", "yz")
    # The second look finds what was mapped only after its file was seen.
    told = [watch.changed(frozenset(names)) for names in there]
    assert told == [True, True, False, True, True, False, True, True, True, False]
