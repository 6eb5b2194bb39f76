"""What services may ask of a run, in the thread that ticks."""

from __future__ import annotations

from typing import Protocol

from ...carla_client.actors.entities import Entities
from ...carla_client.session.session import Session


class RunInterface(Protocol):
    """The owner of a run's episode; everything is called between two frames."""

    @property
    def entities(self) -> Entities:
        """Everything that stands or moves in the world."""

    @property
    def session(self) -> Session:
        """The session with CARLA."""

    @property
    def stamp_ns(self) -> int:
        """The stamp of the last frame, ns."""

    def reset(self, *, keep_spawned: bool) -> None:
        """Open the episode anew; who was spawned is put back or destroyed. Time goes on."""

    def destroy_spawned(self) -> None:
        """Destroy everybody who was spawned."""

    def load_world(self, name: str, xodr: str) -> None:
        """Open an episode in the map called ``name``, or else in one made of OpenDRIVE text."""
