"""What a session of the driver contract tells and asks of a driving stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..world.states import EgoState, Vector
from ..world.timed_path import TimedPath
from .conversion import DeclaredCamera


@dataclass(frozen=True, eq=False)
class SessionInfo:
    """What a session was opened with."""

    uuid: str
    scene_id: str
    seed: int
    cameras: tuple[DeclaredCamera, ...]


@dataclass(frozen=True, eq=False)
class CameraShot:
    """An image as it came: a whole JPEG or PNG, its size, and when its shutter was open."""

    camera: DeclaredCamera
    image: bytes
    image_format: str
    width: int
    height: int
    opened_ns: int
    closed_ns: int


class Stack(Protocol):
    """The stack that drives; stamps are those of the session's clock, poses are in the map.

    All but ``plan`` are called one at a time. What it cannot do it says by RefusalError or
    DeadlineError.
    """

    def open(self, session: SessionInfo, limit_s: float) -> None:
        """Wait until everybody is there who drives, and make the session known."""

    def started(self, offset_ns: int) -> None:
        """Take what the stamps of this session are AlpaSim's times plus."""

    def ego(self, state: EgoState, stamp_ns: int) -> None:
        """Take where the ego is at a stamp later than all before."""

    def image(self, shot: CameraShot) -> None:
        """Take a camera's image."""

    def route(self, points: Vector, stamp_ns: int) -> None:
        """Take the way ahead: points (N, 3)."""

    def ground_truth(self, path: TimedPath, stamp_ns: int) -> None:
        """Take what the recorded vehicle did."""

    def plan(
        self, stamp_ns: int, until_ns: int, limit_s: float, alive: Callable[[], bool]
    ) -> TimedPath:
        """Return the plan for a stamp, within ``limit_s`` of wall time, while ``alive`` holds.

        It reaches from after ``stamp_ns`` to ``until_ns`` at least.
        """

    def close(self) -> None:
        """Take that the session is over."""
