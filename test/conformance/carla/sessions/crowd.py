"""Several clients at once, some slow, some dying; two hundred vehicles; the pace by itself."""

from __future__ import annotations

import queue
import select
import socket
import struct
import time
from typing import Any

import carla
import msgpack
import psutil
from common import DELTA_S, Stage, leave

stage = Stage()
world = stage.world
facts: dict[str, Any] = {}
car = stage.vehicle("vehicle.tesla.model3", stage.spawns[0])
stage.ticks(2)

# A client that joins while the world stands still sees it whole, and every frame from then on.
late = carla.Client("127.0.0.1", stage.port)
late.set_timeout(120.0)
joined = late.get_world()
deadline = time.monotonic() + 120.0
while joined.get_snapshot().frame == 0 and time.monotonic() < deadline:
    time.sleep(0.02)  # the state comes on a connection of its own
facts["joined"] = [
    joined.get_snapshot().frame == world.get_snapshot().frame,
    car.id in {actor.id for actor in joined.get_actors()},
]
heard: queue.Queue[int] = queue.Queue()
watching = joined.on_tick(lambda snapshot: heard.put(snapshot.frame))
frames = [world.tick() for _ in range(30)]
seen: list[int] = []
while not seen or seen[-1] < frames[-1]:
    seen.append(heard.get(timeout=250))
joined.remove_on_tick(watching)
facts["both_see"] = seen[-30:] == frames
made = joined.spawn_actor(stage.library.find("vehicle.audi.tt"), stage.spawns[3])
world.tick()
facts["others_actor"] = world.get_actor(made.id).type_id
made.destroy()

# Two clients on one sensor, one of them slow: in step with the world neither loses a frame.
camera, quick = stage.sensor(
    "sensor.camera.depth",
    car,
    carla.Transform(carla.Location(z=2)),
    image_size_x=64,
    image_size_y=48,
)
world.tick()
same = joined.get_actor(camera.id)
slow: list[int] = []


def dawdle(image: Any) -> None:
    """Take a frame, slowly."""
    time.sleep(0.02)
    slow.append(image.frame)


same.listen(dawdle)
while not slow:  # both are connected from the first frame that this one hears
    world.tick()
    time.sleep(0.05)
frames = [world.tick() for _ in range(25)]
got = [quick.get(timeout=250).frame]
while got[-1] < frames[-1]:
    got.append(quick.get(timeout=250).frame)
deadline = time.monotonic() + 120.0
while slow[-1] < frames[-1] and time.monotonic() < deadline:
    time.sleep(0.02)
facts["shared"] = [got[-25:] == frames, slow[-25:] == frames]
same.stop()


def token_of(sensor: Any) -> int:
    """Return the number of a sensor's stream, which the client does not show."""
    with socket.create_connection(("127.0.0.1", stage.port), timeout=60) as connection:
        connection.sendall(msgpack.packb([0, 1, "get_actors_by_id", [[False], [sensor.id]]]))
        (_, _, _, ((_, (actor,)),)) = msgpack.unpackb(connection.recv(1 << 16))
    return int.from_bytes(actor[5][:4], "little")


# Listeners that die in the middle of a frame, without having read it, hold nobody up.
large, pictures = stage.sensor(
    "sensor.camera.depth",
    car,
    carla.Transform(carla.Location(z=2)),
    image_size_x=1600,
    image_size_y=900,
)
stage.ticks(2)
begin = time.monotonic()
stage.ticks(10)
usual_s = time.monotonic() - begin
doomed = [socket.create_connection(("127.0.0.1", stage.port + 1)) for _ in range(4)]
for number, one in enumerate(doomed):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.sendall(struct.pack("<I", token_of(large) if number else 1))
while not select.select(doomed[1:2], [], [], 0.2)[0]:
    world.tick()
facts["half_read"] = len(doomed[1].recv(100, socket.MSG_WAITALL))
for one in doomed:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
begin = time.monotonic()
facts["after_deaths"] = [len({world.tick() for _ in range(10)}), time.monotonic() - begin - usual_s]
large.stop()
camera.stop()
large.destroy()
camera.destroy()
del joined, late, same

# Two hundred vehicles, moving.
batch = carla.command
blueprints = [
    b
    for b in stage.library.filter("vehicle.*")
    if b.get_attribute("number_of_wheels").as_int() == 4
    and b.get_attribute("base_type").as_str() == "car"
]
car.destroy()
spots = []
for waypoint in stage.map.generate_waypoints(6.5):
    place = waypoint.transform
    place.location.z += 0.3
    if not waypoint.is_junction:
        spots.append(place)
wanted = []
throttle = carla.VehicleControl(throttle=0.4)
for number, place in enumerate(spots):
    spawn = batch.SpawnActor(blueprints[number % len(blueprints)], place)
    wanted.append(spawn.then(batch.ApplyVehicleControl(batch.FutureActor, throttle)))
ids: list[int] = []
while wanted and len(ids) < 200:
    part, wanted = wanted[: 200 - len(ids)], wanted[200 - len(ids) :]
    ids += [a.actor_id for a in stage.client.apply_batch_sync(part, False) if not a.error]
world.tick()
first = {actor_id: world.get_snapshot().find(actor_id).get_transform() for actor_id in ids}
[server] = [
    psutil.Process(c.pid)
    for c in psutil.net_connections("tcp")
    if c.status == psutil.CONN_LISTEN and c.laddr.port == stage.port
]
begin = server.cpu_times()
stage.ticks(100)
end = server.cpu_times()
facts["hundred_ticks_cpu_s"] = end.user + end.system - begin.user - begin.system
snapshot = world.get_snapshot()
rows = {actor_id: snapshot.find(actor_id) for actor_id in ids}
facts["vehicles"] = [len(ids), sum(row is not None for row in rows.values())]
facts["moved"] = sum(
    row.get_transform().location.distance(first[actor_id].location) > 2.0
    for actor_id, row in rows.items()
)
facts["lowest"] = min(
    row.get_transform().location.z - first[actor_id].location.z for actor_id, row in rows.items()
)
gone = stage.client.apply_batch_sync([batch.DestroyActor(actor_id) for actor_id in ids], False)
stage.ticks(1)
facts["destroyed"] = [
    sum(not answer.error for answer in gone),
    len(world.get_actors().filter("vehicle.*")),
]

# By itself the world keeps its pace, whatever its listeners do.
settings = world.get_settings()
settings.synchronous_mode = False
settings.fixed_delta_seconds = None
world.apply_settings(settings)
world.wait_for_tick()
stamps = [world.wait_for_tick().timestamp for _ in range(40)]
facts["pace"] = [
    stamps[-1].elapsed_seconds - stamps[0].elapsed_seconds,
    stamps[-1].platform_timestamp - stamps[0].platform_timestamp,
]

# With a fixed step it runs as fast as it can, and sensors have data as soon as calls are made.
settings.fixed_delta_seconds = DELTA_S
world.apply_settings(settings)
somewhere = carla.Transform(stage.spawns[0].location)
scanner, sweeps = stage.sensor("sensor.lidar.ray_cast", None, somewhere)
first = sweeps.get(timeout=250)
asked = [stage.client.get_server_version() for _ in range(50)]
last = sweeps.get(timeout=250)
while not sweeps.empty():
    last = sweeps.get()
facts["while_asked"] = [len(set(asked)), len(first), last.frame - first.frame]
scanner.stop()
begin = world.wait_for_tick().timestamp
time.sleep(0.5)
end = world.wait_for_tick().timestamp
facts["free"] = [
    end.elapsed_seconds - begin.elapsed_seconds,
    end.platform_timestamp - begin.platform_timestamp,
]
leave(facts)
