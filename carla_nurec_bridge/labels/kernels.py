"""Per-pixel work that runs without Python's lock, so that the streams' threads share the cores.

The types are given, so that ``make_ready`` can have all machine code before the first frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.loading.compiled import compiled

LOG, INVERSE, LINEAR = 0, 1, 2
FARTHEST_CM = 65535
LEVEL_BITS = 16
"""A table of levels goes by the bits of depth above these."""


def _given(kind: str) -> str:
    """Return numba's words for an image (H, W) that is only read; writeable ones fit too."""
    return f"Array({kind}, 2, 'C', readonly=True)"


@compiled(f"void({_given('float32')}, int64, float32, float32, uint8[:,::1])", nogil=True)
def depth_levels(depth, mode, near, far, out):  # type: ignore[no-untyped-def]
    """Write the grey level of every depth (H, W) in metres into ``out`` uint8: near is bright.

    All floats are float32, as in CARLA's own tool: some whole metres lie on the edge of a level.
    """
    one, most = np.float32(1.0), np.float32(255.0)
    log_span = np.log(far / near)
    inverse_span = one / near - one / far
    for i in range(depth.shape[0]):
        for j in range(depth.shape[1]):
            metres = min(max(depth[i, j], near), far)
            if mode == LOG:
                level = one - np.log(metres / near) / log_span
            elif mode == INVERSE:
                level = (one / metres - one / far) / inverse_span
            else:
                level = (far - metres) / (far - near)
            out[i, j] = int(level * most)


@compiled(
    f"void({_given('int32')}, int32, int32, uint8[::1], int32[::1], uint8[:,::1])", nogil=True
)
def looked_up_levels(depth, near, far, first, ends, out):  # type: ignore[no-untyped-def]
    """Write the grey level of depth (H, W), the bits of float32 metres, into ``out`` uint8.

    ``first`` (N,) is the level of the smallest depth by its upper bits, ``ends`` (256,) the depth
    from which on it is darker than a level; all depths are bits, as are ``near`` and ``far``.
    """
    for i in range(depth.shape[0]):
        for j in range(depth.shape[1]):
            bits = min(max(depth[i, j], near), far)
            level = first[bits >> LEVEL_BITS]
            while bits >= ends[level]:
                level -= 1
            out[i, j] = level


@compiled(f"void({_given('float32')}, uint16[:,::1])", nogil=True)
def depth_cm(depth, out):  # type: ignore[no-untyped-def]
    """Write whole centimetres of depth (H, W) in metres into ``out`` uint16, at most 65535."""
    for i in range(depth.shape[0]):
        for j in range(depth.shape[1]):
            cm = depth[i, j] * 100.0 + 0.5
            out[i, j] = int(cm) if cm < FARTHEST_CM else FARTHEST_CM


@compiled(
    *(f"void({_given(k)}, {_given('uint8')}, uint8[:,:,::1])" for k in ("uint8", "int32")),
    nogil=True,
)
def paint(numbers, table, out):  # type: ignore[no-untyped-def]
    """Write row ``numbers[i, j]`` of ``table`` (N, 3) into every pixel of ``out`` (H, W, 3)."""
    for i in range(numbers.shape[0]):
        for j in range(numbers.shape[1]):
            number = numbers[i, j]
            out[i, j, 0] = table[number, 0]
            out[i, j, 1] = table[number, 1]
            out[i, j, 2] = table[number, 2]


@compiled("boolean(Array(int32, 1, 'C', readonly=True), boolean[::1])", nogil=True)
def all_known(ids, known):  # type: ignore[no-untyped-def]
    """Return whether ``known`` (M,) has True for each of ``ids`` (N,), all from 0 to M - 1."""
    strange = 0
    for i in range(len(ids)):
        strange += not known[ids[i]]
    return strange == 0


@compiled(f"void({_given('int32')}, int32[:,::1])", nogil=True)
def _extents(ids, found):  # type: ignore[no-untyped-def]
    for i in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            number = ids[i, j]
            if number:
                row = found[number]
                if row[0] == 0:
                    row[1], row[2], row[3], row[4] = j, i, j, i
                row[0] += 1
                row[1] = min(row[1], j)
                row[3] = max(row[3], j)
                row[4] = i


def extents(ids: NDArray[np.int32]) -> dict[int, tuple[int, int, int, int, int]]:
    """Return (pixels, left, top, right, bottom) of every id but 0 of an id picture (H, W).

    The edges are those of the outermost pixels, right and bottom one past the last.
    """
    found = np.zeros((int(ids.max()) + 1, 5), np.int32)
    _extents(np.ascontiguousarray(ids), found)
    seen = np.flatnonzero(found[:, 0])
    rows = found[seen] + (0, 0, 0, 1, 1)
    return {int(n): tuple(row) for n, row in zip(seen, rows.tolist(), strict=True)}


def make_ready() -> None:
    """Have the machine code of all of these, compiling what the disk does not keep yet."""
    for kernel in (depth_levels, looked_up_levels, depth_cm, paint, all_known, _extents):
        kernel.make_ready()
