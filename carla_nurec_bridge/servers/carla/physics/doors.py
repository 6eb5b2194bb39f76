"""Doors of vehicles: they swing within a second."""

from __future__ import annotations

from dataclasses import dataclass

SWING_S = 1.0
DOORS = range(6)
ALL_DOORS = 6


@dataclass(slots=True, eq=False)
class Door:
    """One door: how far it is open, 0 to 1, and where it swings."""

    share: float = 0.0
    opens: bool = False

    def advance(self, delta_s: float) -> bool:
        """Swing on for ``delta_s`` seconds; say whether it still moves."""
        way = delta_s / SWING_S
        self.share = min(self.share + way, 1.0) if self.opens else max(self.share - way, 0.0)
        return self.share != float(self.opens)
