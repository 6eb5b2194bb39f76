"""When the frames of a recording lie, and where a replayer must be to show a moment of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from .log import Log

_SLACK = 1e-6
_SIX_DIGITS = 1e-5
_MARGIN = 1e-3
"""How far from a frame's ends a replayer stops, as a share of the frame, so that rounding never
puts it into the frame beside."""


@dataclass(frozen=True)
class Timeline:
    """The beginnings ``starts_s`` (N,) of a recording's frames, N >= 2, rising.

    CARLA's replayer puts an actor between where it was in the frame before and where it is in the
    frame found, so a moment is shown while the replayer is one frame further: ``place`` says where.
    The last frame is never found, so ``last_s``, the beginning of the one before, is the last
    moment that can be shown. ``source`` names the recording in errors.
    """

    source: str
    starts_s: NDArray[np.float64] = field(repr=False)

    @classmethod
    def of_log(cls, log: Log) -> Timeline:
        """Return the timeline of a recording; InputError when it holds one moment only."""
        return cls.of(log.source, np.array([frame.elapsed_s for frame in log.frames]))

    @classmethod
    def of(cls, source: str, starts_s: NDArray[np.float64]) -> Timeline:
        """Return the timeline of frames; InputError when there are less than two."""
        different = np.unique(starts_s)
        if len(different) < 2:
            raise InputError(f"{source} holds one moment only; there is nothing to replay")
        return cls(source, different)

    @property
    def total_s(self) -> float:
        """How long the recording lasts."""
        return float(self.starts_s[-1])

    @property
    def last_s(self) -> float:
        """The last moment that can be shown."""
        return float(self.starts_s[-2])

    def until(self, moment_s: float) -> Timeline:
        """Return the timeline up to the frame in which somebody goes, which is not shown.

        ``moment_s`` may be rounded to the six digits that servers tell.
        """
        gone = int(np.searchsorted(self.starts_s, moment_s * (1.0 - _SIX_DIGITS) - _SLACK))
        return Timeline(self.source, self.starts_s[: max(gone, 1) + 1])

    def begin(self, start_s: float) -> float:
        """Return a start in seconds of the recording; below zero it counts from the end.

        InputError when the recording has ended by then.
        """
        moment_s = max(self.total_s + start_s, 0.0) if start_s < 0 else start_s
        if moment_s > self.last_s:
            raise InputError(
                f"{self.source} lasts {self.total_s:g} s; a start at {start_s:g} s leaves no frame "
                "of it"
            )
        return moment_s

    def steps(self, start_s: float, step_s: float) -> int:
        """Return how many whole steps lie between a start and the last moment that is shown."""
        return max(math.floor((self.last_s - start_s) / step_s + _SLACK), 0)

    def place(self, moment_s: float) -> float:
        """Return where a replayer must be, in its own seconds, to show a moment."""
        last = len(self.starts_s) - 2
        shown = max(self.frame(moment_s), 0)
        if shown < last:
            before, after = self.starts_s[shown : shown + 2]
            share = (moment_s - before) / (after - before)
            if share <= 1.0 - _MARGIN:
                return self._inside(shown + 1, share)
            shown += 1  # a frame's own moment, but for rounding
        return self._inside(shown + 1, 0.0) if shown < last else self._inside(last, 1.0)

    def run_in(self, place_s: float) -> float:
        """Return where a replayer must have been before ``place_s``: in the frame before it."""
        return self._inside(max(self.frame(place_s) - 1, 0), 0.5)

    def frame(self, place_s: float) -> int:
        """Return the frame that a replayer finds at a place."""
        return int(np.searchsorted(self.starts_s, place_s, side="right")) - 1

    def _inside(self, frame: int, share: float) -> float:
        start_s, end_s = self.starts_s[frame : frame + 2]
        return float(start_s + min(max(share, _MARGIN), 1.0 - _MARGIN) * (end_s - start_s))

    def stops(self, now_s: float, place_s: float, reach_s: float) -> list[float]:
        """Return the fewest places to stop at on the way, of which ``place_s`` is the last.

        One of them, or ``now_s``, lies in the frame before the last one's; and the last leg is no
        longer than ``reach_s``, the legs before may be.
        """
        here, there = self.frame(now_s), self.frame(place_s)
        stops = [self._inside(there - 1, 1.0)] if there - here > 1 else []
        if place_s - (stops[-1] if stops else now_s) > reach_s:
            stops.append(place_s - reach_s / 2.0)
        return [*stops, place_s]


def in_parts(now_s: float, stops: list[float], count: int, longest_s: float) -> list[float]:
    """Return the stops of ``count`` legs or more, none above ``longest_s``; long ones are split.

    ``stops`` are moments of the recording in seconds, the legs go from ``now_s`` to the last.
    """
    moments = [now_s, *stops]
    while True:
        legs = np.diff(moments)
        longest = int(np.argmax(legs))
        if len(legs) >= count and legs[longest] <= longest_s + _SLACK:
            return moments[1:]
        moments.insert(longest + 1, (moments[longest] + moments[longest + 1]) / 2.0)
