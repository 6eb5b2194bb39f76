"""What a replay asks of the simulation that it drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vec3 = tuple[float, float, float]


@dataclass(frozen=True)
class ReplayedActor:
    """An actor that a recording brings in.

    ``kind`` is the recorder's actor kind (``recorder_log.ActorKind``), ``location_cm`` CARLA's
    world x, y, z in centimetres and ``rotation_deg`` roll, pitch, yaw in degrees.
    """

    recorded_id: int
    kind: int
    blueprint: str
    attributes: Mapping[str, str]
    location_cm: Vec3
    rotation_deg: Vec3


@dataclass(frozen=True)
class WheelPose:
    """Pose of one wheel: recorder's wheel number, steering and rolling angle in degrees."""

    wheel: int
    steer_deg: float
    rotation_deg: float


class ReplayTarget(Protocol):
    """The simulation as a replay sees it; ids are those of live actors.

    A call for an id that is no longer alive (a client destroyed the actor) does nothing.
    """

    def remove_level_props(self) -> None:
        """Remove the movable props that belong to the level; the recording brings its own."""

    def blueprint_of(self, actor_id: int) -> str | None:
        """Return the blueprint id of a live actor, or None."""

    def spectator_id(self) -> int | None:
        """Return the id of the spectator."""

    def traffic_light_at(self, location_cm: Vec3) -> int | None:
        """Return the traffic light that stands at ``location_cm``, or None."""

    def spawn_replayed(self, actor: ReplayedActor) -> int | None:
        """Create the actor, with its recorded id if that is free; None when it cannot be made."""

    def hold(self, actor_id: int) -> None:
        """Take a vehicle or walker out of physics, collisions and autopilot."""

    def release(self, actor_id: int) -> None:
        """Give physics and collisions back, with zero velocity and a zeroed control."""

    def move(
        self,
        actor_ids: Sequence[int],
        locations_cm: NDArray[np.float64],
        rotations_deg: NDArray[np.float64],
    ) -> None:
        """Put actors at locations (N, 3) in cm and rotations (N, 3) roll, pitch, yaw in degrees."""

    def destroy(self, actor_id: int) -> None:
        """Destroy the actor."""

    def attach(self, child_id: int, parent_id: int) -> None:
        """Attach a child to its parent, keeping the child's place in the world."""

    def set_traffic_light(
        self, actor_id: int, state: int, elapsed_s: float, *, frozen: bool
    ) -> None:
        """Set a light: 0 red, 1 yellow, 2 green, 3 off, 4 unknown.

        ``elapsed_s`` is the time since the last change at its junction.
        """

    def animate_vehicle(
        self,
        actor_id: int,
        steer: float,
        throttle: float,
        brake: float,
        gear: int,
        *,
        hand_brake: bool,
    ) -> None:
        """Show a vehicle's pedals (0 to 1) and steer (-1 to 1); ``gear`` below zero is reverse."""

    def animate_walker(self, actor_id: int, speed_cm_s: float) -> None:
        """Show a walker walking at a speed in cm/s."""

    def animate_wheels(self, actor_id: int, wheels: Sequence[WheelPose]) -> None:
        """Turn a vehicle's wheels."""

    def animate_biker(self, actor_id: int, forward_cm_s: float, engine_ratio: float) -> None:
        """Show the rider of a two-wheeler at a speed in cm/s, engine at a share of its top."""

    def set_vehicle_lights(self, actor_id: int, flags: int) -> None:
        """Set ``carla.VehicleLightState`` flags."""

    def set_vehicle_door(self, actor_id: int, door: int, *, is_open: bool) -> None:
        """Open or close one door (``carla.VehicleDoor``)."""

    def set_scene_light(
        self,
        light_id: int,
        intensity: float,
        rgba: tuple[float, float, float, float],
        group: int,
        *,
        on: bool,
    ) -> None:
        """Set a lamp of the level; colours linear in [0, 1], ``group`` is ``carla.LightGroup``."""

    def set_visual_time(self, seconds: float) -> None:
        """Set the clock of shaders and effects."""
