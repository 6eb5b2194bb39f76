"""What services may ask of a run, in the thread that ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ...carla_client.actors.entities import Entities
    from ...carla_client.session.session import Session


class RunInterface(Protocol):
    """The owner of a run's stage; everything is called between two frames."""

    @property
    def entities(self) -> Entities:
        """Everything that stands or moves on the stage."""

    @property
    def session(self) -> Session:
        """The session with CARLA."""

    @property
    def stamp_ns(self) -> int:
        """The stamp of the last frame, ns."""

    def reset(self, *, keep_spawned: bool) -> None:
        """Set the stage anew; who was spawned is put back or sent away. Time goes on."""

    def destroy_spawned(self) -> None:
        """Destroy everybody who was spawned."""

    def load_world(self, name: str, xodr: str) -> None:
        """Load the map called ``name``, or else one made of OpenDRIVE text; set the stage there."""
