"""The time base of a run: integer nanoseconds counted in ticks, never accumulated floats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InputError

NS_PER_S = 1_000_000_000
NS_PER_US = 1_000
_SAME_RATE = 1e-4


def seconds_to_ns(seconds: float) -> int:
    """Return the nearest whole nanosecond of a duration in seconds."""
    return round(seconds * NS_PER_S)


@dataclass(frozen=True)
class TickClock:
    """Stamps of the frames of one run: frame k is at ``t0_ns + k * dt_ns``.

    Frame 0 is the world as it stands when the settings have been applied, before the first tick.
    """

    t0_ns: int
    dt_ns: int

    def __post_init__(self) -> None:
        if self.t0_ns <= 0:
            raise InputError(f"a run must start after time zero, not at {self.t0_ns} ns")
        if self.dt_ns <= 0:
            raise InputError(f"a tick must last longer than zero, not {self.dt_ns} ns")

    def stamp_ns(self, frame: int) -> int:
        """Return the stamp of frame ``frame`` in nanoseconds."""
        return self.t0_ns + frame * self.dt_ns

    def stamp_us(self, frame: int) -> int:
        """Return the stamp of frame ``frame`` in whole microseconds (NuRec's unit)."""
        return self.stamp_ns(frame) // NS_PER_US

    def frame_at(self, stamp_ns: int) -> int:
        """Return the frame whose stamp is exactly ``stamp_ns``; InputError when there is none."""
        frame, rest = divmod(stamp_ns - self.t0_ns, self.dt_ns)
        if rest:
            raise InputError(f"stamp {stamp_ns} ns lies between two frames of this run")
        return frame


def period_in_ticks(rate_hz: float, dt_ns: int, what: str) -> int:
    """Return how many ticks lie between two samples of a stream at ``rate_hz``.

    The rate must divide the tick rate, to one part in ten thousand: what counts is the number of
    ticks. Else InputError names the stream ``what`` and the two nearest rates that do.
    """
    if rate_hz <= 0:
        raise InputError(f"{what}: the rate must be above 0 Hz, not {rate_hz} Hz")
    ticks = NS_PER_S / (rate_hz * dt_ns)
    whole = round(ticks)
    if whole >= 1 and abs(ticks - whole) <= _SAME_RATE * ticks:
        return whole
    tick_hz = NS_PER_S / dt_ns
    near = (max(1, math.floor(ticks)), math.floor(ticks) + 1) if ticks >= 1.0 else (1,)
    told = ", ".join(f"{tick_hz / n:g} Hz ({_every(n)})" for n in near)
    raise InputError(
        f"{what}: {rate_hz:g} Hz does not divide the tick rate of {tick_hz:g} Hz; nearest: {told}"
    )


def _every(ticks: int) -> str:
    return "every tick" if ticks == 1 else f"every {ticks} ticks"


def is_due(frame: int, period_ticks: int) -> bool:
    """Say whether a sensor with this period has a sample at ``frame`` (never at frame 0)."""
    return frame > 0 and frame % period_ticks == 0
