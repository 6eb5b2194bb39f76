"""Drive one vehicle through everything a driver can do, then push and place it."""

from __future__ import annotations

import math
from itertools import pairwise

import carla
from common import Stage, beside, failure, leave, pose, straight_spawn, xyz

stage = Stage()
world = stage.world
start = straight_spawn(stage)
facts = {}
car = stage.vehicle("vehicle.tesla.model3", start, color="10,20,30", role_name="hero")
facts["fresh"] = [
    car.type_id,
    car.attributes["color"],
    car.attributes["role_name"],
    car.attributes["number_of_wheels"],
]
facts["box"] = [xyz(car.bounding_box.location), xyz(car.bounding_box.extent)]
facts["blocked"] = failure(lambda: stage.vehicle("vehicle.audi.tt", beside(start, 1.0, 0.0)))
facts["try_blocked"] = world.try_spawn_actor(stage.library.find("vehicle.audi.tt"), start) is None
stage.ticks(20)
facts["rest"] = [pose(car.get_transform()), car.get_velocity().length(), pose(start)]
facts["limit"] = car.get_speed_limit()


def speed() -> float:
    """Return the speed in m/s."""
    return float(car.get_velocity().length())


def away() -> float:
    """Return the way from the start in metres."""
    return float(car.get_location().distance(start.location))


car.apply_control(carla.VehicleControl(throttle=0.5))
speeds = []
for _ in range(40):
    stage.ticks(1)
    speeds.append(speed())
facts["speeds"] = speeds
facts["accelerations"] = [xyz(car.get_acceleration()), (speeds[-1] - speeds[-2]) / 0.05]
control = car.get_control()
facts["control"] = [control.throttle, control.steer, control.brake, control.gear]
facts["telemetry"] = [car.get_telemetry_data().speed, car.get_telemetry_data().engine_rpm]
before_brake, v = away(), speed()
car.apply_control(carla.VehicleControl(brake=1.0))
stage.ticks(60)
facts["braking"] = [v, away() - before_brake, speed()]
car.apply_control(carla.VehicleControl())
stage.ticks(10)
forward = start.get_forward_vector()
car.set_target_velocity(carla.Vector3D(12.0 * forward.x, 12.0 * forward.y, 0.0))
car.apply_control(carla.VehicleControl(brake=0.7))
eased = [speed() for _ in range(16) if stage.ticks(1)]
facts["eased"] = [-20.0 * (b - a) for a, b in pairwise([12.0, *eased])]
car.set_target_velocity(carla.Vector3D())

car.set_transform(start)
car.apply_control(carla.VehicleControl(throttle=0.4, reverse=True))
stage.ticks(40)
forward = start.get_forward_vector()
moved = car.get_location() - start.location
facts["reverse"] = [moved.x * forward.x + moved.y * forward.y, car.get_control().gear]
car.apply_control(carla.VehicleControl(hand_brake=True))
stage.ticks(60)
facts["hand_brake"] = speed()

# Circle at walking speed: the radius is wheelbase / tan(angle) of the rear axle.
car.set_transform(start)
car.apply_control(carla.VehicleControl(brake=1.0, steer=0.5))
stage.ticks(20)
car.enable_constant_velocity(carla.Vector3D(0, 0, 0))
car.disable_constant_velocity()
yaws, places = [], []
for _ in range(60):
    v = speed()
    car.apply_control(carla.VehicleControl(throttle=0.35 if v < 1.5 else 0.0, steer=0.5))
    stage.ticks(1)
    yaws.append(car.get_transform().rotation.yaw)
    places.append(xyz(car.get_location()))
facts["circle"] = [yaws, places, car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)]
facts["turn_rate"] = [car.get_angular_velocity().z, (yaws[-1] - yaws[-2]) / 0.05]

physics = car.get_physics_control()
facts["wheels_m"] = [[w.position.x / 100, w.position.y / 100] for w in physics.wheels]
facts["stand"] = pose(car.get_transform())
facts["physics"] = [
    physics.mass,
    len(physics.forward_gears),
    physics.max_rpm,
    max(w.max_steer_angle for w in physics.wheels),
]
physics.mass = 3210.0
physics.torque_curve = [carla.Vector2D(0, 111), carla.Vector2D(5000, 222)]
car.apply_physics_control(physics)
got = car.get_physics_control()
facts["changed_physics"] = [got.mass, [[p.x, p.y] for p in got.torque_curve]]

car.set_transform(start)
car.apply_control(carla.VehicleControl())
car.set_target_velocity(carla.Vector3D(0, 0, 0))
stage.ticks(10)
car.add_impulse(carla.Vector3D(3210.0 * 2.0 * forward.x, 3210.0 * 2.0 * forward.y, 0))
stage.ticks(1)
facts["impulse"] = speed()
car.set_target_velocity(carla.Vector3D(7 * forward.x, 7 * forward.y, 0))
stage.ticks(1)
facts["target_velocity"] = speed()
car.enable_constant_velocity(carla.Vector3D(4, 0, 0))
stage.ticks(30)
facts["constant_velocity"] = speed()
car.disable_constant_velocity()
car.set_simulate_physics(False)
car.set_transform(beside(start, 3.0, 0.0, 2.0))
stage.ticks(20)
facts["held"] = [pose(car.get_transform()), pose(beside(start, 3.0, 0.0, 2.0)), speed()]
car.set_simulate_physics(True)
stage.ticks(30)
facts["dropped"] = car.get_location().z - (start.location.z - 0.5)
car.set_light_state(carla.VehicleLightState(carla.VehicleLightState.Brake))
facts["lamps"] = int(car.get_light_state())

car.set_transform(start)
car.set_target_velocity(carla.Vector3D(0, 0, 0))
car.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0, steer=0.0))
follow = []
for _ in range(160):
    stage.ticks(1)
    follow.append(speed())
facts["ackermann"] = follow
facts["gains"] = car.get_ackermann_controller_settings().speed_kp

# Two cars meet: the standing one is shoved, none passes through.
car.set_transform(start)
car.set_target_velocity(carla.Vector3D(0, 0, 0))
other = stage.vehicle("vehicle.audi.tt", beside(start, 30.0, 0.0))
car.apply_control(carla.VehicleControl())
car.set_transform(start)
stage.ticks(5)
car.set_target_velocity(carla.Vector3D(12 * forward.x, 12 * forward.y, 0))
bump, heard = stage.sensor("sensor.other.collision", car, carla.Transform())
gaps = []
for _ in range(80):
    stage.ticks(1)
    way = other.get_location() - car.get_location()
    gaps.append(way.x * forward.x + way.y * forward.y)
event = heard.get(timeout=250)
facts["crash"] = [
    min(gaps),
    other.get_location().distance(beside(start, 30.0, 0.0).location),
    event.other_actor.type_id,
    xyz(event.normal_impulse),
]
facts["half_lengths"] = car.bounding_box.extent.x + other.bounding_box.extent.x
facts["forward"] = xyz(forward)

walker = world.spawn_actor(
    stage.library.find("walker.pedestrian.0001"), beside(start, 20.0, 6.0, 1.5)
)
walker.apply_control(carla.WalkerControl(carla.Vector3D(forward.x, forward.y, 0), 1.5))
stage.ticks(20)
first = walker.get_location()
stage.ticks(20)
facts["walker"] = [walker.get_location().distance(first), walker.get_control().speed]

batch = carla.command
spawn = batch.SpawnActor(stage.library.find("vehicle.mini.cooper_s"), beside(start, 15.0, 0.0))
spawn = spawn.then(
    batch.ApplyTargetVelocity(batch.FutureActor, carla.Vector3D(3 * forward.x, 3 * forward.y, 0))
)
answers = stage.client.apply_batch_sync(
    [
        spawn,
        batch.ApplyVehicleControl(424242, carla.VehicleControl()),
        batch.DestroyActor(other.id),
    ],
    False,  # with True the client waits for the frame with Python's lock held, and bump listens
)
stage.ticks(1)
mini = world.get_actor(answers[0].actor_id)
facts["batch"] = [
    mini.type_id,
    [bool(a.error) for a in answers],
    mini.get_velocity().length(),
    world.get_snapshot().find(other.id) is None,
]
facts["destroyed"] = [mini.destroy(), mini.id]
stage.ticks(1)
facts["gone"] = world.get_snapshot().find(facts["destroyed"][1]) is None
facts["nan"] = math.isfinite(speed())
car.apply_control(carla.VehicleControl(throttle=float("nan")))
stage.ticks(2)
facts["after_nan"] = math.isfinite(car.get_location().x) and math.isfinite(speed())
leave(facts, (bump,))
