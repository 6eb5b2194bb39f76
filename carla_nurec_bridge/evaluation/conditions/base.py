"""What a condition is, and what is fixed while it is watched."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...opendrive.model import OpenDriveMap
from ..lane_cover import LaneCover, lane_cover
from .tick import Tick

Array = NDArray[np.float64]
Holds = Literal["once", "always", "never", "at_end"]


@dataclass(frozen=True, eq=False)
class Course:
    """The map and the ego's route (N, 2 or 3) in it, None where there is none."""

    opendrive: OpenDriveMap | None = field(default=None, repr=False)
    route: Array | None = field(default=None, repr=False)

    @property
    def cover(self) -> LaneCover | None:
        """The lanes of the map."""
        return None if self.opendrive is None else lane_cover(self.opendrive)


@dataclass(frozen=True, eq=False)
class Observed:
    """What a condition sees at one tick.

    * holds: whether it is so; None when nobody can tell, say of an actor that is not there.
    * words: what was seen, in the past tense; empty where there is nothing to say.
    * place: where (3,), m of the map.
    * margin: by how much it holds, in the unit of its number, negative where it does not; None
      where there is no more and less.
    """

    holds: bool | None
    words: str = ""
    place: Array | None = None
    actors: tuple[int, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)
    margin: float | None = None


class Watch(Protocol):
    """A condition that is watched tick by tick."""

    @property
    def claim(self) -> str:
        """What it says, in the present tense."""

    def look(self, tick: Tick) -> Observed:
        """Look at the next tick."""


class Condition(BaseModel):
    """A condition, and for an expected outcome when it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Any
    holds: Holds | None = Field(
        None,
        description="in an outcome: once (it comes true, the default), always, never, or at_end of "
        "the time that it is watched",
    )
    after_s: float | None = Field(
        None, ge=0, le=3600, description="in an outcome: watched from this time of the drive on, s"
    )
    within_s: float | None = Field(
        None, gt=0, le=3600, description="in an outcome: watched until this time of the drive, s"
    )

    @model_validator(mode="after")
    def _rising_times(self) -> Condition:
        after_s, within_s = self.after_s or 0.0, self.within_s
        if within_s is not None and after_s >= within_s:
            raise ValueError("after_s must be before within_s")
        return self

    @property
    def is_timed(self) -> bool:
        """Whether it says when it must hold."""
        return (self.holds, self.after_s, self.within_s) != (None, None, None)

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions that it combines."""
        return ()

    @abstractmethod
    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
