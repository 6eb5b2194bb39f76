"""What an adversary is: a line of a scenario file, and a script that steps with the drive."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ....agents.route_follower import Obstacle
from ....carla_client.driving.paths import MapPath
from ....evaluation.conditions import Trigger

Steps = Generator[None, None, None]
Vector = NDArray[np.float64]


class Vehicle(Protocol):
    """A scripted vehicle; what it is told acts in the next tick."""

    @property
    def speed_mps(self) -> float:
        """Speed along the vehicle."""

    @property
    def along_m(self) -> float:
        """How far the rear axle is along the path it was given."""

    @property
    def length_m(self) -> float:
        """The vehicle's length."""

    @property
    def centre(self) -> Vector:
        """The middle (3,) of its box in the map."""

    def change_path(self, path: MapPath) -> None:
        """Follow another path from where it is."""

    def follow(self, speed_mps: float, others: tuple[Obstacle, ...] = ()) -> None:
        """Drive on at a speed, slower in curves and behind ``others``."""

    def brake(self, pedal: float) -> None:
        """Brake, 0 to 1, and keep steering along the path."""

    def show_hazard_lights(self) -> None:
        """Turn on the hazard lights."""


class Walker(Protocol):
    """A scripted walker; what it is told acts in the next tick."""

    def walk(self, heading_rad: float, speed_mps: float) -> None:
        """Walk in a direction of the map (radians from x, towards y)."""

    def stand(self) -> None:
        """Stop."""


class AdversaryHandles(Protocol):
    """What a script works with: the ego's way, who can be put on the road, and triggers."""

    @property
    def path(self) -> MapPath:
        """The ego's route, a metre apart, with some way before its start."""

    def index_at(self, at_m: float) -> int:
        """Return the point of ``path`` that lies so far along the ego's route.

        InputError behind the route's end.
        """

    @property
    def dt_s(self) -> float:
        """Simulated time of a frame."""

    @property
    def ego_along_m(self) -> float:
        """How far the ego's rear axle is along ``path``."""

    @property
    def ego_length_m(self) -> float:
        """The ego's length."""

    @property
    def rng(self) -> np.random.Generator:
        """Draws of this adversary alone."""

    def vehicle(
        self, name: str, blueprint: str, path: MapPath, at_m: float, speed_mps: float
    ) -> Vehicle:
        """Put a vehicle on a path, ``at_m`` along it, that rolls from the first frame on.

        An empty blueprint takes some car. InputError where there is no room.
        """

    def walker(self, name: str, blueprint: str, place: Vector, heading_rad: float) -> Walker:
        """Put a walker on the ground at (3,) of the map."""

    def left_lane_m(self, index: int) -> float:
        """Return how far left of a point of ``path`` the middle of the next lane is.

        InputError where there is none.
        """

    def edges_m(self, index: int) -> tuple[float, float]:
        """Return how far the road's edges are right and left of a point of ``path``."""

    def obstacles(self, vehicle: Vehicle) -> tuple[Obstacle, ...]:
        """Return everybody else as obstacles of a vehicle."""

    def holds(self, trigger: Trigger) -> Callable[[], bool]:
        """Begin to watch a trigger; the function says whether it has held since, in each frame."""

    def done(self, step: str) -> None:
        """Note that a step of this adversary is done, for triggers of others."""


class Adversary(BaseModel):
    """One who gets in the ego's way.

    ``play`` is a generator: what comes before its first ``yield`` puts everybody there, and before
    each next one it has told everybody what to do in the next frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: Any
    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        max_length=40,
        description="role_name in CARLA, and how conditions call it",
    )
    blueprint: str = Field(
        "",
        description="its blueprint, * stands for any text; empty: the seed chooses one",
    )
    trigger: Trigger = Field(description="when it does what it is there for: a condition")

    @abstractmethod
    def play(self, around: AdversaryHandles) -> Steps:
        """Return the steps of its script."""
