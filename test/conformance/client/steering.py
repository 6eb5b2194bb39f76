"""Turn the wheels of several vehicles at several speeds; what they are asked and what they do."""

from __future__ import annotations

import carla

from carla_nurec_bridge.carla_client.actors.ego import measure, measured_steer_rad, spawn
from carla_nurec_bridge.carla_client.driving.pedals import DriveController
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.carla_client.session.transforms import matrix_of
from carla_nurec_bridge.world.command import Command

_VEHICLES = (
    "vehicle.lincoln.mkz_2020",
    "vehicle.carlamotors.firetruck",
    "vehicle.harley-davidson.low_rider",
)
_ASKED = (
    (0.0, 0.3),
    (5.0, 0.2),
    (5.0, -0.2),
    (10.0, 0.1),
    (20.0, 0.05),
    (20.0, -0.05),
    (10.0, 1.5),
)
_LAND_TICKS, _TICKS = 15, 8


def steered(session: Session, dt_s: float) -> list[tuple[str, float, float, float, bool]]:
    """Return (blueprint, speed, angle asked, angle of the wheels, clipped) of every try."""
    found = []
    for blueprint in _VEHICLES:
        for speed_mps, angle_rad in _ASKED:
            place = session.map.get_spawn_points()[0]
            actor = spawn(session.world, blueprint, "steered", place)
            for _ in range(_LAND_TICKS):
                snapshot = session.tick()
            ego = measure(actor, matrix_of(snapshot.find(actor.id).get_transform()))
            controller, clipped = DriveController(ego.info, dt_s), False
            ahead = place.get_forward_vector()
            actor.set_target_velocity(carla.Vector3D(ahead.x * speed_mps, ahead.y * speed_mps, 0.0))
            session.tick()
            for _ in range(_TICKS):
                velocity = session.world.get_snapshot().find(actor.id).get_velocity()
                command = Command("ackermann", angle_rad, speed_mps)
                control = controller.control(command, velocity.length(), measured_steer_rad(ego))
                actor.apply_control(control)
                clipped = clipped or bool(controller.clip)
                session.tick()
            found.append((blueprint, speed_mps, angle_rad, measured_steer_rad(ego), clipped))
            session.client.apply_batch([carla.command.DestroyActor(actor.id)])
            session.tick()
    return found
