"""The paths of a stored scenario's actors, with the lanes under them where the map is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...evaluation.incidents.actor_paths import ActorPath, paths_of
from ...evaluation.incidents.lanes import LaneAt, Lanes
from ...world.states import Actor, ActorState
from ..truth.scenario import FrameState, ScenarioTruth

_UNTOLD = np.full(3, np.nan)


class NoLanes:
    """``Lanes`` where no map is known."""

    def at(self, positions: NDArray[np.float64]) -> list[LaneAt | None]:
        """Return None for each of positions (N, 3)."""
        return [None] * len(positions)

    def on_crosswalk(self, position: NDArray[np.float64]) -> bool:
        """Say no."""
        return False


def paths_of_scenario(
    truth: ScenarioTruth, frames: Sequence[FrameState], lanes: Lanes
) -> tuple[ActorPath, ...]:
    """Return the paths of all tracks; an actor's id is its track id."""
    actors = {
        one.track_id: Actor(one.track_id, one.role_name, one.object_class, one.size_m)
        for one in truth.actors
    }
    there = [
        [
            ActorState(actors[told.track_id], told.map_from_box.matrix(), _UNTOLD, _UNTOLD, _UNTOLD)
            for told in frame.actors
            if told.track_id in actors
        ]
        for frame in frames
    ]
    return paths_of([frame.stamp_ns for frame in frames], there, lanes)
