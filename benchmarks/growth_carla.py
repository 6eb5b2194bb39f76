"""Show how the embedded CARLA grows: over kilometres of road, and over clients.

Run: ``python benchmarks/growth_carla.py [--json FILE] [--plot FILE] [--quick]``. Roads: grids of
streets of 1 to 11 km. Each is served twice, with no street cached and with the one that the first
left, up to the ready line; then ticked with 20 driving cars, without and with a camera of 640x360.
Clients: on the demo town, 1 to 8 processes read the world's state in every tick and a camera of
320x180, once all the same one, once each its own. ``cpu`` is the processor time of the server,
which other work on the machine changes least. The floor of clients that all read the same camera is
what one costs, of those with a camera each what one costs times their number.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import carla
from _carla import Server, serve, synchronous_world
from _figures import Figure, quick, tell
from _grid_town import grid_town

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import parse

SIDES = (3, 4, 6, 9)
CLIENTS = (1, 2, 4, 8)
CARS, TICKS, WARM_UP = 20, 100, 5
DEMO_TOWN = config_path("maps", "demo_town.xodr")


@dataclass(frozen=True)
class OfRoad:
    """What a length of road costs the server: processor seconds to load, MB, ms of a tick."""

    km: float
    roads: int
    built_s: float
    cached_s: float
    memory_mb: float
    tick_ms: float
    rays_ms: float


@dataclass(frozen=True)
class OfClients:
    """What clients cost: the server's processor and wall milliseconds of a tick, images read."""

    clients: int
    cameras: int
    cpu_ms: float
    wall_ms: float
    images: int


def opened(server: Server) -> tuple[carla.Client, carla.World]:
    """Return a client and a world whose time it owns."""
    client = carla.Client("127.0.0.1", server.port)
    client.set_timeout(60.0)
    return client, synchronous_world(client)


def add_camera(world: carla.World, width: int, height: int, x: float = 0.0) -> carla.Actor:
    """Return a camera above the first spawn point."""
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", str(width))
    blueprint.set_attribute("image_size_y", str(height))
    pose = world.get_map().get_spawn_points()[0]
    pose.location.z += 2.0
    pose.location.x += x
    return world.spawn_actor(blueprint, pose)


def tick_ms(server: Server, client: carla.Client, world: carla.World) -> tuple[float, float]:
    """Return the server's processor and the wall milliseconds of a tick."""
    for _ in range(WARM_UP):
        world.tick()
    client.get_server_version()  # answered once the last frame is drawn
    spent_s, began_s = server.cpu_s(), time.perf_counter()
    for _ in range(TICKS):
        world.tick()
    client.get_server_version()
    wall_s = time.perf_counter() - began_s
    return 1e3 * (server.cpu_s() - spent_s) / TICKS, 1e3 * wall_s / TICKS


def of_road(side: int, folder: Path) -> OfRoad:
    """Return what a grid of ``side`` times ``side`` crossings costs."""
    text, roads = grid_town(side)
    file = folder / f"grid_{side}.xodr"
    file.write_text(text)
    km = 1e-3 * sum(road.length for road in parse(text).roads.values() if road.junction is None)
    with serve(file, cache=folder) as server:
        built_s = server.cpu_s()
    with serve(file, cache=folder) as server:
        cached_s = server.cpu_s()
        client, world = opened(server)
        blueprint = world.get_blueprint_library().find("vehicle.mini.cooper_s")
        points = world.get_map().get_spawn_points()
        for point in points[:: len(points) // CARS][:CARS]:
            car = world.spawn_actor(blueprint, point)
            car.apply_control(carla.VehicleControl(throttle=0.3, steer=0.05))
        without_ms, _ = tick_ms(server, client, world)
        camera = add_camera(world, 640, 360)
        camera.listen(lambda image: None)
        with_ms, _ = tick_ms(server, client, world)
        memory_mb, _ = server.memory_mb()
        camera.stop()
    return OfRoad(km, roads, built_s, cached_s, memory_mb, without_ms, with_ms - without_ms)


def follow(port: int, camera_id: int) -> None:
    """Read the world's state and a camera until the standard input ends; say how many images."""
    client = carla.Client("127.0.0.1", port)
    client.set_timeout(60.0)
    world = client.get_world()
    images: list[int] = []
    camera = world.get_actor(camera_id)
    camera.listen(lambda image: images.append(image.frame))
    print("reads", flush=True)
    sys.stdin.read()
    print(len(images), flush=True)
    camera.stop()
    os._exit(0)  # the client library may abort while it is torn down


def of_clients(server: Server, clients: int, cameras: int) -> OfClients:
    """Return what clients cost of which each reads one of the cameras."""
    client, world = opened(server)
    mounted = [add_camera(world, 320, 180, 0.5 * k) for k in range(cameras)]
    world.tick()
    readers = [
        subprocess.Popen(
            [sys.executable, __file__, "--follow", str(server.port), str(mounted[k % cameras].id)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for k in range(clients)
    ]
    for reader in readers:
        assert reader.stdout is not None
        reader.stdout.readline()
    cpu_ms, wall_ms = tick_ms(server, client, world)
    time.sleep(0.5)  # what is under way arrives
    images = sum(int(reader.communicate("", timeout=30)[0]) for reader in readers)
    for camera in mounted:
        camera.destroy()
    return OfClients(clients, cameras, cpu_ms, wall_ms, images)


def roads_measured(sides: tuple[int, ...]) -> list[OfRoad]:
    """Measure and print the axis of roads."""
    print(
        f"{'km':>6} {'roads':>6} {'built':>7} {'cached':>7} {'memory':>7} {'tick':>6} {'camera':>6}"
    )
    found = []
    with tempfile.TemporaryDirectory() as name:
        with serve(DEMO_TOWN, cache=Path(name)):
            pass  # the kernels are compiled, once for all
        for side in sides:
            row = of_road(side, Path(name))
            found.append(row)
            print(
                f"{row.km:6.1f} {row.roads:6} {row.built_s:5.1f} s {row.cached_s:5.1f} s "
                f"{row.memory_mb:4.0f} MB {row.tick_ms:3.2f} ms {row.rays_ms:3.1f} ms",
                flush=True,
            )
    first, last = found[0], found[-1]
    times = f"{first.km:.1f} km"
    for what, unit, value, floor in (
        ("load", "CPU s", last.built_s, first.built_s),
        ("memory", "MB", last.memory_mb, first.memory_mb),
        ("tick", "CPU ms", last.tick_ms, first.tick_ms),
        ("camera", "CPU ms", last.rays_ms, first.rays_ms),
    ):
        tell(Figure("growth_carla", f"{what} at {last.km:.1f} km", value, unit, times, floor))
    return found


def clients_measured(counts: tuple[int, ...]) -> list[OfClients]:
    """Measure and print the axis of clients."""
    print(f"\n{'clients':>7} {'cameras':>7} {'cpu':>8} {'floor':>8} {'ratio':>6} ", end="")
    print(f"{'wall':>8} {'read':>9}")
    found: list[OfClients] = []
    with serve(DEMO_TOWN) as server:
        for own in (False, True):
            for count in counts[own:]:  # one client with one camera is the same both ways
                row = of_clients(server, count, count if own else 1)
                found.append(row)
                floor = found[0].cpu_ms * row.cameras
                due = count * (TICKS + WARM_UP)
                print(
                    f"{row.clients:7} {row.cameras:7} {row.cpu_ms:5.2f} ms {floor:5.2f} ms "
                    f"{row.cpu_ms / floor:6.2f} {row.wall_ms:5.1f} ms {row.images:5}/{due}",
                    flush=True,
                )
                what = f"{count} clients, {'a camera each' if own else 'one camera'}"
                tell(Figure("growth_carla", what, row.cpu_ms, "CPU ms", "one client's", floor))
    return found


def draw_plot(roads: list[OfRoad], clients: list[OfClients], path: Path) -> None:
    """Write a figure with panels for loading, memory, ticks and clients."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 4, figsize=(16, 3.4))
    km = [row.km for row in roads]
    panels[0].plot(km, [row.built_s for row in roads], "o-", label="no street cached")
    panels[0].plot(km, [row.cached_s for row in roads], "o-", label="street cached")
    panels[1].plot(km, [row.memory_mb for row in roads], "o-")
    panels[2].plot(km, [row.tick_ms for row in roads], "o-", label=f"{CARS} cars")
    panels[2].plot(km, [row.rays_ms for row in roads], "o-", label="a camera of 640x360")
    one = clients[0].cpu_ms
    for own, label in ((True, "a camera each"), (False, "all the same camera")):
        rows = [row for row in clients if row.cameras == (row.clients if own else 1)]
        panels[3].plot([r.clients for r in rows], [r.cpu_ms for r in rows], "o-", label=label)
    panels[3].plot(CLIENTS, [one * n for n in CLIENTS], ":", label="one camera's, times")
    for panel, words in zip(
        panels,
        ("CPU s until ready", "MB of the server", "CPU ms of a tick", "CPU ms of a tick"),
        strict=True,
    ):
        panel.set_xlabel("clients" if panel is panels[3] else "km of street")
        panel.set_ylabel(words)
        panel.set_ylim(bottom=0)
        panel.grid(visible=True, alpha=0.3)
        if panel is not panels[1]:
            panel.legend()
    figure.suptitle("The embedded CARLA: grids of streets, and clients on the demo town")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the tables; write figures and plot where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the plot (PNG) here")
    parser.add_argument("--quick", action="store_true", help="the first two points of each axis")
    parser.add_argument(
        "--of", type=Path, metavar="FILE", help="plot these figures, measure nothing"
    )
    parser.add_argument("--follow", nargs=2, type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.follow is not None:
        follow(*wanted.follow)
    if wanted.of is not None:
        rows = json.loads(wanted.of.read_text())
        roads = [OfRoad(**row) for row in rows["roads"]]
        clients = [OfClients(**row) for row in rows["clients"]]
    else:
        points = slice(0, 2 if wanted.quick or quick() else None)
        roads, clients = roads_measured(SIDES[points]), clients_measured(CLIENTS[points])
    if wanted.json is not None:
        found = {"roads": [asdict(x) for x in roads], "clients": [asdict(x) for x in clients]}
        wanted.json.write_text(json.dumps(found, indent=2) + "\n")
    if wanted.plot is not None or wanted.of is not None:
        draw_plot(roads, clients, wanted.plot or Path("growth_carla.png"))
    sys.stdout.flush()
    os._exit(0)  # the client library may abort while it is torn down


if __name__ == "__main__":
    main()
