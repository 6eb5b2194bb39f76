"""Where the ego is, was, or is meant to be, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, interpolate

Stamps = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TimedPath:
    """Poses of base_link in the map (N, 4, 4) at rising stamps (N,) in ns, at least one.

    InputError where stamps do not rise, there are none, or a number is not finite.
    """

    stamps_ns: Stamps
    map_from_base: Matrix

    def __post_init__(self) -> None:
        if self.map_from_base.shape != (len(self.stamps_ns), 4, 4) or len(self.stamps_ns) == 0:
            raise InputError(
                f"{len(self.stamps_ns)} stamps and poses of shape {self.map_from_base.shape} make "
                "no timed path: each pose needs its stamp, and there must be one"
            )
        if (np.diff(self.stamps_ns) <= 0).any():
            first = int(np.argmax(np.diff(self.stamps_ns) <= 0)) + 1
            raise InputError(
                f"pose {first} of a timed path is stamped {self.stamps_ns[first]} ns, not later "
                f"than the one before it, {self.stamps_ns[first - 1]} ns"
            )
        if not np.isfinite(self.map_from_base).all():
            raise InputError("a pose of a timed path holds a number that is not finite")

    @property
    def start_ns(self) -> int:
        """The stamp of the first pose."""
        return int(self.stamps_ns[0])

    @property
    def end_ns(self) -> int:
        """The stamp of the last pose."""
        return int(self.stamps_ns[-1])

    def at(self, stamp_ns: int) -> Matrix:
        """Return the pose (4, 4) at a stamp; before the first and after the last it is held."""
        after = int(np.searchsorted(self.stamps_ns, stamp_ns))
        if after == len(self.stamps_ns) or after == 0:
            pose: Matrix = self.map_from_base[min(after, len(self.stamps_ns) - 1)]
            return pose
        begin_ns, end_ns = (int(self.stamps_ns[i]) for i in (after - 1, after))
        share = (stamp_ns - begin_ns) / (end_ns - begin_ns)
        return interpolate(self.map_from_base[after - 1], self.map_from_base[after], share)

    def later_than(self, stamp_ns: int) -> TimedPath | None:
        """Return the part of it after a stamp; None when there is none."""
        first = int(np.searchsorted(self.stamps_ns, stamp_ns, side="right"))
        if first == len(self.stamps_ns):
            return None
        return TimedPath(self.stamps_ns[first:], self.map_from_base[first:])

    def seen_from(self, map_from_frame: Matrix) -> TimedPath:
        """Return it in the map, where its poses are in a frame that lies there as given."""
        return TimedPath(self.stamps_ns, map_from_frame @ self.map_from_base)

    def shifted(self, later_ns: int) -> TimedPath:
        """Return it so much later."""
        return TimedPath(self.stamps_ns + later_ns, self.map_from_base)
