"""Time the embedded CARLA server as the real client sees it, beside floors from the same run.

Run: ``python benchmarks/carla_server.py [MAP.xodr ...]``; memory is measured on every map, speed on
the demo town. Floors: plain calls (a version asked and answered) for ticks, tracing the same
pictures or rays in this process, without server and client, for sensors. ``server`` is the
processor time that the server spent per tick, which other work on the machine does not change.
"""

from __future__ import annotations

import os

from _carla import DELTA_S, Server, serve, synchronous_world
from _figures import Figure, quick, tell
from _help import show_help

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import queue
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import carla
import numpy as np

from carla_nurec_bridge.carla_client.session.traffic_managers import TrafficManagers
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_carla
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.street import cached_street

SHORT_TICK_S, PACED_TICKS = 0.005, 100
ROUNDS = 2 if quick() else 5
WIDTH, HEIGHT = 1280, 720
LIDAR_RATE, CHANNELS, RANGE_M = 600_000, 32, 100.0
DEMO_TOWN = config_path("maps", "demo_town.xodr")


def best_rate(work: Callable[[], object], count: int) -> float:
    """Return calls per second in the best of the rounds: others use this machine as well."""
    rates = []
    work()
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(count):
            work()
        rates.append(count / (time.perf_counter() - begin))
    return max(rates)


@dataclass(frozen=True)
class Floor:
    """What a rate is held against: the same a second, and what else there is to say of it."""

    name: str
    rate: float
    note: str = ""


def row(name: str, rate: float, floor: Floor, goal: str, cpu_ms: float) -> None:
    """Print one line of the table."""
    tell(Figure("carla_server", name, rate, "/s", floor.name, floor.rate, "more"))
    least = f"{floor.name} {floor.rate:.1f} /s{floor.note}"
    print(f"{name:34} {rate:8.1f} /s       server {cpu_ms:6.2f} ms   {least:38} reach {goal}")


def timed(server: Server, work: Callable[[], object], count: int) -> tuple[float, float]:
    """Return (best calls per second, the server's processor milliseconds a call)."""
    before = server.cpu_s()
    rate = best_rate(work, count)
    return rate, 1e3 * (server.cpu_s() - before) / (1 + ROUNDS * count)


def time_ticks(server: Server, client: carla.Client) -> None:
    """Time ticks without sensors, with one vehicle and with fifty."""
    floor = Floor("plain calls", best_rate(client.get_server_version, 500))
    for vehicles, goal in ((1, "3000"), (50, "1500"), (200, "-")):
        world = synchronous_world(client)
        library = world.get_blueprint_library()
        blueprint = library.find("vehicle.mini.cooper_s")
        made: list[Any] = []
        for point in world.get_map().get_spawn_points():
            car = world.try_spawn_actor(blueprint, point) if len(made) < vehicles else None
            made += [car] if car is not None else []
        for car in made:
            car.apply_control(carla.VehicleControl(throttle=0.3, steer=0.1))
        rate, cpu_ms = timed(server, world.tick, 300)
        row(f"ticks, {len(made)} vehicles", rate, floor, goal, cpu_ms)


def time_traffic(pause_ms: str) -> None:
    """Time ticks with 20 cars of a synchronous Traffic Manager, for a pause after its steps."""
    with serve(DEMO_TOWN, "--traffic-pause-ms", pause_ms) as server:
        client = carla.Client("127.0.0.1", server.port)
        client.set_timeout(60.0)
        floor = Floor("plain calls", best_rate(client.get_server_version, 500))
        world = synchronous_world(client)
        with socket.create_server(("127.0.0.1", 0)) as holder:
            manager_port = holder.getsockname()[1]
        managers = TrafficManagers(client)
        managers.open(manager_port)
        blueprint = world.get_blueprint_library().find("vehicle.mini.cooper_s")
        made = 0
        for point in world.get_map().get_spawn_points():
            car = world.try_spawn_actor(blueprint, point) if made < 20 else None
            if car is not None:
                car.set_autopilot(True, manager_port)
                made += 1

        def work() -> None:
            with managers.stepping(world):
                world.tick()

        rate, cpu_ms = timed(server, work, 300)
        row(f"ticks, {made} cars, pause {pause_ms} ms", rate, floor, "-", cpu_ms)
        managers.shut_down()


def mount(
    world: carla.World, kind: str, parent: Any, pose: carla.Transform, **values: object
) -> tuple[Any, queue.Queue[int]]:
    """Attach a sensor; return it and the queue of the frames it delivered."""
    blueprint = world.get_blueprint_library().find(kind)
    for name, value in values.items():
        blueprint.set_attribute(name, str(value))
    sensor = world.spawn_actor(blueprint, pose, attach_to=parent)
    frames: queue.Queue[int] = queue.Queue()
    sensor.listen(lambda data: frames.put(data.frame))
    return sensor, frames


def time_sensors(
    server: Server,
    client: carla.Client,
    name: str,
    goal: str,
    poses: list[carla.Transform],
    kind: str,
    floor: Callable[[carla.Transform], Callable[[], object]] | None,
    **values: object,
) -> None:
    """Time ticks whose data of every mounted sensor has reached this process."""
    world = synchronous_world(client)
    start = world.get_map().get_spawn_points()[0]
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
    world.tick()
    mounted = [mount(world, kind, car, pose, **values) for pose in poses]

    def work() -> None:
        frame = world.tick()
        for _, frames in mounted:
            while frames.get(timeout=30) < frame:
                pass

    rate, cpu_ms = timed(server, work, 10)
    for sensor, _ in mounted:
        sensor.stop()
    draws = [floor(pose) for pose in poses] if floor else []
    if draws:
        before = time.process_time()
        alone = best_rate(lambda: [draw() for draw in draws], 10)
        own_ms = 1e3 * (time.process_time() - before) / (1 + 10 * ROUNDS)
        row(name, rate, Floor("drawing alone", alone, f", {own_ms:.1f} ms"), goal, cpu_ms)


def time_pacing(server: Server, client: carla.Client, views: list[carla.Transform]) -> None:
    """Time what four cameras at 20 Hz cost in ticks of 5 ms, with ``sensor_tick`` and without."""
    spent_s = {}
    for sensor_tick in (0.0, DELTA_S):
        world = synchronous_world(client)
        settings = world.get_settings()
        settings.fixed_delta_seconds = SHORT_TICK_S
        world.apply_settings(settings)
        start = world.get_map().get_spawn_points()[0]
        car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
        size = {"image_size_x": 640, "image_size_y": 360, "sensor_tick": sensor_tick}
        mounted = [mount(world, "sensor.camera.rgb", car, pose, **size) for pose in views]
        world.tick()
        before_s = server.cpu_s()
        for _ in range(PACED_TICKS):
            world.tick()
        client.get_server_version()  # answered once the last frame is drawn
        spent_s[sensor_tick] = server.cpu_s() - before_s
        pictures = sum(frames.qsize() for _, frames in mounted)
        for sensor, _ in mounted:
            sensor.stop()
        name = f"sensor_tick {sensor_tick:g} s" if sensor_tick else "no sensor_tick"
        print(
            f"{len(views)} cameras, {PACED_TICKS} ticks of 5 ms, {name:17} "
            f"server {spent_s[sensor_tick]:6.2f} s, {pictures} pictures"
        )
    share = spent_s[DELTA_S] / spent_s[0.0]
    due = SHORT_TICK_S / DELTA_S
    print(f"pacing leaves {share:.0%} of the server's time; floor {due:.0%}")
    named = "of the server's time, by sensor_tick"
    tell(Figure("carla_server", named, 100.0 * share, "%", "ticks with pictures", 100.0 * due))


def floors(start: carla.Transform) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return makers of what draws a camera's picture, or casts a lidar's rays, in this process."""
    scene = RenderScene(cached_street(DEMO_TOWN.read_text(encoding="utf-8")).mesh)
    rays = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 90.0).ray_table()
    map_from_car = _matrix(start)
    azimuth = np.linspace(0.0, np.pi, int(LIDAR_RATE * DELTA_S) // CHANNELS)
    fan = np.radians(np.linspace(-30.0, 10.0, CHANNELS))[:, None]
    directions = np.stack(
        np.broadcast_arrays(
            np.cos(fan) * np.cos(azimuth), np.cos(fan) * np.sin(azimuth), np.sin(fan)
        ),
        axis=-1,
    ).reshape(-1, 3)

    def camera(pose: carla.Transform) -> Callable[[], object]:
        eye = map_from_car @ _matrix(pose) @ BODY_FROM_OPTICAL
        return lambda: render_camera(
            scene, rays, eye, eye, np.zeros(HEIGHT), "row", Lighting(), frozenset({"rgb"})
        )

    def lidar(pose: carla.Transform) -> Callable[[], object]:
        at = map_from_car @ _matrix(pose)
        origins = np.broadcast_to(at[:3, 3], directions.shape)
        return lambda: cast(scene, origins, directions @ at[:3, :3].T, RANGE_M)

    return camera, lidar


def _matrix(pose: carla.Transform) -> Matrix:
    place, turn = pose.location, pose.rotation
    return matrix_from_carla((place.x, place.y, place.z), (turn.pitch, turn.yaw, turn.roll))


def main(maps: list[Path]) -> None:
    """Print the table."""
    with serve(DEMO_TOWN) as server:
        client = carla.Client("127.0.0.1", server.port)
        client.set_timeout(60.0)
        time_ticks(server, client)
        for pause_ms in ("2", "0"):
            time_traffic(pause_ms)
        camera, lidar = floors(client.get_world().get_map().get_spawn_points()[0])
        views = [
            carla.Transform(carla.Location(x=1.5, z=2.0), carla.Rotation(yaw=yaw))
            for yaw in (0.0, 90.0, 180.0, 270.0)
        ]
        size = {"image_size_x": WIDTH, "image_size_y": HEIGHT}
        for count, goal in ((1, "25"), (4, "8")):
            time_sensors(
                server,
                client,
                f"{count} rgb {WIDTH}x{HEIGHT}",
                goal,
                views[:count],
                "sensor.camera.rgb",
                camera,
                **size,
            )
        time_pacing(server, client, views)
        time_sensors(
            server,
            client,
            f"lidar {LIDAR_RATE} points/s",
            "50",
            [carla.Transform(carla.Location(z=2.4))],
            "sensor.lidar.ray_cast",
            lidar,
            points_per_second=LIDAR_RATE,
            channels=CHANNELS,
            rotation_frequency=10,
            range=RANGE_M,
        )
    for file in [DEMO_TOWN, *maps]:
        with serve(file) as server:
            client = carla.Client("127.0.0.1", server.port)
            client.set_timeout(60.0)
            idle, _ = server.memory_mb()
            time_sensors(server, client, "", "", views[:1], "sensor.camera.rgb", None, **size)
            used, own = server.memory_mb()
            named = f"memory on {file.name}"
            tell(Figure("carla_server", named, used, "MB", "before the first picture", idle))
            print(
                f"{'memory on ' + file.name:34} {used:8.0f} MB, {own:.0f} of them its own; "
                f"{idle:.0f} MB before the first picture {'':11} reach 600"
            )
    sys.stdout.flush()
    os._exit(0)  # the client library may abort while it is torn down


if __name__ == "__main__":
    show_help(__doc__)
    main([Path(name) for name in sys.argv[1:]])
