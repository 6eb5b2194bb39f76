"""The last poses of something that moves, to look between its frames."""

from __future__ import annotations

from collections import deque

from .frames import Matrix, interpolate

_KEEP = 256  # a sweep of 0.1 s in frames of 1 ms, with room to spare


class PoseHistory:
    """Poses a_from_b by stamp (ns, rising); ``at`` interpolates between them."""

    def __init__(self) -> None:
        self._poses: deque[tuple[int, Matrix]] = deque(maxlen=_KEEP)

    @property
    def last_ns(self) -> int:
        """The stamp of the newest pose, 0 before the first."""
        return self._poses[-1][0] if self._poses else 0

    def add(self, stamp_ns: int, a_from_b: Matrix) -> None:
        """Add the pose at a later stamp."""
        self._poses.append((stamp_ns, a_from_b))

    def at(self, stamp_ns: int) -> Matrix:
        """Return the pose at a stamp; before the oldest and after the newest it is held.

        IndexError when there is none yet.
        """
        newer = self._poses[-1]
        for older in reversed(self._poses):
            if older[0] <= stamp_ns:
                span_ns = newer[0] - older[0]
                if span_ns == 0 or stamp_ns >= newer[0]:
                    return older[1]
                return interpolate(older[1], newer[1], (stamp_ns - older[0]) / span_ns)
            newer = older
        return newer[1]
