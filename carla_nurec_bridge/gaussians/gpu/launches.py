"""Memory of the stages, and the launches that fill it, made once for each size of image."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ...rendering.gpu.launches import FrameMemory, Launch, Output
from ..drawing.project import TILE
from . import blending, colour, composing, projecting, sorting, upload
from .response import PIXELS
from .tables import BOUNDS, BackdropTable, CloudTable, ImageTable, PairTable, SeenTable

OUTPUTS = {
    "colour": Output(wp.vec3, np.float32, 1, (3,)),
    "transmittance": Output(wp.float32, np.float32),
    "depth_sum": Output(wp.float32, np.float32),
    "half_m": Output(wp.float32, np.float32),
    "heaviest": Output(wp.int32, np.int32),
}
MODULES = tuple(
    wp.get_module(part.__name__)
    for part in (upload, projecting, colour, sorting, blending, composing)
)

_UNCUT = 1 << 30
_BLOCK = 256


def load(device: Any) -> None:
    """Compile the kernels for a device, or take them from the cache."""
    for module in MODULES:
        wp.load_module(module, device=device)


class SeenMemory:
    """What the first stage writes of N Gaussians; ``total``: how many pairs, as 8 bytes."""

    def __init__(self, count: int, device: Any) -> None:
        rows = max(count, 1)
        self.table = SeenTable()
        self.table.counts = wp.zeros(rows, dtype=wp.int64, device=device)
        self.table.orders = wp.empty(rows, dtype=wp.float32, device=device)
        self.table.bounds = wp.empty((BOUNDS, rows), dtype=wp.float32, device=device)
        self.table.spans = wp.empty((2, rows), dtype=wp.uint32, device=device)
        self.table.records = wp.empty(4 * rows, dtype=wp.vec4, device=device)
        self.ends = wp.zeros(rows, dtype=wp.int64, device=device)
        self.total = wp.array(
            ptr=self.ends.ptr + 8 * (rows - 1), dtype=wp.uint8, shape=8, device=device
        )

    def sum(self) -> None:
        """Sum up the counts."""
        wp.utils.array_scan(self.table.counts, self.ends, inclusive=True)


class PairMemory:
    """Room for so many pairs, and for the parts of lists longer than ``longest``."""

    def __init__(self, pairs: int, longest: int, device: Any) -> None:
        self.pairs, self.longest = pairs, longest
        self.keys = wp.empty(2 * pairs, dtype=wp.uint64, device=device)
        self.values = wp.empty(2 * pairs, dtype=wp.uint32, device=device)
        # A list of more than one piece has less than twice as many as it fills.
        shape = (max(1, 2 * pairs // longest), blending.PARTS, PIXELS)
        self.parts = wp.empty(shape, dtype=wp.float32, device=device)

    def sort(self, pairs: int, bits: int) -> None:
        """Sort the first pairs by the lowest bits of their keys; equal ones stay in order."""
        wp.utils.radix_sort_pairs(self.keys, self.values, pairs, 0, bits)


class ImageLaunches:
    """What draws images of one size (lines, samples) and choice of outputs."""

    def __init__(
        self,
        size: tuple[int, int],
        cloud: CloudTable,
        seen: SeenMemory,
        *,
        half: bool,
        heaviest: bool,
    ) -> None:
        """Make ready for some Gaussians; lists are not cut where ``half`` asks for one way."""
        lines, samples = size
        self._tiles = -(-lines // TILE) * -(-samples // TILE)
        self._cloud, self._seen, self._uncut = cloud, seen, half
        self._device = cloud.planes.device
        wanted = {
            name: one
            for name, one in OUTPUTS.items()
            if {"half_m": half, "heaviest": heaviest}.get(name, True)
        }
        self.memory = FrameMemory(size, wanted, OUTPUTS, self._device)
        self._plain = self._image(None, None)
        self._given: tuple[Any, ...] = ()
        self._looking: tuple[Launch, Launch] | None = None
        self._room: PairMemory | None = None
        self._stages: tuple[Launch, ...] = ()
        self._compose: dict[int, tuple[Any, Launch]] = {}

    def image(self, far: NDArray[np.float32], apart: NDArray[np.float32] | None) -> ImageTable:
        """Return the outputs, with where rays end and start, uploaded."""
        if not far.size and apart is None:
            return self._plain
        return self._image(far if far.size else None, apart)

    def look(self, *given: Any) -> None:
        """Project and count; ``given`` are view, image, motion and rules, for ``blend`` too."""
        view, _, motion, rules = self._given = given
        if self._looking is None:
            cloud, seen, device = self._cloud, self._seen.table, self._device
            rows = seen.counts.shape
            given = (view, motion, rules, cloud, seen, PairTable())
            self._looking = (
                Launch(projecting.project, (_blocks(rows[0]),), list(given), device),
                Launch(colour.shade, rows, [motion, cloud, seen], device),
            )
        project, shade = self._looking
        project(view, motion, rules)
        shade(motion)
        self._seen.sum()

    def blend(self, room: PairMemory, count: int) -> None:
        """Sort ``count`` pairs, or as many as there are, and blend."""
        view, image, motion, rules = self._given
        if room is not self._room:
            self._prepare(room)
        clear, pair, delimit, cut, assign, blend, join = self._stages
        clear()
        pair(view)
        room.sort(count, 32 + self._tiles.bit_length())
        delimit()
        cut()
        wp.utils.array_scan(self._pairs.counts, self._pairs.pieces, inclusive=True)
        assign()
        blend(view, image, motion, rules)
        if not self._uncut:
            join(view, image, rules)

    def compose(self, backdrop: BackdropTable, size: int) -> Any:
        """Finish the picture; return it (H, W, 3) of 1 or 2 bytes each on the device, as bytes."""
        view, image, motion, _ = self._given
        lines, samples = view.rays.shape
        if size not in self._compose:
            raw = wp.empty(3 * lines * samples * size, dtype=wp.uint8, device=self._device)
            shape = (samples, 3 * lines) if backdrop.transposed else (lines, 3 * samples)
            arrays = [
                wp.array(
                    ptr=raw.ptr,
                    dtype=kind,
                    shape=shape if size == bytes_each else (0, 0),
                    device=self._device,
                )
                for bytes_each, kind in ((1, wp.uint8), (2, wp.uint16))
            ]
            given = [view, image, motion, backdrop, *arrays]
            self._compose[size] = (
                raw,
                Launch(composing.compose, (lines, samples), given, self._device),
            )
        raw, compose = self._compose[size]
        compose(view, image, motion, backdrop)
        return raw

    def forget(self) -> None:
        """Let go of the room for pairs."""
        self._room, self._stages = None, ()
        self._pairs = PairTable()

    def _image(
        self, far: NDArray[np.float32] | None, apart: NDArray[np.float32] | None
    ) -> ImageTable:
        image, arrays = ImageTable(), self.memory.arrays
        image.colour, image.transmittance = arrays["colour"], arrays["transmittance"]
        image.depth, image.half = arrays["depth_sum"], arrays["half_m"]
        image.heaviest = arrays["heaviest"]
        if far is not None:
            image.far = wp.array(far, dtype=wp.float32, device=self._device)
        if apart is not None:
            image.apart = wp.array(apart, dtype=wp.vec3, ndim=2, device=self._device)
        return image

    def _prepare(self, room: PairMemory) -> None:
        """Make the launches that work in some room."""
        view, image, motion, rules = self._given
        longest = _UNCUT if self._uncut else room.longest
        device, tiles = self._device, self._tiles
        most = tiles + room.pairs // longest
        pairs = self._pairs = PairTable()
        pairs.keys, pairs.values, pairs.room = room.keys, room.values, room.pairs
        pairs.ends = self._seen.ends
        pairs.starts = wp.empty(tiles, dtype=wp.int32, device=device)
        pairs.stops = wp.empty(tiles, dtype=wp.int32, device=device)
        pairs.counts = wp.empty(tiles, dtype=wp.vec2i, device=device)
        pairs.pieces = wp.empty(tiles, dtype=wp.vec2i, device=device)
        pairs.piece_tiles = wp.empty(most, dtype=wp.int32, device=device)
        seen, cloud = self._seen.table, self._cloud
        last = wp.uint64((1 << (32 + tiles.bit_length())) - 1)
        blend = [view, image, motion, rules, cloud, seen, pairs, longest, room.parts]
        self._room, self._stages = (
            room,
            (
                Launch(sorting.clear, (max(room.pairs, tiles),), [pairs, last], device),
                Launch(sorting.pair, (_blocks(cloud.count),), [view, seen, pairs], device),
                Launch(sorting.delimit, (room.pairs,), [pairs], device),
                Launch(sorting.cut, (tiles,), [pairs, longest], device),
                Launch(sorting.assign, (tiles,), [pairs], device),
                Launch(blending.blend, (most * PIXELS,), blend, device),
                Launch(
                    blending.join,
                    (tiles * PIXELS,),
                    [view, image, rules, pairs, room.parts],
                    device,
                ),
            ),
        )


def _blocks(count: int) -> int:
    """Return so many threads as whole blocks, whose threads must stay together."""
    return -(-max(count, 1) // _BLOCK) * _BLOCK
