"""Room on the device for the pairs of a tile and a Gaussian, whose number only the device knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...rendering.gpu.device import GpuError
from .launches import ImageLaunches, PairMemory

_MOST_PAIRS = 1 << 30

Blocks = list[NDArray[np.uint8]]


class PairRoom:
    """Memory for some more pairs than the last images had.

    Nobody waits for how many there are: the number comes back with the image, and one that did not
    fit is drawn again. ``pairs`` counts those of the last image.
    """

    def __init__(self, longest: int, device: Any) -> None:
        """Make no room yet; lists of more than ``longest`` are blended in pieces."""
        self.pairs = 0
        self._longest, self._device = longest, device
        self._memory: PairMemory | None = None
        self._likely = 0

    def blended(
        self,
        launches: ImageLaunches,
        fetch: Callable[[bool], Blocks],
        forget: Callable[[], None],
    ) -> Blocks:
        """Sort and blend until there was room for all pairs; return the blocks of the image.

        ``fetch`` waits for these, where it is told to, and behind them for the number of pairs.
        ``forget`` is called before memory of before is freed.
        """
        if self._memory is None:
            self._make(fetch(False)[-1], forget)
        while True:
            memory = self._memory
            assert memory is not None
            count = min(memory.pairs, max(self._likely, 1))
            launches.blend(memory, count)
            *found, total = fetch(True)
            self.pairs = _number(total)
            # Fewer are sorted only after many images that needed fewer: cameras take turns.
            self._likely = max(_some_more(self.pairs), self._likely - self._likely // 64)
            if self.pairs <= count:
                return found
            if self.pairs > memory.pairs:
                # Of the old memory nothing may be left when there is new one.
                del memory
                self._make(total, forget)

    def close(self) -> None:
        """Free the memory; there may be new one later."""
        self._memory = None

    def _make(self, total: NDArray[np.uint8], forget: Callable[[], None]) -> None:
        """Make room for so many pairs and some more, in the place of the room before."""
        pairs = _number(total)
        if pairs > _MOST_PAIRS:
            raise GpuError(
                f"an image has {pairs} pairs of a tile and a Gaussian, more than {_MOST_PAIRS}: "
                "its Gaussians are too large for the GPU; CARLA_NUREC_ENGINE=numba draws on the "
                "processor"
            )
        self._likely = _some_more(pairs)
        self._memory = None
        forget()
        self._memory = PairMemory(self._likely, self._longest, self._device)


def _number(total: NDArray[np.uint8]) -> int:
    return int(total.view(np.int64)[0])


def _some_more(pairs: int) -> int:
    return -(-(pairs + pairs // 8 + 1) // 1024) * 1024
