"""From Gaussians to a list for each tile, front to back, and lists cut into pieces."""

from __future__ import annotations

import warp as wp

from .tables import PairTable, SeenTable, SightTable
from .walking import tiles_of

wp.set_module_options({"enable_backward": False})


@wp.func
def pair_count(pairs: PairTable) -> wp.int64:
    """Return how many pairs there are, more than there is room for perhaps."""
    count = wp.int64(0)
    if pairs.ends.shape[0] > 0:
        count = pairs.ends[pairs.ends.shape[0] - 1]
    return count


@wp.kernel
def clear(pairs: PairTable, last: wp.uint64) -> None:
    """Empty the lists, and put ``last``, a key behind all others, where no pair will be."""
    k = wp.tid()
    if k < pairs.starts.shape[0]:
        pairs.starts[k] = 0
        pairs.stops[k] = 0
    if k < pairs.room and wp.int64(k) >= pair_count(pairs):
        pairs.keys[k] = last


@wp.kernel
def pair(view: SightTable, seen: SeenTable, pairs: PairTable) -> None:
    """Write the pairs of a Gaussian: in its order, so that equal distances go by number."""
    n = wp.tid()
    count = wp.int64(0)
    position = wp.int64(-1)
    if n < seen.counts.shape[0]:
        count = seen.counts[n]
        position = pairs.ends[n] - count
    tiles_of(view, seen, pairs, n, count > wp.int64(0), position)


@wp.kernel
def delimit(pairs: PairTable) -> None:
    """Find where a tile's list begins and ends among the sorted pairs."""
    k = wp.tid()
    count = int(wp.min(pair_count(pairs), wp.int64(pairs.room)))
    if k < count:
        shift = wp.uint64(32)
        tile = int(pairs.keys[k] >> shift)
        if tile >= 0 and tile < pairs.starts.shape[0]:
            before = wp.int32(-1)
            if k > 0:
                before = int(pairs.keys[k - 1] >> shift)
            if tile != before:
                pairs.starts[tile] = k
            behind = wp.int32(-1)
            if k + 1 < count:
                behind = int(pairs.keys[k + 1] >> shift)
            if tile != behind:
                pairs.stops[tile] = k + 1


@wp.kernel
def cut(pairs: PairTable, most: int) -> None:
    """Count the pieces of at most ``most`` pairs of a tile's list; an empty one is one piece."""
    tile = wp.tid()
    length = pairs.stops[tile] - pairs.starts[tile]
    count = wp.max((length + most - 1) // most, 1)
    pairs.counts[tile] = wp.vec2i(count, wp.where(count > 1, count, 0))


@wp.kernel
def assign(pairs: PairTable) -> None:
    """Tell each piece its tile."""
    tile = wp.tid()
    count = pairs.counts[tile][0]
    first = pairs.pieces[tile][0] - count
    for k in range(count):
        if first + k < pairs.piece_tiles.shape[0]:
            pairs.piece_tiles[first + k] = tile
