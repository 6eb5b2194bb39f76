"""Replay a real recording at three tick lengths, and make and read a recording of our own."""

from __future__ import annotations

import sys
from typing import Any

import carla
from common import Stage, leave, pose, straight_spawn

stage = Stage()
client = stage.client
facts: dict[str, Any] = {"replays": {}}
stage.fresh("Town01")
recording = sys.argv[4]
for delta_s in (0.05, 0.025, 0.01):
    world = client.reload_world()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = delta_s
    world.apply_settings(settings)
    answer = client.replay_file(recording, 0.0, 0.0, 0)
    start = world.get_snapshot().frame
    seen = []
    for _ in range(round(4.0 / delta_s)):
        frame = world.tick()
        snapshot = world.get_snapshot()
        cars = world.get_actors().filter("vehicle.*")
        seen.append(
            [
                (frame - start) * delta_s,
                {c.id: pose(snapshot.find(c.id).get_transform()) for c in cars},
            ]
        )
    facts["replays"][str(delta_s)] = seen
    facts["answer"] = answer
    heroes = [c for c in cars if c.attributes["role_name"] == "hero"]
    facts["hero"] = [[c.id, c.type_id] for c in heroes]
    client.stop_replayer(False)
world.tick()
facts["after"] = len(world.get_actors().filter("vehicle.*"))
facts["info"] = client.show_recorder_file_info(recording, False)
facts["missing"] = client.show_recorder_file_info("/nowhere/none.log", False)
facts["missing_replay"] = client.replay_file("/nowhere/none.log", 0.0, 0.0, 0)

stage.fresh("demo_town")
path = str(stage.folder / "own.log")
facts["path"] = [client.start_recorder(path, True), path]
first = straight_spawn(stage)
car = stage.vehicle("vehicle.lincoln.mkz_2020", first, role_name="hero")
car.apply_control(carla.VehicleControl(throttle=0.6, steer=0.05))
driven = []
for _ in range(60):
    stage.ticks(1)
    driven.append(pose(car.get_transform()))
client.stop_recorder()
stage.ticks(1)
facts["driven"] = driven
facts["own_id"] = car.id
facts["own_info"] = client.show_recorder_file_info(path, False)
facts["own_collisions"] = client.show_recorder_collisions(path, "a", "a")
leave(facts)
