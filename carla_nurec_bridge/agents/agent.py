"""What every agent is: the moment in, what to do now out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..world.states import ActorState, Vector, WorldState


@dataclass(frozen=True)
class DriveTarget:
    """What the agent asks for now: steering angle (rad, left positive) and speed."""

    steer_rad: float
    speed_mps: float


class Agent(Protocol):
    """Drives the ego, frame by frame."""

    def step(self, world: WorldState) -> DriveTarget:
        """Return what to do at this moment; actors' velocities may be nan, as topics tell none."""


def velocities_of(
    actors: Sequence[ActorState], before: Sequence[ActorState], dt_s: float
) -> list[Vector]:
    """Return how fast (3,) each actor has come since ``before``, dt_s ago, in the map.

    Who was not there then stands.
    """
    then = {state.actor.id: state.map_from_box[:3, 3] for state in before}
    return [
        (state.map_from_box[:3, 3] - then.get(state.actor.id, state.map_from_box[:3, 3])) / dt_s
        for state in actors
    ]
