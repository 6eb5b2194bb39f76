"""Traffic of the client's own Traffic Manager, and the lights it obeys."""

from __future__ import annotations

import hashlib
import random
import struct
import sys
from typing import Any

import carla
from common import Stage, leave, pose

from carla_nurec_bridge.carla_client.session.traffic_managers import TrafficManagers

CARS, TICKS = 14, int(sys.argv[4])

stage = Stage()
world = stage.world
managers = TrafficManagers(stage.client)
manager = managers.open(stage.manager_port)
manager.set_random_device_seed(11)
draw = random.Random(4)
points = list(stage.spawns)
draw.shuffle(points)
kinds = sorted(
    b.id
    for b in stage.library.filter("vehicle.*")
    if b.get_attribute("base_type").as_str() == "car"
)
cars: list[Any] = []
for point in points:
    made = world.try_spawn_actor(stage.library.find(draw.choice(kinds)), point)
    if made is not None:
        cars.append(made)
    if len(cars) == CARS:
        break
with managers.stepping(world):
    world.tick()
for car in cars:
    car.set_autopilot(True, stage.manager_port)

digest = hashlib.sha256()
way = dict.fromkeys((car.id for car in cars), 0.0)
still = dict.fromkeys(way, 0)
longest = dict.fromkeys(way, 0)
off, red_stops, red_runs = [], set(), 0
last = {car.id: car.get_location() for car in cars}
before = {car.id: False for car in cars}
for number in range(TICKS):
    with managers.stepping(world):
        world.tick()
    for car in cars:
        now = car.get_transform()
        digest.update(struct.pack("6f", *pose(now)))
        step = now.location.distance(last[car.id])
        way[car.id] += step
        last[car.id] = now.location
        still[car.id] = still[car.id] + 1 if step < 0.002 else 0
        longest[car.id] = max(longest[car.id], still[car.id])
        at_red = car.is_at_traffic_light() and (
            car.get_traffic_light_state() == carla.TrafficLightState.Red
        )
        if at_red and still[car.id] > 5:
            red_stops.add(car.id)
        if before[car.id] and not car.is_at_traffic_light() and step > 0.1:
            red_runs += 1
        before[car.id] = at_red
        if number % 20 == 0:
            middle = stage.map.get_waypoint(now.location).transform.location
            off.append(middle.distance(now.location))
off.sort()
facts = {
    "alive": sum(world.get_snapshot().find(car.id) is not None for car in cars),
    "cars": len(cars),
    "hash": digest.hexdigest(),
    "way": list(way.values()),
    "longest_stop_s": max(longest.values()) * 0.05,
    "off_p99": off[int(0.99 * len(off))],
    "red_stops": len(red_stops),
    "red_runs": red_runs,
    "seconds": TICKS * 0.05,
}
for car in cars:
    car.set_autopilot(False, stage.manager_port)
with managers.stepping(world):
    world.tick()
leave(facts)
