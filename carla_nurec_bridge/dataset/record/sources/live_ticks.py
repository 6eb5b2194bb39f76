"""Who ticks a live world, and which of its ticks are frames of a data set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import final

from ....carla_client.session.session import Session, Snapshot
from ....core.run_contract.timebase import NS_PER_S

_LONGEST_TICK_S = 0.1
_PATIENCE_S = 20.0
_SLACK = 1e-3
"""Of a frame: steps are sums of floats."""


@final
class LiveTicks:
    """The frames of a world at ``fps``: of ticks that are ours, or of another client's.

    ``owned`` is true where nobody had the tick, so that it is ours until the session ends. A tick
    is at most 0.1 s, which CARLA's physics needs. Otherwise the frames are those ticks of its
    owner that are nearest after their moments.
    """

    def __init__(self, session: Session, fps: float) -> None:
        """Take over the tick, or begin to follow its owner."""
        self._session = session
        settings = session.world.get_settings()
        self.owned = not settings.synchronous_mode
        if self.owned:
            self._ticks = math.ceil(1.0 / (fps * _LONGEST_TICK_S) - _SLACK)
            tick_ns = round(NS_PER_S / fps / self._ticks)
            session.synchronise(tick_ns)
            self.dt_ns = tick_ns * self._ticks
            self.note = f"nobody owned the tick; this run does, {NS_PER_S / self.dt_ns:g} Hz"
            return
        step_s = settings.fixed_delta_seconds
        every = 1 if not step_s else max(1, round(1.0 / (fps * step_s)))
        self.dt_ns = round(NS_PER_S * (every * step_s if step_s else 1.0 / fps))
        of = f"each {every}. of its ticks of {step_s:g} s" if step_s else "its ticks of any length"
        rate = NS_PER_S / self.dt_ns
        self.note = f"another client owns the tick; frames are {of}: {rate:g} Hz"
        session.follow(_PATIENCE_S)

    def warm_up(self, ticks: int, before_tick: Callable[[], None]) -> Snapshot:
        """Let at least one tick pass and return the last one's snapshot."""
        for _ in range(max(1, ticks)):
            before_tick()
            snapshot = self._session.tick()
        return snapshot

    def frames(self, before_tick: Callable[[], None]) -> Iterator[tuple[int, Snapshot]]:
        """Yield stamp (ns of CARLA's time) and snapshot of each frame; ends never.

        ``before_tick`` is called before each tick that is ours.
        """
        if not self.owned:
            yield from self._followed()
        t0_ns, number = 0, 0
        while True:
            for _ in range(self._ticks):
                before_tick()
                snapshot = self._session.tick()
            t0_ns = t0_ns or round(snapshot.timestamp.elapsed_seconds * NS_PER_S)
            yield t0_ns + number * self.dt_ns, snapshot
            number += 1

    def _followed(self) -> Iterator[tuple[int, Snapshot]]:
        first_s: float | None = None
        last = -1
        while True:
            snapshot = self._session.tick()
            elapsed_s = snapshot.timestamp.elapsed_seconds
            first_s = elapsed_s if first_s is None else first_s
            number = int((elapsed_s - first_s) * NS_PER_S / self.dt_ns + _SLACK)
            if number > last:
                last = number
                yield round(elapsed_s * NS_PER_S), snapshot
