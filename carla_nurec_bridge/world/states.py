"""One moment of the world, whoever tells it: CARLA, a bag, or a recorder file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ProtocolError
from ..core.frames import Matrix, rigid
from .object_classes import ObjectClass

Vector = NDArray[np.float64]
Size = tuple[float, float, float]
"""Length, width and height in metres."""
TELEPORT_MPS = 100.0
"""A step between frames that is faster is a jump: nobody moves so."""
LightColour = Literal["red", "yellow", "green", "off"]

_SIGNS: Vector = np.array(list(product((-1.0, 1.0), repeat=3)))


@dataclass(frozen=True, eq=False)
class Box:
    """An oriented box of the map: ``map_from_box`` (4, 4) is the pose of its centre."""

    map_from_box: Matrix
    size_m: Size

    def corners(self) -> NDArray[np.float64]:
        """Return the corners (8, 3) in the map: by rising x, then y, then z of the box."""
        half = np.array(self.size_m) / 2.0
        corners: Vector = _SIGNS * half @ self.map_from_box[:3, :3].T + self.map_from_box[:3, 3]
        return corners


@dataclass(frozen=True)
class Appearance:
    """What an actor looks like: CARLA's blueprint (empty: unknown) and paint (sRGB, 0..255)."""

    blueprint: str
    colour: tuple[int, int, int] | None


@dataclass(frozen=True, eq=False)
class Actor:
    """What is fixed about an actor.

    ``id`` is CARLA's, ``size_m`` that of its bounding box. What the source does not tell is empty:
    a bag never has the ``role_name``, and only with ``objects/appearance`` an ``appearance``.
    """

    id: int
    role_name: str
    object_class: ObjectClass
    size_m: Size
    appearance: Appearance | None = None

    @property
    def blueprint(self) -> str:
        """Its blueprint in CARLA, empty where nobody told."""
        return "" if self.appearance is None else self.appearance.blueprint


@dataclass(frozen=True, eq=False)
class ActorState:
    """An actor at one moment: the centre of its box, and how that moves in axes of the map.

    Velocities and accelerations are nan where the source tells none, as bags do not.
    """

    actor: Actor
    map_from_box: Matrix
    linear_map_mps: Vector
    angular_map_radps: Vector
    acceleration_map_mps2: Vector

    @property
    def box(self) -> Box:
        """The actor's box."""
        return Box(self.map_from_box, self.actor.size_m)


@dataclass(frozen=True)
class EgoBox:
    """The ego's box: its sides, and its centre in base_link (rear axle on the ground) in m."""

    size_m: Size
    centre_m: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class EgoState:
    """The ego at one moment: base_link in the map, and how it moves in base_link's own axes.

    ``body`` is None where the source does not say how large the ego is; the acceleration is nan
    where it tells none.
    """

    map_from_base: Matrix
    linear_base_mps: Vector
    angular_base_radps: Vector
    acceleration_base_mps2: Vector
    body: EgoBox | None

    @property
    def speed_mps(self) -> float:
        """Speed along the vehicle, negative backwards."""
        return float(self.linear_base_mps[0])

    @property
    def box(self) -> Box:
        """The ego's box; ProtocolError where nobody told its size."""
        if self.body is None:
            raise ProtocolError(
                "the ego's size is unknown: its source has no vehicle with a box, such as a bag "
                "without robot_description"
            )
        return Box(self.map_from_base @ rigid(np.eye(3), self.body.centre_m), self.body.size_m)


@dataclass(frozen=True, eq=False)
class TrafficLight:
    """What a traffic light shows to one lane, and the piece of that lane that ends where one stops.

    ``signal_id`` is OpenDRIVE's; ``map_from_area`` (4, 4) is the middle of the piece, x along the
    driving direction.
    """

    signal_id: str
    lane: str
    map_from_area: Matrix
    size_m: Size
    shows: LightColour = "off"

    @property
    def stop(self) -> Vector:
        """The middle of the stop line (3,) in the map."""
        point: Vector = self.map_from_area @ (0.5 * self.size_m[0], 0.0, 0.0, 1.0)
        return point[:3]

    @property
    def stops_traffic(self) -> bool:
        """Whether one has to stop for it."""
        return self.shows in ("red", "yellow")


@dataclass(frozen=True, eq=False)
class WorldState:
    """The world at one stamp: the ego, all other actors, and what the traffic lights show."""

    stamp_ns: int
    ego: EgoState
    actors: tuple[ActorState, ...]
    lights: tuple[TrafficLight, ...] = ()
