"""How far a drive comes along its route, backwards too, beside an expert's drive."""

from __future__ import annotations

import numpy as np

from ..route import RouteTracker
from .context import ScoreContext
from .moment import DriveMoment


class Progress:
    """The ego's way along the route of a context that has one, from where it was first."""

    def __init__(self, context: ScoreContext) -> None:
        assert context.route is not None
        self._tracker = RouteTracker(context.route)
        self._start_m: float | None = None
        self._expert_m = None if context.expert is None else _driven_m(context, self._tracker)
        self.driven_m = 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the progress is compared with."""
        if self._expert_m is None:
            return ("No expert's drive is known: progress is a share of the whole route.",)
        return ()

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        along = self._tracker.update(moment.centre[:2])
        if self._start_m is None:
            self._start_m = along
        self.driven_m = along - self._start_m

    @property
    def beside_m(self) -> float:
        """How far beside the route the ego is."""
        return self._tracker.beside_m

    @property
    def expert_m(self) -> float:
        """How far the expert comes; without one, from the start to the end of the route."""
        if self._expert_m is not None:
            return self._expert_m
        return self._tracker.line.length_m - (self._start_m or 0.0)

    def ratio(self, least_m: float) -> float:
        """Return the share of the expert's way, 0 to 1; 0 for who goes backwards."""
        if self.driven_m < -least_m:
            return 0.0
        return min(1.0, max(self.driven_m, least_m) / max(self.expert_m, least_m))


def _driven_m(context: ScoreContext, like: RouteTracker) -> float:
    assert context.expert is not None
    tracker = RouteTracker(like.line.points)
    along = [tracker.update(place) for place in np.asarray(context.expert.positions)]
    return along[-1] - along[0] if along else 0.0
