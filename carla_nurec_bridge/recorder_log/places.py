"""Where the actors of a recording are at a moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .layouts import PacketKind
from .log import Log
from .trajectories import CM_PER_M


class Places:
    """Looks places up in a recording."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._elapsed_s = np.array([frame.elapsed_s for frame in log.frames])

    def at(self, moment_s: float) -> dict[int, tuple[float, float]]:
        """Return x and y in the map in metres of every actor with a place, by recorded id."""
        last = len(self._elapsed_s) - 1
        number = int(np.searchsorted(self._elapsed_s, moment_s, side="right")) - 1
        number = min(max(number, 0), last)
        here = self._frame(number)
        if number == last:
            return {key: (float(x), float(y)) for key, (x, y) in here.items()}
        begin_s, end_s = self._elapsed_s[number : number + 2]
        share = min(max((moment_s - begin_s) / (end_s - begin_s), 0.0), 1.0)
        after = self._frame(number + 1)
        found = {}
        for key, place in here.items():
            x, y = place + share * (after.get(key, place) - place)
            found[key] = (float(x), float(y))
        return found

    def _frame(self, number: int) -> dict[int, NDArray[np.float64]]:
        records = self._log.records(self._log.frames[number], PacketKind.POSITION)
        places_m = records["location"][:, :2].astype(np.float64) / CM_PER_M * (1.0, -1.0)
        return dict(zip(records["id"].tolist(), places_m, strict=True))
