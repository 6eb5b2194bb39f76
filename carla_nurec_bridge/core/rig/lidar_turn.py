"""How a spinning lidar of CARLA is divided into ticks: whole columns in each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .clouds import CloudFields


@dataclass(frozen=True)
class LidarTurn:
    """What is asked of one sweep, and the fields of its points."""

    channels: int
    points_per_sweep: int
    horizontal_fov_deg: float
    fields: CloudFields = "xyzi"

    def columns(self, ticks: int) -> int:
        """Return how many columns each tick of a sweep of so many measures, at least one."""
        return max(1, math.floor(self.points_per_sweep / (self.channels * ticks) + 0.5))

    def attributes(self, ticks: int, sweep_s: float) -> tuple[tuple[str, str], ...]:
        """Return what the blueprint needs for that: CARLA rounds the columns of each tick."""
        points_hz = self.columns(ticks) * self.channels * ticks / sweep_s
        return (
            ("points_per_second", str(round(points_hz))),
            ("rotation_frequency", repr(1.0 / sweep_s)),
        )

    def note(self, ticks: int) -> str | None:
        """Return a sentence when a sweep gets other columns than asked, with those that fit."""
        asked = self.points_per_sweep / self.channels
        if abs(self.columns(ticks) * ticks - asked) < 0.5:
            return None
        below, above = (ticks * side(asked / ticks) for side in (math.floor, math.ceil))
        fitting = [columns for columns in dict.fromkeys((below, above)) if columns]
        points = " or ".join(str(columns * self.channels) for columns in fitting)
        return (
            f"asked for {asked:g} columns a sweep; its {ticks} ticks measure whole columns and "
            f"give {self.columns(ticks) * ticks}. Use {' or '.join(map(str, fitting))} "
            f"(points_per_sweep {points})"
        )
