"""Show how the time of a frame grows: over cores, cameras, actors and triangles.

Run: ``python benchmarks/growth.py [--json FILE] [--plot FILE] [--quick]``. A frame is what a NuRec
server does for one step: the actors are placed, and each camera (640x360, shadows) is drawn and
encoded as JPEG by two threads beside (on the GPU, where that draws). One thing is varied at a time
around 4 cameras, 20 actors, 200,000 triangles and all cores. Each number of cores is a process of
its own, bound to them; the floor of a core count is the time on one core divided by it.
CARLA_NUREC_ENGINE chooses the engine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from _figures import Figure, quick, tell

CORES = (1, 2, 4, 8, 16)
CAMERAS = (1, 2, 4, 8)
ACTORS = (0, 20, 50, 100, 200)
TRIANGLES = (10_000, 50_000, 200_000, 1_000_000)
ROUNDS = 15
WIDTH, HEIGHT = 640, 360
ENCODERS = 2


@dataclass(frozen=True)
class Load:
    """What a frame holds, and on how many cores it is drawn."""

    cores: int
    cameras: int = 4
    actors: int = 20
    triangles: int = 200_000


@dataclass(frozen=True)
class Point:
    """One measurement: medians of the rounds, milliseconds; wall's 95th percentile."""

    load: Load
    engine: str
    wall_ms: float
    p95_ms: float
    cpu_ms: float


def measure(load: Load, rounds: int) -> Point:
    """Return the medians of a frame's time, drawn by this process."""
    import numpy as np
    import simplejpeg
    from _timing import measure as timed

    from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
    from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
    from carla_nurec_bridge.rendering.camera import JpegFormat, render_camera, render_jpeg
    from carla_nurec_bridge.rendering.lighting import Lighting
    from carla_nurec_bridge.rendering.mesh import concatenate
    from carla_nurec_bridge.rendering.primitives import box, ellipsoid, quad
    from carla_nurec_bridge.rendering.scene import Instance, RenderScene
    from carla_nurec_bridge.town.actors.assets import vehicle_mesh

    # Houses, and round trees that take the triangles that are left.
    rng = np.random.default_rng(3)
    corners = [(-300, -300, 0), (300, -300, 0), (300, 300, 0), (-300, 300, 0)]
    parts = [quad(corners, colour=(80, 80, 84), tag=1)]
    trees = 60
    around = max(6, round((load.triangles / trees / 2) ** 0.5))
    for number in range(trees):
        x, y = 8.0 * (number // 2) - 20.0, (12.0 + rng.uniform(0, 2)) * (-1) ** number
        parts.append(ellipsoid((x, y, 4), (2, 2, 3), around, around, colour=(60, 110, 50), tag=9))
        size = rng.uniform(6, 14, 3)
        place = (x, y + 12.0 * (-1) ** number, size[2] / 2)
        parts.append(box(place, size, colour=rng.integers(90, 200, 3), tag=3))
    rays = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 90.0).ray_table()
    still, light, rgb = np.zeros(HEIGHT), Lighting(), frozenset({"rgb"})
    poses = [
        matrix_from_xyz_rpy([0, 0, 1.6], [0, 0, k * 2 * np.pi / load.cameras]) @ BODY_FROM_OPTICAL
        for k in range(load.cameras)
    ]
    cars = [
        matrix_from_xyz_rpy([4.0 * (k // 2) - 60.0, 3.5 * (-1) ** k, 0.75], [0, 0, 0])
        for k in range(load.actors)
    ]

    def placed(shift_m: float) -> list[Instance]:
        ends = [car.copy() for car in cars]
        for end in ends:
            end[0, 3] += shift_m
        return [
            Instance("car", start, end, 100 + k, (90, 60, 160))
            for k, (start, end) in enumerate(zip(cars, ends, strict=True))
        ]

    with RenderScene(concatenate(parts)) as scene, ThreadPoolExecutor(ENCODERS) as encoders:
        scene.add_asset("car", vehicle_mesh("car", (4.8, 1.9, 1.5), 1))
        shifts_m = (0.1 + 0.001 * number for number in itertools.count())

        def frame() -> None:
            scene.set_instances(placed(next(shifts_m)))
            files = []
            for pose in poses:
                if scene.encodes_jpeg:
                    view = (scene, rays, pose, pose, still, "row", light)
                    render_jpeg(*view, JpegFormat(90, full_colour=False))
                    continue
                image = render_camera(scene, rays, pose, pose, still, "row", light, rgb).rgb
                files.append(
                    encoders.submit(
                        simplejpeg.encode_jpeg, image, quality=90, colorsubsampling="420"
                    )
                )
            for file in files:
                file.result()

        took = timed(frame, rounds, warm_up=3)
        return Point(load, scene.engine.name, took.wall_ms, took.wall_p95_ms, took.cpu_ms)


def measured_in_a_process(loads: list[Load], rounds: int) -> list[Point]:
    """Return the points of loads of one number of cores, from a process bound to these cores."""
    allowed = sorted(os.sched_getaffinity(0))[: loads[0].cores]
    words = [json.dumps([asdict(load) for load in loads]), str(rounds)]
    done = subprocess.run(
        [sys.executable, __file__, "--measure", *words],
        env={**os.environ, "NUMBA_NUM_THREADS": str(len(allowed))},
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        stdout=subprocess.PIPE,
        text=True,
        timeout=60 + 20 * len(loads),
        check=True,
    )
    rows = json.loads(done.stdout.splitlines()[-1])
    return [Point(Load(**row.pop("load")), **row) for row in rows]


def axes(cores: int, *, fewer: bool) -> dict[str, list[Load]]:
    """Return the loads by what varies in them."""
    base = Load(cores)
    few = slice(None, None, 2) if fewer else slice(None)
    return {
        "cores": [replace(base, cores=n) for n in CORES if n <= cores],
        "cameras": [replace(base, cameras=n) for n in CAMERAS[few]],
        "actors": [replace(base, actors=n) for n in ACTORS[few]],
        "triangles": [replace(base, triangles=n) for n in TRIANGLES[few]],
    }


def report(name: str, points: list[Point]) -> None:
    """Print one axis."""
    print(f"\n{name:>10s} {'wall':>8s} {'p95':>8s} {'cpu':>8s} {'floor':>8s} {'ratio':>6s}   (ms)")
    first = points[0]
    for point in points:
        value = getattr(point.load, name)
        row = f"{value:10d} {point.wall_ms:8.2f} {point.p95_ms:8.2f} {point.cpu_ms:8.1f}"
        if name == "cores":
            floor = first.wall_ms * first.load.cores / value
            row += f" {floor:8.2f} {point.wall_ms / floor:6.2f}"
            against = f"one core's time, by {value}"
            wall = point.wall_ms
            tell(Figure("growth", f"a frame on {value} cores", wall, "ms", against, floor))
        print(row, flush=True)


def read_points(path: Path) -> dict[str, list[Point]]:
    """Return what ``--json`` wrote."""
    rows = json.loads(path.read_text())
    return {
        name: [Point(Load(**row.pop("load")), **row) for row in points]
        for name, points in rows.items()
    }


def draw_plot(runs: list[dict[str, list[Point]]], path: Path) -> None:
    """Write a figure with a panel for each axis and a line for each run."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(runs[0]), figsize=(4 * len(runs[0]), 3.4))
    for panel, name in zip(panels, runs[0], strict=True):
        highest = 0.0
        for run in runs:
            values = [getattr(point.load, name) for point in run[name]]
            walls = [point.wall_ms for point in run[name]]
            panel.plot(values, walls, "o-", label=run[name][0].engine)
            highest = max(highest, *walls)
        if name == "cores":
            values = [point.load.cores for point in runs[0][name]]
            one = runs[0][name][0].wall_ms * values[0]
            panel.plot(values, [one / n for n in values], ":", label="one core's, divided")
            panel.set_xscale("log", base=2)
            panel.set_xticks(values, [str(n) for n in values])
        elif name == "triangles":
            panel.set_xscale("log")
        panel.set_ylim(0, 1.1 * highest)
        panel.set_xlabel(name)
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("ms a frame")
    panels[0].legend()
    figure.suptitle("4 cameras of 640x360 with shadows, as JPEG; 20 actors; 200,000 triangles")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the tables; write figures and plot where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the plot (PNG) here")
    parser.add_argument(
        "--quick", action="store_true", help="every second point but of the cores, fewer rounds"
    )
    parser.add_argument(
        "--of", type=Path, nargs="+", metavar="FILE", help="plot these figures, measure nothing"
    )
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.measure is not None:
        loads = [Load(**row) for row in json.loads(wanted.measure[0])]
        print(json.dumps([asdict(measure(load, int(wanted.measure[1]))) for load in loads]))
        return
    if wanted.of is not None:
        draw_plot([read_points(path) for path in wanted.of], wanted.plot or Path("growth.png"))
        return
    cores = min(max(CORES), len(os.sched_getaffinity(0)))
    fewer = wanted.quick or quick()
    rounds = 5 if fewer else ROUNDS
    found: dict[str, list[Point]] = {}
    for name, loads in axes(cores, fewer=fewer).items():
        groups = [[load] for load in loads] if name == "cores" else [loads]
        found[name] = [point for group in groups for point in measured_in_a_process(group, rounds)]
        report(name, found[name])
    if wanted.json is not None:
        rows = {name: [asdict(point) for point in points] for name, points in found.items()}
        wanted.json.write_text(json.dumps(rows, indent=2) + "\n")
    if wanted.plot is not None:
        draw_plot([found], wanted.plot)


if __name__ == "__main__":
    main()
