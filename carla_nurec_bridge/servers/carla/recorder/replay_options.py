"""What a client asks of a replay, and what CARLA answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ....core.errors import InputError
from ....recorder_log.log import Log
from .replay_target import Vec3


@dataclass(frozen=True)
class ReplayOptions:
    """What a client asks of a replay.

    ``start_s`` below zero counts from the end; ``duration_s`` of zero or less plays to the end.
    ``follow_id`` is a recorded id (0: the spectator stays free); the spectator is then kept at the
    actor's pose times the offset: (x, y, z) in metres and (pitch, yaw, roll) in degrees.
    """

    start_s: float = 0.0
    duration_s: float = 0.0
    follow_id: int = 0
    replay_sensors: bool = False
    offset_location_m: Vec3 = (-10.0, 0.0, 5.0)
    offset_rotation_deg: Vec3 = (-25.0, 0.0, 0.0)
    time_factor: float = 1.0
    ignore_hero: bool = False
    ignore_spectator: bool = True

    def __post_init__(self) -> None:
        """Refuse times and factors with which a replay would never end."""
        if not (math.isfinite(self.time_factor) and self.time_factor > 0.0):
            raise InputError(f"a replay's time factor must be above zero, not {self.time_factor}")
        if not (math.isfinite(self.start_s) and math.isfinite(self.duration_s)):
            raise InputError(
                f"a replay needs a start and a duration in seconds, not {self.start_s} and "
                f"{self.duration_s}"
            )


def time_range(log: Log, options: ReplayOptions) -> tuple[float, float]:
    """Return when a replay starts and stops, in seconds of the recording."""
    start_s = options.start_s
    if start_s < 0.0:
        start_s = max(0.0, log.total_s + start_s)
    stop_s = start_s + options.duration_s if options.duration_s > 0.0 else log.total_s
    return start_s, stop_s


def reply_text(log: Log, options: ReplayOptions, *, loading: bool) -> str:
    """Return what CARLA answers to ``replay_file``; ``loading`` when another map must be loaded."""
    start_s, stop_s = time_range(log, options)
    lines = [f"Replaying File: {log.source}"]
    if loading:
        lines += [f"Loading map {log.map_name}", "Replayer will start after map is loaded..."]
    lines.append(f"Total time recorded: {log.total_s:g}")
    lines.append(
        f"Replaying from {start_s:g} s - {stop_s:g} s ({log.total_s:g} s) at "
        f"{options.time_factor:.1f}x"
    )
    lines += ["Ignoring Hero vehicle"] * options.ignore_hero
    lines += ["Ignoring Spectator camera"] * options.ignore_spectator
    return "\n".join(lines) + "\n"
