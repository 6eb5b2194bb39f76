"""Tick a world with traffic while visitors come and die, one after another.

Arguments behind the common ones: ticks and visits, both of which are reached.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import carla
import psutil
from common import Stage, leave

TICKS, VISITS = int(sys.argv[4]), int(sys.argv[5])
CARS = 20
EVERY_S = 1.0
MANNERS = ("kill", "exit", "cut", "noise", "tidy")

stage = Stage()
world, client = stage.world, stage.client
[server] = [
    psutil.Process(c.pid)
    for c in psutil.net_connections("tcp")
    if c.status == psutil.CONN_LISTEN and c.laddr.port == stage.port
]
manager = client.get_trafficmanager(stage.manager_port)
manager.set_synchronous_mode(True)
cars: list[Any] = []
kind = stage.library.find("vehicle.mini.cooper_s")
for point in stage.spawns:
    made = world.try_spawn_actor(kind, point) if len(cars) < CARS else None
    cars += [made] if made is not None else []
world.tick()
for car in cars:
    car.set_autopilot(True, stage.manager_port)

ticks, visits, left_behind, longest_s, begin = 0, 0, 0, 0.0, time.monotonic()
manners, visitor, codes, memory_mb = itertools.cycle(MANNERS), None, [], []
comes = begin
while ticks < TICKS or visits < VISITS or visitor is not None:
    before = time.monotonic()
    world.tick()
    ticks += 1
    longest_s = max(longest_s, time.monotonic() - before)
    if visitor is not None and visitor.poll() is not None:
        codes.append(visitor.returncode)
        visitor, visits = None, visits + 1
        lost = [a for a in world.get_actors() if a.attributes.get("role_name") == "visitor"]
        left_behind += len(lost)
        client.apply_batch_sync([carla.command.DestroyActor(a) for a in lost], False)
        memory_mb.append(server.memory_info().rss / 2**20)
    if visitor is None and time.monotonic() >= comes and (ticks < TICKS or visits < VISITS):
        comes = time.monotonic() + EVERY_S
        visitor = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("visitor.py")),
                str(stage.port),
                next(manners),
                str(visits),
            ],
        )
world.tick()
roles = [actor.attributes.get("role_name") for actor in world.get_actors()]
leave(
    {
        "ticks": ticks,
        "visits": visits,
        "codes": codes,
        "left_behind": left_behind,
        "still_there": roles.count("visitor"),
        "cars": len(world.get_actors().filter("vehicle.*")),
        "memory_mb": memory_mb,
        "longest_tick_s": longest_s,
        "took_s": time.monotonic() - begin,
    }
)
