"""Ids of actors in CARLA's instance pictures, which hold the low 16 bits of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

MOST_ID = 0xFFFF
AMBIGUOUS = -1
"""In a picture: one of several actors that share their 16 bits."""


class PixelIds:
    """The actors of a frame by what a picture shows of their ids.

    ``shared`` are the groups of actors that cannot be told apart.
    """

    def __init__(self, actor_ids: Iterable[int] = ()) -> None:
        actors = sorted(set(actor_ids))
        groups: dict[int, list[int]] = defaultdict(list)
        for actor_id in actors:
            groups[actor_id & MOST_ID].append(actor_id)
        self.shared = tuple(tuple(group) for group in groups.values() if len(group) > 1)
        self._table: NDArray[np.int32] | None = None
        if actors and actors[-1] > MOST_ID:
            self._table = np.arange(MOST_ID + 1, dtype=np.int32)
            for low, group in groups.items():
                self._table[low] = group[0] if len(group) == 1 else AMBIGUOUS
            self._table[0] = 0

    def resolve(self, pixels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return a picture (H, W) of 16-bit ids with whole ones, AMBIGUOUS where they are shared.

        Bits that no actor of the frame has stay as they are; 0 is no actor.
        """
        return pixels if self._table is None else self._table[pixels]


def pixel_id(actor_id: int) -> int:
    """Return what an instance picture shows of an actor's id; 0 for AMBIGUOUS."""
    return max(actor_id, 0) & MOST_ID
