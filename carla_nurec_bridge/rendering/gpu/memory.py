"""Memory that frames pass through: page-locked on the host, and tables kept on the GPU.

Readers drop arrays in threads of their own, whose finalizers only leave in a queue what belonged to
them: what is done with it then is done by the next frame, which has its turn on the GPU.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

_SMALLEST_BYTES = 1 << 16
_KEPT_BYTES = 1 << 28
_KEPT_LINES = 64


class HostMemory:
    """Page-locked blocks, which the GPU writes at full speed, used again once nobody reads them."""

    def __init__(self) -> None:
        self._given_back: deque[tuple[int, Any]] = deque()
        self._free: dict[int, list[Any]] = {}
        self._kept_bytes = 0

    def take(self, size: int) -> tuple[Any, NDArray[np.uint8]]:
        """Return a block for Warp, and the same memory as uint8 (size,).

        The block is free again when the array and all views of it are gone.
        """
        self._sort()
        room = max(_SMALLEST_BYTES, 1 << (size - 1).bit_length())
        waiting = self._free.get(room)
        if waiting:
            block = waiting.pop()
            self._kept_bytes -= room
        else:
            block = wp.empty(room, dtype=wp.uint8, device="cpu", pinned=True)
        owner = (ctypes.c_uint8 * size).from_address(block.ptr)
        weakref.finalize(owner, self._given_back.append, (room, block)).atexit = False
        return block, np.frombuffer(memoryview(owner), np.uint8)

    def fetch(self, blocks: Sequence[Any], device: Any) -> list[NDArray[np.uint8]]:
        """Copy blocks of bytes of a device to the host, and wait for them."""
        if not device.is_cuda:
            return [block.numpy().copy() for block in blocks]
        found = []
        for block in blocks:
            target, whole = self.take(block.size)
            wp.copy(target, block, count=block.size)
            found.append(whole)
        wp.synchronize_stream(device.stream)
        return found

    def clear(self) -> None:
        """Free the blocks that nobody reads."""
        self._given_back.clear()
        self._free.clear()
        self._kept_bytes = 0

    def _sort(self) -> None:
        """Keep of what was given back as much as is kept, and free the rest."""
        while self._given_back:
            room, block = self._given_back.popleft()
            if self._kept_bytes + room <= _KEPT_BYTES:
                self._free.setdefault(room, []).append(block)
                self._kept_bytes += room


class RayTables:
    """Tables of rays and pixels on the GPU: those nobody can change stay as long as they live.

    The fractions of rows and columns, which are small, stay by what they are.
    """

    def __init__(self, device: Any) -> None:
        self._device = device
        self._kept: dict[int, Any] = {}
        self._gone: deque[Any] = deque()
        self._lines: OrderedDict[bytes, Any] = OrderedDict()

    def rays(self, rays: NDArray[np.float32]) -> Any:
        """Return a table (H, W, 3) on the GPU."""
        return self.vectors(rays, wp.vec3)

    def vectors(self, table: NDArray[np.float32], kind: Any) -> Any:
        """Return a table (H, W, k) of vectors of a type of Warp on the GPU."""
        self._gone.clear()
        found = self._kept.get(id(table))
        if found is None:
            found = wp.array(np.ascontiguousarray(table), dtype=kind, ndim=2, device=self._device)
            if not table.flags.writeable:
                self._kept[id(table)] = found
                weakref.finalize(table, self._forget, id(table)).atexit = False
        return found

    def clear(self) -> None:
        """Free all tables, though those of the host may live on in other scenes."""
        self._kept.clear()
        self._gone.clear()
        self._lines.clear()

    def _forget(self, key: int) -> None:
        # At once: a new table may have this id a moment later.
        self._gone.append(self._kept.pop(key, None))

    def fractions(self, fractions: NDArray[np.float64]) -> Any:
        """Return the fractions (K,) of lines on the GPU, float32."""
        values = np.asarray(fractions, np.float32)
        key = values.tobytes()
        found = self._lines.get(key)
        if found is None:
            found = self._lines[key] = wp.array(values, dtype=wp.float32, device=self._device)
            if len(self._lines) > _KEPT_LINES:
                self._lines.popitem(last=False)
        return found
