"""What lies under wheels: boxes of other friction, flat and tall props, soft tyres."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import carla
from common import Stage, beside, failure, leave, pose, straight_spawn

stage = Stage()
world, library = stage.world, stage.library
start = straight_spawn(stage, 80.0)
forward = start.get_forward_vector()
car = stage.vehicle("vehicle.tesla.model3", start)
stage.ticks(20)
facts: dict[str, Any] = {}


def place(ahead_m: float, z: float = 0.0) -> carla.Transform:
    """Return the pose so far ahead, ``z`` above the road."""
    return beside(start, ahead_m, 0.0, z)


def box(ahead_m: float, half_m: float, friction: float, parent: Any = None) -> Any:
    """Spawn a friction trigger around a place, or around its parent."""
    blueprint = library.find("static.trigger.friction")
    for name, value in (
        ("friction", friction),
        ("extent_x", 100.0 * half_m),
        ("extent_y", 200.0),
        ("extent_z", 100.0),
    ):
        blueprint.set_attribute(name, str(value))
    if parent is not None:
        return world.spawn_actor(blueprint, carla.Transform(), attach_to=parent)
    return world.spawn_actor(blueprint, place(ahead_m))


def put(ahead_m: float, speed_m_s: float = 0.0) -> None:
    """Put the car down, free of its pedals."""
    car.apply_control(carla.VehicleControl())
    car.set_transform(place(ahead_m, 0.02))
    car.set_target_velocity(carla.Vector3D(forward.x * speed_m_s, forward.y * speed_m_s, 0.0))
    car.set_target_angular_velocity(carla.Vector3D())
    stage.ticks(1)


def frictions(vehicle: Any = car) -> list[float]:
    """Return the friction of every wheel."""
    return [wheel.tire_friction for wheel in vehicle.get_physics_control().wheels]


def at(ahead_m: float) -> list[float]:
    """Return the friction of every wheel with the car there."""
    put(ahead_m)
    return frictions()


ice = box(25.0, 5.0, 0.4)
stage.ticks(1)
found = [a for a in world.get_actors() if a.type_id == "static.trigger.friction"]
facts["trigger"] = [
    [a.id == ice.id, a.attributes["friction"], a.attributes["extent_x"], pose(a.get_transform())]
    for a in found
]
facts["wanted"] = pose(place(25.0))
facts["through"] = [at(5.0), at(25.0), at(45.0)]
facts["edge"] = [at(25.0 - 5.0 - 2.0), at(25.0 - 5.0 - 3.0)]
wet = box(27.0, 1.0, 0.9)
facts["nested"] = [at(5.0), at(22.0), at(27.0), at(22.0), at(5.0)]
wet.destroy()

put(25.0)
car.apply_physics_control(car.get_physics_control())
stage.ticks(1)
facts["written_inside"] = [frictions(), at(5.0)]
put(25.0)
ice.set_transform(place(60.0))
stage.ticks(1)
facts["moved"] = [frictions(), at(60.0)]
ice.destroy()
stage.ticks(1)
facts["destroyed"] = frictions()
load = box(0.0, 2.0, 1.5, parent=car)
facts["carried"] = [at(5.0), at(40.0)]
load.destroy()
facts["nonsense"] = failure(lambda: box(25.0, 5.0, -1.0))


def slowed(friction: float) -> float:
    """Return what half a second of full brakes takes off the speed in such a box."""
    trigger = box(25.0, 12.0, friction)
    put(15.0, 10.0)
    stage.ticks(1)
    car.apply_control(carla.VehicleControl(brake=1.0))
    stage.ticks(10)
    before = car.get_velocity().length()
    stage.ticks(10)
    trigger.destroy()
    return float(before - car.get_velocity().length())


facts["slowed"] = [slowed(friction) for friction in (0.2, 0.4)]


def stiff(value: float) -> float:
    """Return the speed after a second and a half of full throttle with such tyres."""
    physics = car.get_physics_control()
    wheels = physics.wheels
    for wheel in wheels:
        wheel.long_stiff_value = value
    physics.wheels = wheels
    car.apply_physics_control(physics)
    put(5.0)
    stage.ticks(20)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    stage.ticks(30)
    return float(car.get_velocity().length())


facts["stiff"] = [stiff(value) for value in (100.0, 2000.0, 3000.0)]
put(5.0)


def over(prop: str, z: float = 0.0) -> list[Any]:
    """Drive over, or against, a prop 10 m ahead at a constant 8 m/s for 20 m."""
    put(5.0)
    thing = world.spawn_actor(library.find(f"static.prop.{prop}"), place(15.0, z))
    height = 2.0 * thing.bounding_box.extent.z
    sensor, hits = stage.sensor("sensor.other.collision", car, carla.Transform())
    car.enable_constant_velocity(carla.Vector3D(8.0, 0.0, 0.0))
    stage.ticks(50)
    car.disable_constant_velocity()
    driven = car.get_location().distance(place(5.0).location)
    sensor.stop()
    for actor in (sensor, thing):
        actor.destroy()
    return [height, driven, hits.qsize()]


facts["flat"] = {n: over(n) for n in ("ironplank", "dirtdebris03", "creasedbox02", "colacan")}
facts["tall"] = {n: over(n) for n in ("trafficcone01", "plantpot05", "briefcase")}
facts["hung"] = over("ironplank", 0.9)


def spawned(make: Callable[[], Any]) -> str:
    """Return how spawning fails; what it made is taken away."""
    made = []
    text = failure(lambda: made.append(make()))
    stage.ticks(1)
    for actor in made:
        actor.destroy()
    return text


put(15.0)
for name in ("dirtdebris01", "trafficcone01"):
    thing = library.find(f"static.prop.{name}")
    facts[f"under_car_{name}"] = spawned(partial(world.spawn_actor, thing, place(15.0)))
    placed = world.spawn_actor(thing, place(35.0))
    facts[f"on_{name}"] = [
        spawned(lambda: stage.vehicle("vehicle.audi.tt", place(35.0, 0.1))),
        spawned(lambda: stage.vehicle("walker.pedestrian.0001", place(35.0, 1.0))),
    ]
    placed.destroy()

scooter = stage.vehicle("vehicle.vespa.zx125", place(45.0, 0.1))
stage.ticks(5)
physics = scooter.get_physics_control()
wheels = physics.wheels
facts["scooter"] = [[w.position.x, w.position.y, w.position.z] for w in wheels]
facts["scooter_at"] = pose(scooter.get_transform())
for number, wheel in enumerate(wheels):
    wheel.tire_friction = 1.0 + number
physics.wheels = wheels
scooter.apply_physics_control(physics)
stage.ticks(1)
facts["scooter_frictions"] = frictions(scooter)
scooter.apply_control(carla.VehicleControl(steer=0.5))
stage.ticks(10)
facts["scooter_steer"] = [
    scooter.get_wheel_steer_angle(carla.VehicleWheelLocation.values[k]) for k in range(4)
]
facts["scooter_load"] = [w.tire_load for w in scooter.get_telemetry_data().wheels]
facts["scooter_mass"] = physics.mass

facts["refused"] = {}
for name in ("v2x_custom", "rss"):
    radio = library.find(f"sensor.other.{name}")
    facts["refused"][name] = spawned(partial(world.spawn_actor, radio, start))
mesh = library.find("static.prop.mesh")
empty = library.find("util.actor.empty")
facts["empty"] = [spawned(partial(world.spawn_actor, thing, start)) for thing in (mesh, empty)]
mesh.set_attribute("mesh_path", "/Game/Carla/Static/Car")
facts["refused"]["mesh"] = spawned(lambda: world.spawn_actor(mesh, start))
leave(facts)
