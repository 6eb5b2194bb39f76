"""Scripted road users: a vehicle that follows a path as it is told, and a walker."""

from __future__ import annotations

from collections.abc import Sequence

import carla
import numpy as np

from ..agents.route_follower import Obstacle, RouteAgent, settings_for
from ..carla_client.actors.ego import measure, measured_steer_rad
from ..carla_client.actors.observer import EgoTracker
from ..carla_client.driving.paths import MapPath
from ..carla_client.driving.pedals import DriveController
from ..carla_client.session.transforms import matrix_of
from ..core.errors import ProtocolError
from ..core.frames import Matrix, mirror_vector
from ..world.command import Command
from ..world.states import EgoState, Vector

_TOP_MPS = 40.0
_HAZARD_LIGHTS = carla.VehicleLightState(
    carla.VehicleLightState.RightBlinker | carla.VehicleLightState.LeftBlinker
)


class Driver:
    """Drives one vehicle along a path; its control acts in the next tick."""

    def __init__(self, vehicle: carla.Vehicle, path: MapPath, dt_s: float) -> None:
        self.vehicle = vehicle
        self._path = path
        self._dt_s = dt_s
        self._motion: EgoState | None = None
        self._tracker: EgoTracker | None = None

    @property
    def motion(self) -> EgoState:
        """The state of the rear axle after the last tick."""
        if self._motion is None:
            raise ProtocolError(f"{self.vehicle.type_id} has not been ticked yet")
        return self._motion

    @property
    def speed_mps(self) -> float:
        """Speed along the vehicle."""
        return self.motion.speed_mps

    @property
    def centre(self) -> Vector:
        """The middle (3,) of the vehicle's box in the map."""
        return np.asarray((self.motion.map_from_base @ self._box_in_base)[:3])

    @property
    def along_m(self) -> float:
        """How far the rear axle is along the path it was given."""
        away = np.linalg.norm(self._path[:, :2] - self.motion.map_from_base[:2, 3], axis=1)
        return float(np.argmin(away))

    @property
    def length_m(self) -> float:
        """The vehicle's length."""
        return 2.0 * float(self.vehicle.bounding_box.extent.x)

    def update(self, snapshot: carla.WorldSnapshot) -> None:
        """Take over the state after a tick."""
        if self._tracker is None:
            state = snapshot.find(self.vehicle.id)
            ego = measure(self.vehicle, matrix_of(state.get_transform()))
            self._box_in_base = np.array([*ego.info.box_in_base_m, 1.0])
            self._tracker = EgoTracker(ego, self._dt_s, from_poses=False)
            self._settings = settings_for(
                ego.info,
                cruise_mps=_TOP_MPS,
                lateral_mps2=4.0,
                brake_mps2=4.5,
                accelerate_mps2=3.0,
                half_width_m=1.3,
            )
            self._ego = ego
            self._controller = DriveController(ego.info, self._dt_s)
            self._agent = RouteAgent(self._path, self._settings, self._dt_s)
        self._motion = self._tracker.update(snapshot)

    def change_path(self, path: MapPath) -> None:
        """Follow another path from where the vehicle is."""
        self._path = path
        self._agent = RouteAgent(path[int(self.along_m) :], self._settings, self._dt_s)

    def change_path_whole(self, path: MapPath) -> None:
        """Follow a path that begins where the vehicle is."""
        self._path = path
        self._agent = RouteAgent(path, self._settings, self._dt_s)

    def follow(self, speed_mps: float, others: Sequence[Obstacle] = ()) -> None:
        """Drive on at a speed, slower in curves and behind ``others``."""
        motion = self.motion
        drive = self._agent.step(motion.map_from_base, motion.speed_mps, others, ())
        command = Command("ackermann", drive.steer_rad, min(drive.speed_mps, speed_mps))
        steer_rad = measured_steer_rad(self._ego)
        control = self._controller.control(command, motion.speed_mps, steer_rad)
        self.vehicle.apply_control(control)

    def show_hazard_lights(self) -> None:
        """Turn on the hazard lights."""
        self.vehicle.set_light_state(_HAZARD_LIGHTS)

    def brake(self, pedal: float) -> None:
        """Brake, 0 to 1, and keep steering along the path."""
        motion = self.motion
        drive = self._agent.step(motion.map_from_base, motion.speed_mps, (), ())
        command = Command("ackermann", drive.steer_rad)
        steer = self._controller.steer(command, motion.speed_mps, measured_steer_rad(self._ego))
        self.vehicle.apply_control(carla.VehicleControl(brake=pedal, steer=steer))


class Pedestrian:
    """A walker that stands or walks straight ahead."""

    def __init__(self, walker: carla.Walker) -> None:
        self.walker = walker

    def walk(self, heading_rad: float, speed_mps: float) -> None:
        """Walk in a direction of the map (radians from x, towards y)."""
        x, y, z = mirror_vector((np.cos(heading_rad), np.sin(heading_rad), 0.0))
        direction = carla.Vector3D(float(x), float(y), float(z))
        self.walker.apply_control(carla.WalkerControl(direction, speed_mps, False))

    def stand(self) -> None:
        """Stop."""
        self.walker.apply_control(carla.WalkerControl(carla.Vector3D(1.0, 0.0, 0.0), 0.0, False))


def obstacle_of(
    actor: carla.Actor, snapshot: carla.WorldSnapshot, map_from_viewer: Matrix
) -> Obstacle:
    """Return an actor as an obstacle: its box and its speed along the viewer's own axis."""
    state = snapshot.find(actor.id)
    if state is None:
        raise ProtocolError(f"{actor.type_id} ({actor.id}) has left the world")
    box = actor.bounding_box
    map_from_box = matrix_of(state.get_transform())
    centre = np.array([box.location.x, -box.location.y, box.location.z, 1.0])
    map_from_box[:3, 3] = (map_from_box @ centre)[:3]
    velocity = state.get_velocity()
    speed_mps = float(mirror_vector((velocity.x, velocity.y, velocity.z)) @ map_from_viewer[:3, 0])
    size_m = (2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z)
    return Obstacle(map_from_box, size_m, speed_mps)
