"""What the client's sessions share: connecting, ticking, saying what was seen."""

from __future__ import annotations

import json
import os
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import carla

DELTA_S = 0.05


class Stage:
    """A synchronous world without vehicles, at 20 Hz."""

    def __init__(self) -> None:
        self.port = int(sys.argv[1])
        self.client = carla.Client("127.0.0.1", self.port)
        self.client.set_timeout(120.0)
        self.manager_port = int(sys.argv[2])
        self.folder = Path(sys.argv[3])
        self.fresh("demo_town")

    def fresh(self, name: str) -> None:
        """Load a map and take control of its time."""
        self.world = self.client.load_world(name)
        settings = self.world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = DELTA_S
        self.world.apply_settings(settings)
        self.map = self.world.get_map()
        self.library = self.world.get_blueprint_library()
        self.spawns = self.map.get_spawn_points()

    def vehicle(self, blueprint: str, transform: carla.Transform, **attributes: str) -> Any:
        """Spawn a vehicle."""
        found = self.library.find(blueprint)
        for name, value in attributes.items():
            found.set_attribute(name, value)
        return self.world.spawn_actor(found, transform)

    def sensor(
        self, blueprint: str, parent: Any, transform: carla.Transform, **attributes: object
    ) -> tuple[Any, queue.Queue[Any]]:
        """Attach a sensor and listen to it."""
        found = self.library.find(blueprint)
        for name, value in attributes.items():
            found.set_attribute(name, str(value))
        actor = self.world.spawn_actor(found, transform, attach_to=parent)
        heard: queue.Queue[Any] = queue.Queue()
        actor.listen(heard.put)
        return actor, heard

    def ticks(self, count: int) -> int:
        """Tick; return the last frame."""
        frame = 0
        for _ in range(count):
            frame = self.world.tick()
        return frame


def straight_spawn(stage: Stage, length_m: float = 60.0) -> carla.Transform:
    """Return a spawn point with a straight, level lane ahead of it."""
    for point in stage.spawns:
        here = stage.map.get_waypoint(point.location)
        ahead = here.next(length_m)
        forward = point.get_forward_vector()
        way = ahead[0].transform.location - here.transform.location if len(ahead) == 1 else None
        if way is None or here.is_junction or ahead[0].is_junction:
            continue
        along = way.x * forward.x + way.y * forward.y
        if along > length_m - 0.05 and abs(way.z) < 0.3:
            return point
    raise RuntimeError("no straight lane")


def beside(
    transform: carla.Transform, ahead_m: float, right_m: float, z: float = 0.3
) -> carla.Transform:
    """Return the pose at an offset, with the same heading."""
    forward, right = transform.get_forward_vector(), transform.get_right_vector()
    at = transform.location
    return carla.Transform(
        carla.Location(
            at.x + forward.x * ahead_m + right.x * right_m,
            at.y + forward.y * ahead_m + right.y * right_m,
            at.z - 0.5 + z,
        ),
        transform.rotation,
    )


def xyz(vector: Any) -> list[float]:
    """Return a vector as numbers."""
    return [vector.x, vector.y, vector.z]


def pose(transform: Any) -> list[float]:
    """Return x, y, z, pitch, yaw, roll."""
    turn = transform.rotation
    return [*xyz(transform.location), turn.pitch, turn.yaw, turn.roll]


def failure(call: Callable[[], Any]) -> str:
    """Return the text of the error that a call must raise."""
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return ""


def leave(facts: dict[str, Any], sensors: tuple[Any, ...] = ()) -> None:
    """Print the facts and end the process before the client library's threads are torn down."""
    for sensor in sensors:
        sensor.stop()
    time.sleep(0.1)
    print(json.dumps(facts), flush=True)
    os._exit(0)
