"""Memory of the GPU is freed by frames, whoever drops the arrays, and whenever."""

from __future__ import annotations

import ctypes
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")

from carla_nurec_bridge.rendering.gpu import memory


class Block:
    """Stands for an array of Warp; notes which thread frees which."""

    freed_in: list[threading.Thread]

    def __init__(self, size: int) -> None:
        self._bytes = (ctypes.c_uint8 * size)()
        self.ptr = ctypes.addressof(self._bytes)

    def __del__(self) -> None:
        Block.freed_in.append(threading.current_thread())


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    Block.freed_in = []
    warp = SimpleNamespace(
        empty=lambda size, **_: Block(size),
        array=lambda *_, **__: Block(1),
        vec3=None,
        uint8=None,
        float32=None,
    )
    monkeypatch.setattr(memory, "wp", warp)


def dropped_elsewhere(arrays: list[Any]) -> None:
    """Drop the last reference to arrays in another thread."""
    thread = threading.Thread(target=arrays.clear)
    thread.start()
    thread.join()


def test_pinned_blocks_are_freed_by_the_next_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_KEPT_BYTES", 1 << 16)
    host = memory.HostMemory()
    arrays = [host.take(100)[1] for _ in range(3)]
    dropped_elsewhere(arrays)
    assert Block.freed_in == []
    block, array = host.take(100)
    assert Block.freed_in == [threading.current_thread()] * 2  # the third is used again
    assert array.ctypes.data == block.ptr
    again, other = host.take(100)
    assert other.ctypes.data == again.ptr != block.ptr
    assert len(Block.freed_in) == 2


def test_tables_of_rays_are_freed_by_the_next_frame() -> None:
    tables = memory.RayTables(None)

    def rays() -> Any:
        table = np.zeros((1, 1, 3), np.float32)
        table.flags.writeable = False
        return table

    kept = [rays(), rays()]
    assert all(tables.rays(table) is tables.rays(table) for table in kept)
    dropped_elsewhere(kept)
    assert Block.freed_in == []
    alive = rays()
    found = tables.rays(alive)
    assert Block.freed_in == [threading.current_thread()] * 2
    assert tables.rays(alive) is found


def test_a_closed_engine_keeps_no_table_of_rays_that_live_on() -> None:
    tables = memory.RayTables(None)
    rays = np.zeros((1, 1, 3), np.float32)
    rays.flags.writeable = False
    tables.rays(rays)
    tables.fractions(np.zeros(1))
    tables.clear()
    assert len(Block.freed_in) == 2
    del rays  # its finalizer finds nothing to forget
    assert len(Block.freed_in) == 2


def test_a_closed_engine_keeps_no_pinned_block_that_nobody_reads() -> None:
    host = memory.HostMemory()
    read = host.take(100)[1]
    for size in (100, 100_000):
        host.take(size)  # dropped at once, and given back
    host.clear()
    assert len(Block.freed_in) == 2
    read[:] = 7  # still there
