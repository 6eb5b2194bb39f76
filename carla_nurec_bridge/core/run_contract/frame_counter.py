"""Which frame of the run a tick of CARLA is, and its stamp."""

from __future__ import annotations

from typing import Protocol

from .timebase import NS_PER_S, NS_PER_US, TickClock

_RECENT_FRAMES = 64


class Run(Protocol):
    """What a follower must know of the run that it follows."""

    @property
    def t0_ns(self) -> int:
        """The stamp of frame 0."""

    @property
    def dt_ns(self) -> int:
        """The time of one frame."""

    @property
    def origin_s(self) -> float:
        """CARLA's elapsed time at frame 0."""


class FrameCounter:
    """Counts the frames of one run; ``frame`` is -1 before the first.

    ``own`` frames are a tick of the run's clock apart. Somebody else's have stamps by CARLA's
    elapsed time, or, once ``run`` of the other is known, the very stamps of that run.
    """

    def __init__(self, clock: TickClock, *, own: bool) -> None:
        self._clock = clock
        self._own = own
        self._stamps: dict[int, int] = {}
        self.run: Run | None = None
        self.frame = -1
        self.stamp_ns = clock.stamp_ns(0)
        self.origin_s = 0.0

    def count(self, carla_frame: int, elapsed_s: float) -> None:
        """Take the next tick: CARLA's number of it and its elapsed seconds."""
        if self.frame < 0:
            self.origin_s = elapsed_s
        if self.run is not None:
            self.frame = round((elapsed_s - self.run.origin_s) * NS_PER_S / self.run.dt_ns)
            self.stamp_ns = self.run.t0_ns + self.frame * self.run.dt_ns
        else:
            self.frame += 1
            self.stamp_ns = self._clock.stamp_ns(self.frame)
            if not self._own:
                passed_us = round((elapsed_s - self.origin_s) * 1e6)
                self.stamp_ns = self._clock.t0_ns + passed_us * NS_PER_US
        self._stamps[carla_frame] = self.stamp_ns
        if len(self._stamps) > _RECENT_FRAMES:
            del self._stamps[min(self._stamps)]

    def stamp_of(self, carla_frame: int) -> int:
        """Return the stamp (ns) of a recent tick by CARLA's number, else that of the frame."""
        return self._stamps.get(carla_frame, self.stamp_ns)
