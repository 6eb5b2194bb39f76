"""Forces, switches, parts, lights and doors of vehicles, one call after the other."""

from __future__ import annotations

from typing import Any

import carla
from common import Stage, beside, failure, leave, pose, straight_spawn, xyz

stage = Stage()
world = stage.world
start = straight_spawn(stage)
ahead, right = start.get_forward_vector(), start.get_right_vector()
car = stage.vehicle("vehicle.tesla.model3", start)
stage.ticks(30)
facts: dict[str, Any] = {}
physics = car.get_physics_control()
mass = facts["mass"] = physics.mass
facts["size"] = xyz(car.bounding_box.extent)


def fresh(z: float = 0.0) -> None:
    """Put the car back, at rest."""
    car.apply_control(carla.VehicleControl())
    car.set_transform(beside(start, 0.0, 0.0, z))
    car.set_target_velocity(carla.Vector3D())
    car.set_target_angular_velocity(carla.Vector3D())
    stage.ticks(2)


def along(vector: Any) -> float:
    """Return the part of a vector along the road."""
    return float(vector.x * ahead.x + vector.y * ahead.y)


def times(vector: carla.Vector3D, factor: float) -> carla.Vector3D:
    """Return a vector made longer."""
    return carla.Vector3D(vector.x * factor, vector.y * factor, vector.z * factor)


fresh()
car.add_force(times(ahead, 2.0 * mass / 0.05))
stage.ticks(1)
facts["force"] = along(car.get_velocity())
fresh()
car.add_impulse(carla.Vector3D(0, 0, 4.0 * mass))
rise = []
for _ in range(30):
    stage.ticks(1)
    rise.append(car.get_location().z)
facts["jump"] = [max(rise) - (start.location.z - 0.5), rise[-1] - (start.location.z - 0.5)]
fresh(20.0)
car.set_enable_gravity(False)
stage.ticks(1)
car.set_target_velocity(carla.Vector3D())
stage.ticks(20)
facts["floating"] = car.get_location().z - (start.location.z - 0.5)
car.add_angular_impulse(carla.Vector3D(0, 0, 3000.0))
stage.ticks(1)
facts["spin"] = car.get_angular_velocity().z
car.set_target_angular_velocity(carla.Vector3D(0, 0, 50.0))
stage.ticks(1)
facts["turning"] = car.get_angular_velocity().z
car.set_enable_gravity(True)
fall = [car.get_location().z]
stage.ticks(10)
fall.append(car.get_location().z)
facts["fall"] = fall[0] - fall[1]
stage.ticks(80)
fresh()

# Off the centre a push turns the car: to the right at its nose, clockwise, yaw grows.
nose = beside(start, 1.5, 0.0, 0.5).location
batch = carla.command
stage.client.apply_batch_sync([batch.ApplyImpulse(car.id, times(ahead, mass))], False)
stage.ticks(1)
facts["batch_impulse"] = along(car.get_velocity())
fresh()
stage.client.apply_batch_sync([batch.ApplyForce(car.id, times(ahead, mass / 0.05))], False)
stage.ticks(1)
facts["batch_force"] = along(car.get_velocity())
fresh()
car.enable_constant_velocity(carla.Vector3D(3, 0, 2.0))
stage.ticks(10)
facts["constant"] = [along(car.get_velocity()), car.get_location().z - (start.location.z - 0.5)]
car.disable_constant_velocity()
stage.ticks(40)

# Collisions off: through another car; on again: not.
other = stage.vehicle("vehicle.audi.tt", beside(start, 14.0, 0.0))
fresh()
car.set_collisions(False)
car.set_target_velocity(times(ahead, 15.0))
stage.ticks(30)
facts["ghost"] = [
    along(car.get_location() - start.location),
    other.get_location().distance(beside(start, 14.0, 0.0).location),
]
car.set_collisions(True)
other.destroy()

# Parts: the base and the wheels, where the physics control has them.
fresh()
car.apply_control(carla.VehicleControl(steer=0.5))
stage.ticks(20)
facts["bones"] = car.get_bone_names()
facts["components"] = car.get_component_names()
facts["world_bones"] = [pose(t) for t in car.get_bone_world_transforms()]
facts["vehicle_bones"] = [pose(t) for t in car.get_vehicle_bone_world_transforms()]
facts["relative_bones"] = [pose(t) for t in car.get_bone_relative_transforms()]
facts["wheels"] = [[p / 100 for p in xyz(w.position)] for w in car.get_physics_control().wheels]
left = carla.VehicleWheelLocation.FL_Wheel
facts["steer"] = [
    car.get_wheel_steer_angle(left),
    car.get_component_relative_transform("Wheel_Front_Left").rotation.yaw,
    pose(car.get_component_world_transform("Wheel_Front_Left")),
]
car.set_wheel_steer_direction(left, 12.0)
car.set_wheel_pitch_angle(left, 34.0)
stage.ticks(1)
shown = car.get_component_relative_transform("Wheel_Front_Left").rotation
facts["shown"] = [shown.yaw, shown.pitch, car.get_wheel_steer_angle(left)]
facts["no_component"] = failure(lambda: car.get_component_world_transform("Spoiler"))
facts["sockets"] = [
    car.get_socket_names(),
    len(car.get_socket_world_transforms()),
    len(car.get_socket_relative_transforms()),
]
fresh()
before = car.get_wheel_pitch_angle(left), car.get_location()
car.set_target_velocity(times(ahead, 1.0))
stage.ticks(10)
way = car.get_location().distance(before[1])
facts["rolled"] = [
    (car.get_wheel_pitch_angle(left) - before[0]) % 360.0,
    way,
    physics.wheels[0].radius / 100,
]

# Telemetry follows the model.
fresh()
car.apply_control(carla.VehicleControl(throttle=0.8, steer=0.1))
stage.ticks(30)
data = car.get_telemetry_data()
facts["telemetry"] = [
    data.speed,
    car.get_velocity().length(),
    data.throttle,
    data.steer,
    data.brake,
    data.gear,
    car.get_control().gear,
    sum(w.tire_load for w in data.wheels),
    [w.omega for w in data.wheels],
    data.drag,
]
# Braking loads the front.
car.apply_control(carla.VehicleControl(brake=1.0))
stage.ticks(2)
facts["braking_load"] = [w.tire_load for w in car.get_telemetry_data().wheels]

lamp = carla.VehicleLightState
car.set_light_state(lamp(lamp.LowBeam | lamp.LeftBlinker))
stage.ticks(1)
facts["lamps"] = [int(car.get_light_state()), int(world.get_vehicles_light_states()[car.id])]
gains = carla.AckermannControllerSettings(0.5, 0.1, 0.2, 0.03, 0.01, 0.02)
car.apply_ackermann_controller_settings(gains)
kept = car.get_ackermann_controller_settings()
facts["gains"] = [
    kept.speed_kp,
    kept.speed_ki,
    kept.speed_kd,
    kept.accel_kp,
    kept.accel_ki,
    kept.accel_kd,
]

# Into a house: it stands, the car stops and is told what it met.
label = carla.CityObjectLabel
road = [w.transform.location for w in stage.map.generate_waypoints(5.0)]
house = min(
    world.get_environment_objects(label.Buildings),
    key=lambda b: min(b.transform.location.distance(p) for p in road),
)
box = house.bounding_box
turn = carla.Transform(carla.Location(), box.rotation)
side = turn.get_forward_vector()
centre = carla.Location(box.location.x, box.location.y, box.location.z)
if min((centre + times(side, 8 + box.extent.x)).distance(p) for p in road) > min(
    (centre - times(side, 8 + box.extent.x)).distance(p) for p in road
):
    side = times(side, -1.0)
spot = centre + carla.Location(*xyz(times(side, box.extent.x + 6.0)))
ground = world.ground_projection(carla.Location(spot.x, spot.y, spot.z + 30), 100.0)
facing = carla.Rotation(
    yaw=box.rotation.yaw
    + (
        180.0
        if side.x * turn.get_forward_vector().x + side.y * turn.get_forward_vector().y > 0
        else 0
    )
)
for blocker in world.get_environment_objects(label.Any):
    if blocker.id != house.id and blocker.transform.location.distance(spot) < 12.0:
        world.enable_environment_objects({blocker.id}, False)
car.set_transform(carla.Transform(ground.location + carla.Location(z=0.2), facing))
car.set_target_velocity(carla.Vector3D())
car.apply_control(carla.VehicleControl())
bump, heard = stage.sensor("sensor.other.collision", car, carla.Transform())
stage.ticks(20)
car.set_target_velocity(times(side, -10.0))
for _ in range(30):
    stage.ticks(1)
here = car.get_location() - centre
gap = here.x * side.x + here.y * side.y
event = heard.get(timeout=250)
facts["house"] = [
    gap - box.extent.x,
    car.get_velocity().length(),
    event.other_actor.type_id,
    event.other_actor.id,
    xyz(event.normal_impulse),
    xyz(side),
]
world.enable_environment_objects({house.id}, False)
car.set_target_velocity(times(side, -10.0))
stage.ticks(20)
here = car.get_location() - centre
facts["gone_house"] = here.x * side.x + here.y * side.y - box.extent.x

# A walker is pushed away, not run through.
fresh()
walker = world.spawn_actor(
    stage.library.find("walker.pedestrian.0001"), beside(start, 8.0, 0.0, 1.2)
)
stage.ticks(10)
stood = walker.get_location()
car.set_target_velocity(times(ahead, 8.0))
nearest = 99.0
for _ in range(40):
    stage.ticks(1)
    nearest = min(nearest, along(walker.get_location() - car.get_location()))
facts["walker"] = [walker.get_location().distance(stood), nearest, car.bounding_box.extent.x]
for call in ("enable_chrono_physics", "enable_carsim"):
    arguments = (10, 0.01, "", "", "", "") if "chrono" in call else ("x",)
    getattr(car, call)(*arguments)
car.restore_physx_physics()
car.show_debug_telemetry(True)
car.open_door(carla.VehicleDoor.FL)
car.close_door(carla.VehicleDoor.All)
stage.ticks(1)
facts["alive"] = car.is_alive
leave(facts, (bump,))
