"""Come to a world that another client ticks, change it, see a little, and leave badly.

Arguments: port, manner (tidy, exit, kill, cut, noise), seed. What it leaves behind has the role
name ``visitor``.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import sys
import threading
from typing import Any

import carla

port, manner, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
draw = random.Random(seed)
client = carla.Client("127.0.0.1", port)
client.set_timeout(60.0)
world = client.get_world()
world.set_weather(
    carla.WeatherParameters(
        cloudiness=draw.uniform(0, 100),
        precipitation=draw.uniform(0, 100),
        sun_altitude_angle=draw.uniform(-20, 90),
        fog_density=draw.uniform(0, 60),
    )
)
library = world.get_blueprint_library()
seen = threading.Semaphore(0)


def spawn(name: str, where: carla.Transform, parent: Any = None, **values: int) -> Any:
    """Spawn an actor of a visitor."""
    blueprint = library.find(name)
    blueprint.set_attribute("role_name", "visitor")
    for key, value in values.items():
        blueprint.set_attribute(key, str(value))
    return world.try_spawn_actor(blueprint, where, attach_to=parent)


def look(_: Any) -> None:
    """Count what comes; one that kills itself does so in the middle of its streams."""
    seen.release()
    if manner == "kill" and draw.random() < 0.2:
        os.kill(os.getpid(), signal.SIGKILL)


points = world.get_map().get_spawn_points()
draw.shuffle(points)
car = next(made for point in points if (made := spawn("vehicle.audi.tt", point)) is not None)
walker = spawn("walker.pedestrian.0001", points[-1])
mount = carla.Transform(carla.Location(x=1.0, z=2.0))
sensors = [
    spawn("sensor.camera.rgb", mount, car, image_size_x=64, image_size_y=48),
    spawn("sensor.lidar.ray_cast", mount, car, channels=8, points_per_second=8000),
    spawn("sensor.other.imu", mount, car),
]
for sensor in sensors:
    sensor.listen(look)
for _ in range(12):
    if not seen.acquire(timeout=250):
        raise SystemExit("a visitor's sensors are silent")

if manner == "kill":
    threading.Event().wait(60)
if manner == "cut":
    # Ask for a stream, take half a message, and go with the rest unread.
    cut = socket.create_connection(("127.0.0.1", port + 1))
    cut.sendall(struct.pack("<I", 1))
    cut.recv(100, socket.MSG_WAITALL)
    cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cut.close()
if manner == "noise":
    for number in (port, port + 1):
        with socket.create_connection(("127.0.0.1", number)) as loud:
            loud.sendall(draw.randbytes(2000))
if manner == "tidy":
    for sensor in sensors:
        sensor.stop()
    client.apply_batch_sync(
        [carla.command.DestroyActor(a) for a in (*sensors, car, walker) if a is not None], False
    )
os._exit(0)
