"""From lists to pixels: a block of threads for each piece of a tile's list, then pieces joined.

A street's vanishing point puts tens of thousands of Gaussians into one tile, and one block would
work on it long after all others. So a long list is cut into pieces, each blended as if nothing
stood before it, and the pieces are laid over each other.
"""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..drawing.project import TILE
from .response import PIXELS, light, pass_through
from .tables import CloudTable, ImageTable, PairTable, PoseTable, RuleTable, SeenTable, SightTable

wp.set_module_options({"enable_backward": False})

PARTS = 7
"""Values of a pixel of a piece: those of ``light`` but the half-way distance."""


@wp.func
def pixel_of(thread: int) -> wp.vec2i:
    """Return (column, row) of a thread in its tile: a warp has 8 x 4 pixels, which are alike."""
    lane = thread % 32
    warp = thread // 32
    return wp.vec2i((warp % 2) * 8 + lane % 8, (warp // 2) * 4 + lane // 8)


@wp.func
def show(image: ImageTable, line: int, sample: int, met: light) -> None:
    """Write a pixel."""
    image.colour[line, sample] = wp.vec3(met[1], met[2], met[3])
    image.transmittance[line, sample] = met[0]
    image.depth[line, sample] = met[4]
    if image.half.shape[0] > 0:
        image.half[line, sample] = wp.where(met[5] > 0.0, met[5], wp.float32(wp.inf))
    if image.heaviest.shape[0] > 0:
        image.heaviest[line, sample] = wp.cast(met[7], wp.int32)


@wp.kernel
def blend(
    view: SightTable,
    image: ImageTable,
    motion: PoseTable,
    rules: RuleTable,
    cloud: CloudTable,
    seen: SeenTable,
    pairs: PairTable,
    most: int,
    scratch: wp.array3d(dtype=wp.float32),
) -> None:
    """Blend a piece of at most ``most`` entries; ``scratch`` (pieces, PARTS, PIXELS) takes parts.

    A piece that is a whole list is written into the image.
    """
    index = wp.tid()
    piece = index // wp.static(PIXELS)
    thread = index % wp.static(PIXELS)
    tiles = pairs.pieces.shape[0]
    if piece >= pairs.pieces[tiles - 1][0] or piece >= pairs.piece_tiles.shape[0]:
        return
    tile = pairs.piece_tiles[piece]
    pieces = pairs.counts[tile]
    number = piece - (pairs.pieces[tile][0] - pieces[0])
    across = (view.rays.shape[1] + wp.static(TILE - 1)) // wp.static(TILE)
    at = pixel_of(thread)
    line = (tile // across) * wp.static(TILE) + at[1]
    sample = (tile % across) * wp.static(TILE) + at[0]
    inside = line < view.rays.shape[0] and sample < view.rays.shape[1]
    own = wp.min(line, view.rays.shape[0] - 1)
    ray = wp.vec3(0.0, 0.0, 0.0)
    apart = wp.vec3(0.0, 0.0, 0.0)
    far = wp.float32(wp.inf)
    if inside:
        ray = view.rays[line, sample]
        if image.far.shape[0] > 0:
            far = image.far[line, sample]
        if image.apart.shape[0] > 0:
            apart = image.apart[line, sample]
    sees = wp.dot(ray, ray) > 0.0
    first = pairs.starts[tile] + number * most
    met = pass_through(
        pairs.values,
        first,
        wp.min(first + most, pairs.stops[tile]),
        seen.records,
        cloud.bodies,
        motion.origins,
        motion.turns,
        own,
        motion.ray_turns[own] * ray,
        motion.origins[own, 0] + apart,
        apart,
        far,
        wp.where(sees, 1.0, 0.0),
        rules.most_squared,
        rules.min_alpha,
        rules.max_alpha,
        rules.min_transmittance,
    )
    if not sees:
        met[0] = 1.0
    if pieces[1] == 0:
        if inside:
            show(image, line, sample, met)
        return
    slot = pairs.pieces[tile][1] - pieces[1] + number
    if slot < scratch.shape[0]:
        for k in range(5):
            scratch[slot, k, thread] = met[k]
        if image.heaviest.shape[0] > 0:
            scratch[slot, 5, thread] = met[6]
            scratch[slot, 6, thread] = met[7]


@wp.kernel
def join(
    view: SightTable,
    image: ImageTable,
    rules: RuleTable,
    pairs: PairTable,
    scratch: wp.array3d(dtype=wp.float32),
) -> None:
    """Lay the pieces of a list over each other, for a pixel; what is one piece is there already."""
    index = wp.tid()
    tile = index // wp.static(PIXELS)
    thread = index % wp.static(PIXELS)
    count = pairs.counts[tile][1]
    last = pairs.pieces[tile][1]
    if count == 0 or last > scratch.shape[0]:
        return
    across = (view.rays.shape[1] + wp.static(TILE - 1)) // wp.static(TILE)
    at = pixel_of(thread)
    line = (tile // across) * wp.static(TILE) + at[1]
    sample = (tile % across) * wp.static(TILE) + at[0]
    if line >= view.rays.shape[0] or sample >= view.rays.shape[1]:
        return
    met = light()
    met[0] = 1.0
    met[7] = wp.cast(wp.int32(-1), wp.float32)
    for k in range(last - count, last):
        passed = met[0]
        if passed >= rules.min_transmittance:
            met[0] = passed * scratch[k, 0, thread]
            for part in range(1, 5):
                met[part] += passed * scratch[k, part, thread]
            if image.heaviest.shape[0] > 0:
                weight = passed * scratch[k, 5, thread]
                if weight > met[6]:
                    met[6] = weight
                    met[7] = scratch[k, 6, thread]
    show(image, line, sample, met)
