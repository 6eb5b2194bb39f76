"""The ego vehicle: found or spawned, where its rear axle is, and how it is driven."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import carla
import numpy as np

from ...core.errors import InputError, ProtocolError
from ...core.frames import Matrix, invert, rigid
from ...core.near_names import no_blueprint
from ...world.vehicle_info import SteerLimits, VehicleInfo

_CM = 0.01
_APART_M = 0.2
_KMH = 3.6
_MOTORCYCLE = 2
_FRONT = (carla.VehicleWheelLocation.FL_Wheel, carla.VehicleWheelLocation.FR_Wheel)


@dataclass(frozen=True)
class Ego:
    """The ego's actor and what is fixed about it.

    ``base_from_actor`` takes points of CARLA's actor frame (right-handed) to base_link, the rear
    axle on the ground. ``info.max_steer_rad`` is the angle of the front wheels at steer 1.
    """

    actor: carla.Vehicle
    base_from_actor: Matrix
    info: VehicleInfo
    wheels: int


def find_by_role(world: carla.World, role_name: str) -> carla.Vehicle | None:
    """Return the vehicle whose ``role_name`` is that, None when there is none."""
    for actor in world.get_actors().filter("vehicle.*"):
        if actor.attributes.get("role_name") == role_name:
            return actor
    return None


def find_blueprint(world: carla.World, blueprint_id: str) -> carla.ActorBlueprint:
    """Return a blueprint, the first of a pattern; InputError offers near names where none fits."""
    library = world.get_blueprint_library()
    found = library.filter(blueprint_id)
    if len(found) == 0:
        raise InputError(no_blueprint(blueprint_id, (b.id for b in library)))
    return found[0]


def ego_blueprint(world: carla.World, blueprint_id: str) -> str:
    """Return the id of a vehicle's blueprint, the first of a pattern; InputError for others."""
    found: str = find_blueprint(world, blueprint_id).id
    if not found.startswith("vehicle."):
        raise InputError(f"an ego is a vehicle, and {found} is none; choose a blueprint vehicle.*")
    return found


def spawn(
    world: carla.World, blueprint_id: str, role_name: str, transform: carla.Transform
) -> carla.Vehicle:
    """Spawn an actor; InputError when the blueprint is unknown or the place is taken."""
    blueprint = find_blueprint(world, blueprint_id)
    if blueprint.has_attribute("role_name"):
        blueprint.set_attribute("role_name", role_name)
    if blueprint.has_attribute("color"):
        blueprint.set_attribute("color", blueprint.get_attribute("color").recommended_values[0])
    actor = world.try_spawn_actor(blueprint, transform)
    if actor is None:
        location = transform.location
        raise InputError(
            f"{role_name} ({blueprint_id}) cannot be spawned at x={location.x:.1f} "
            f"y={location.y:.1f}: the place is taken; choose another one, or another seed"
        )
    return actor


def measure(actor: carla.Vehicle, map_from_actor: Matrix) -> Ego:
    """Return the ego of a vehicle that stands at ``map_from_actor``.

    The rear axle comes from the wheels, whose positions CARLA gives in centimetres of the world
    frame. ProtocolError when they are not near the vehicle, or all at one place.
    """
    physics = actor.get_physics_control()
    wheels = physics.wheels
    box = actor.bounding_box
    if len(wheels) < 2:
        raise ProtocolError(f"CARLA lists {len(wheels)} wheels of {actor.type_id}; two are needed")
    world = np.array([(w.position.x, -w.position.y, w.position.z) for w in wheels]) * _CM
    if not np.ptp(world[:, :2], axis=0).max() > _APART_M:
        x, y, z = (float(value) for value in world[0])
        raise ProtocolError(
            f"CARLA reports all {len(wheels)} wheels of {actor.type_id} at one place "
            f"({x:g}, {y:g}, {z:g} m), so its axles cannot be found; servers of the UE5 branch "
            "are known for it"
        )
    in_actor = (invert(map_from_actor) @ np.c_[world, np.ones(len(wheels))].T).T[:, :3]
    length = 2.0 * box.extent.x
    if np.abs(in_actor).max() > length:
        raise ProtocolError(
            f"the wheels of {actor.type_id} lie {np.abs(in_actor).max():.1f} m away from it; "
            "they should be given in centimetres of the world frame"
        )
    middle = (in_actor[:, 0].min() + in_actor[:, 0].max()) / 2
    rear, front = (in_actor[:, 0] < middle), (in_actor[:, 0] >= middle)
    radius_m = float(np.mean([w.radius for w in wheels])) * _CM
    axle = in_actor[rear].mean(axis=0)
    ground_z = float(in_actor[:, 2].mean()) - radius_m
    actor_from_base = rigid(np.eye(3), (axle[0], 0.0, ground_z))
    centre = np.array([box.location.x, -box.location.y, box.location.z])
    x, y, z = centre - actor_from_base[:3, 3]
    max_steer_rad = math.radians(max(w.max_steer_angle for w in wheels))
    return Ego(
        actor=actor,
        base_from_actor=invert(actor_from_base),
        info=VehicleInfo(
            blueprint=actor.type_id,
            wheelbase_m=float(in_actor[front, 0].mean() - axle[0]),
            max_steer_rad=max_steer_rad,
            size_m=(length, 2.0 * box.extent.y, 2.0 * box.extent.z),
            box_in_base_m=(float(x), float(y), float(z)),
            steer_limits=_steer_limits(physics.steering_curve, max_steer_rad),
        ),
        wheels=len(wheels),
    )


def _steer_limits(curve: Sequence[carla.Vector2D], max_steer_rad: float) -> SteerLimits:
    """Return (speed in m/s, greatest angle in rad) of CARLA's curve of shares over km/h."""
    limits = [(p.x / _KMH, max_steer_rad * min(max(p.y, 0.0), 1.0)) for p in curve]
    return tuple(sorted(limits)) or ((0.0, max_steer_rad),)


def measured_steer_rad(ego: Ego) -> float:
    """Return the mean angle of the front wheels as CARLA turns them now, left positive."""
    wheels = _FRONT if ego.wheels > _MOTORCYCLE else _FRONT[:1]
    angles_deg = [ego.actor.get_wheel_steer_angle(wheel) for wheel in wheels]
    return -math.radians(sum(angles_deg) / len(angles_deg))
