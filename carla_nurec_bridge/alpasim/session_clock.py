"""AlpaSim's microseconds and the stamps of ROS."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InputError
from ..core.run_contract.timebase import NS_PER_S, NS_PER_US

_LATEST_NS = (1 << 31) * NS_PER_S


@dataclass(frozen=True)
class SessionClock:
    """Stamps of one session: AlpaSim's time plus ``offset_ns``."""

    offset_ns: int

    @classmethod
    def starting_at(cls, time_us: int, after_ns: int) -> SessionClock:
        """Return the clock of a session whose first time is ``time_us``.

        Stamps are AlpaSim's own unless they would not come a second after time zero and after
        ``after_ns``, the last stamp of an earlier session; then they begin there: ROS has its
        uses for time zero, and its time never goes back.
        """
        earliest_ns = after_ns + NS_PER_S
        return cls(max(0, earliest_ns - time_us * NS_PER_US))

    def stamp_ns(self, time_us: int) -> int:
        """Return the stamp of a time; InputError for one that ROS cannot hold."""
        stamp_ns = time_us * NS_PER_US + self.offset_ns
        if not 0 < stamp_ns < _LATEST_NS:
            raise InputError(f"the time {time_us} us lies outside what a ROS stamp can hold")
        return stamp_ns

    def time_us(self, stamp_ns: int) -> int:
        """Return AlpaSim's time of a stamp."""
        return (stamp_ns - self.offset_ns) // NS_PER_US
