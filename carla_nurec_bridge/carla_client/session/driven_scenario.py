"""What an episode asks of a scenario that is driven beside its ego."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import carla

from ...core.run_contract.verdict import ScenarioVerdict
from ...world.states import WorldState
from ..driving.route import Route
from .session import Session, Snapshot


class DrivenScenario(Protocol):
    """A scenario in a synchronous world: its start, its actors, and what has come of it.

    It is opened by ``start``, ``enter`` and ``roll`` in this order, then told every frame by
    ``update``, the first one included. ``close`` removes what it spawned.
    """

    def start(self) -> tuple[carla.Transform, Route]:
        """Return where the ego starts and its route; InputError where the map has no such place."""

    def enter(self, ego: carla.Vehicle, route: Route) -> None:
        """Put everybody on the road; InputError where there is no room."""

    def roll(self) -> None:
        """Have everybody, the ego too, roll with its first speed from the next tick on."""

    def update(self, snapshot: Snapshot, state: WorldState) -> None:
        """Look at a frame: judge it, and tell the actors what to do in the next one."""

    @property
    def end(self) -> str:
        """In words, that the drive is over; empty while it is not."""

    def verdict(self) -> ScenarioVerdict:
        """Return what has come of it so far."""

    def close(self) -> None:
        """Remove what was spawned; a second call does nothing."""


ScenarioMaker = Callable[[Session], DrivenScenario]
"""Makes a scenario in the world of a session."""
