"""Own a world's tick: a hero that turns at 30 degrees/s among others whose ways are formulas.

Arguments: port, recording to write, file whose appearance ends it. Prints the circle's middle.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path

import carla

PACE_S = 0.01
DT_S, RATE_DEGPS, RADIUS_M = 0.05, 30.0, 3.0
TRUCK_MPS, WALKER_MPS = 4.0, 1.2
# blueprint, role, how far ahead (m) and to the right
OTHERS = (
    ("vehicle.tesla.model3", "parked", 14.0, 3.0),
    ("vehicle.mercedes.sprinter", "van", 17.0, -8.0),
    ("vehicle.yamaha.yzf", "rider", -9.0, 1.0),
    ("vehicle.bh.crossbike", "cyclist", 11.0, -1.0),
    ("walker.pedestrian.0005", "walker", -8.0, -4.0),
    ("static.prop.constructioncone", "cone", 7.0, 3.0),
    ("vehicle.carlamotors.carlacola", "truck", -22.0, 6.0),
)


def main(port: int, log: str, end: Path) -> None:
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.get_world()
    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DT_S
    world.apply_settings(settings)
    start = world.get_map().get_waypoint(world.get_map().get_spawn_points()[0].location).transform
    middle, ahead, right = start.location, start.get_forward_vector(), start.get_right_vector()

    def place(far: float, aside: float, yaw: float, lift: float = 0.0) -> carla.Transform:
        x = middle.x + far * ahead.x + aside * right.x
        y = middle.y + far * ahead.y + aside * right.y
        return carla.Transform(carla.Location(x, y, middle.z + lift), carla.Rotation(yaw=yaw))

    yaw0 = start.rotation.yaw

    def on_circle(time_s: float) -> carla.Transform:
        angle = math.radians(RATE_DEGPS * time_s)
        far, aside = RADIUS_M * math.cos(angle), RADIUS_M * math.sin(angle)
        return place(far, aside, yaw0 + math.degrees(angle) + 90.0)

    def spawned(kind: str, role: str, at: carla.Transform) -> carla.Actor:
        blueprint = world.get_blueprint_library().find(kind)
        if blueprint.has_attribute("role_name"):
            blueprint.set_attribute("role_name", role)
        at.location.z += 40.0  # nobody is in the way up there
        actor = world.spawn_actor(blueprint, at)
        if not kind.startswith("walker."):
            actor.set_simulate_physics(False)
        at.location.z -= 40.0
        actor.set_transform(at)
        return actor

    hero = spawned("vehicle.lincoln.mkz_2020", "hero", on_circle(0.0))
    actors = {}
    for n, (kind, role, far, aside) in enumerate(OTHERS):
        lift = 0.95 if kind.startswith("walker.") else 0.0
        actors[role] = spawned(kind, role, place(far, aside, yaw0 + 40.0 * n, lift))
    client.start_recorder(log, True)
    deadline, tick = time.monotonic() + 290.0, 0
    while not end.exists() and time.monotonic() < deadline:
        tick += 1
        hero.set_transform(on_circle(tick * DT_S))
        far, aside = OTHERS[-1][2:]
        actors["truck"].set_transform(place(far + TRUCK_MPS * tick * DT_S % 44.0, aside, yaw0))
        began = time.monotonic()
        world.tick()
        if tick == 1:
            print(json.dumps({"middle": [middle.x, -middle.y, middle.z]}), flush=True)
        time.sleep(max(0.0, PACE_S - (time.monotonic() - began)))
    client.stop_recorder()
    client.apply_batch_sync([carla.command.DestroyActor(a) for a in (hero, *actors.values())])
    world.apply_settings(before)


main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
os._exit(0)
