"""What a recorder asks of the simulation that it records.

Units are those of the file: locations cm and rotations (roll, pitch, yaw) degrees in CARLA's
left-handed world.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ....recorder_log.records import RecordedPhysics
from .replay_target import Vec3, WheelPose

NO_ACTOR = 0xFFFFFFFF
"""The other side of a collision with something that is no actor."""


@dataclass(frozen=True)
class RecordedActor:
    """An actor as it appears.

    ``kind`` is ``recorder_log.layouts.ActorKind``, ``uid`` the blueprint's place in the library
    (0 for level actors), ``attributes`` are (``carla.ActorAttributeType`` number, name, value).
    Boxes are (centre, half size) in cm: ``box_cm`` in the actor's frame for all but signs and
    lights, ``trigger_cm`` in the world for signs and lights.
    """

    actor_id: int
    kind: int
    blueprint: str
    uid: int
    attributes: tuple[tuple[int, str, str], ...]
    location_cm: Vec3
    rotation_deg: Vec3
    parent_id: int | None = None
    box_cm: tuple[Vec3, Vec3] | None = None
    trigger_cm: tuple[Vec3, Vec3] | None = None
    physics: RecordedPhysics | None = None
    light_times_s: Vec3 | None = None
    """Durations of green, yellow and red of a traffic light."""


@dataclass(frozen=True)
class VehicleShown:
    """What a vehicle shows: control, lights, wheels, and the rider's (cm/s, engine share)."""

    steer: float
    throttle: float
    brake: float
    hand_brake: bool
    gear: int
    light_flags: int
    wheels: tuple[WheelPose, ...] = ()
    biker: tuple[float, float] | None = None


@dataclass(frozen=True)
class MovingActor:
    """Pose and motion of a vehicle, a walker or a prop (the spectator is one) in this tick.

    Velocities are in world axes: m/s and deg/s. ``walking_cm_s`` is a walker's commanded speed.
    """

    actor_id: int
    location_cm: Vec3
    rotation_deg: Vec3
    velocity_m_s: Vec3 = (0.0, 0.0, 0.0)
    angular_deg_s: Vec3 = (0.0, 0.0, 0.0)
    vehicle: VehicleShown | None = None
    walking_cm_s: float | None = None


@dataclass(frozen=True)
class LightShown:
    """State of a traffic light: 0 red, 1 yellow, 2 green, 3 off, 4 unknown."""

    actor_id: int
    frozen: bool
    elapsed_s: float
    state: int


class RecordingSource(Protocol):
    """The simulation as a recorder sees it."""

    def actor_ids(self) -> Iterable[int]:
        """Return the ids of all actors alive now, the spectator and level actors among them."""

    def describe(self, actor_id: int) -> RecordedActor:
        """Return an actor as it stands now."""

    def moving(self) -> Iterable[MovingActor]:
        """Return every vehicle, walker and prop."""

    def lights(self) -> Iterable[LightShown]:
        """Return every traffic light."""

    def take_collisions(self) -> Iterable[tuple[int, int]]:
        """Return (carrier of the sensor, other or NO_ACTOR) since the last call."""

    def take_doors(self) -> Iterable[tuple[int, int, bool]]:
        """Return (vehicle, door, open) of every door moved since the last call."""

    def visual_time_s(self) -> float:
        """Return the clock of shaders and effects."""
