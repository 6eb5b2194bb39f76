"""Time the GPU engine on the demo town with 20 moving cars, beside its floor and beside Embree.

Run on a machine with an NVIDIA GPU: ``python benchmarks/gpu.py [--json FILE]``. Each row is the
median (and 95th percentile) of what a caller waits for: poses to the GPU, drawing, the outputs or
the JPEG back. The floor of an image is copying its bytes from the GPU, that of a sweep likewise;
Embree draws the same on all cores of the same machine. Before, hits and colours of both are
compared.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from _figures import Figure, quick, tell
from _gpu_copy import copying_ms
from _timing import measure
from rendering import END, START, moving_cars, spinning, town_with_cars

from carla_nurec_bridge.core.cameras.shutter import shutter_fraction
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.lidar import lidar_pattern
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.opendrive import read_opendrive
from carla_nurec_bridge.rendering.camera import (
    ALL_OUTPUTS,
    JpegFormat,
    render_camera,
    render_jpeg,
)
from carla_nurec_bridge.rendering.gpu.device import INSTALL, gpu_count, has_warp
from carla_nurec_bridge.rendering.lidar import render_lidar
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.street import cached_street

ROUNDS = 9 if quick() else 40
WARM_UP = 5
SHADED = Lighting()
YAWS = [matrix_from_xyz_rpy([0, 0, 0], [0, 0, k * np.pi / 4]) for k in range(8)]
UP = matrix_from_xyz_rpy([0, 0, 1.6], [0, 0, 0])


@dataclass(frozen=True)
class Row:
    """Hold one figure: milliseconds, and what they are compared with."""

    name: str
    median_ms: float
    p95_ms: float
    floor_ms: float
    embree_ms: float
    goal_ms: float | None


class Views:
    """The sensors that are timed: one camera's table in several sizes, and two lidars."""

    def __init__(self) -> None:
        self._camera = next(c for c in load_rig("demo").cameras if c.name == "front_wide_120fov")
        self._tables: dict[tuple[int, int], Any] = {}

    def table(self, width: int, height: int) -> Any:
        """Return rays, axis and fractions of an image size."""
        if (width, height) not in self._tables:
            rays = self._camera.model.scaled(width, height).ray_table()
            lines = shutter_fraction(self._camera.shutter, width, height)
            self._tables[width, height] = (rays, *lines)
        return self._tables[width, height]

    def frame(
        self,
        scene: RenderScene,
        size: tuple[int, int],
        light: Lighting = SHADED,
        outputs: frozenset[str] = ALL_OUTPUTS,
    ) -> Any:
        """Draw one image."""
        rays, axis, fractions = self.table(*size)
        base = self._camera.rig_from_camera
        return render_camera(scene, rays, START @ base, END @ base, fractions, axis, light, outputs)

    def jpegs(self, scene: RenderScene, size: tuple[int, int], count: int) -> list[bytes]:
        """Draw ``count`` cameras that look around, each as JPEG of quality 90."""
        rays, axis, fractions = self.table(*size)
        base = self._camera.rig_from_camera
        files = []
        for yaw in YAWS[:count]:
            start, end = START @ yaw @ base, END @ yaw @ base
            if scene.encodes_jpeg:
                form = JpegFormat(90, full_colour=False)
                view = (scene, rays, start, end, fractions, axis)
                files.append(render_jpeg(*view, SHADED, form))
                continue
            outputs = frozenset({"rgb"})
            image = render_camera(scene, rays, start, end, fractions, axis, SHADED, outputs)
            files.append(simplejpeg.encode_jpeg(image.rgb, quality=90, colorsubsampling="420"))
        return files


def compare(views: Views, gpu: RenderScene, cpu: RenderScene) -> dict[str, float]:
    """Return how the two engines differ on one 720p frame and one sweep."""
    size, light = (1280, 720), Lighting(samples=4)
    one, two = views.frame(cpu, size, light), views.frame(gpu, size, light)
    steps = np.abs(one.rgb.astype(int) - two.rgb.astype(int)).max(axis=-1)
    same = np.isfinite(one.depth) & np.isfinite(two.depth) & (one.instance == two.instance)
    directions, fractions = spinning()
    sweep = [
        render_lidar(scene, directions, fractions, START @ UP, END @ UP, 120.0)
        for scene in (cpu, gpu)
    ]
    hit = [np.isfinite(each.range_m) for each in sweep]
    both = hit[0] & hit[1]
    return {
        "share of pixels of another instance": float(np.mean(one.instance != two.instance)),
        "share of pixels more than 2 steps apart": float(np.mean(steps > 2)),
        "relative depth difference, 99.99 %": float(
            np.quantile(np.abs(one.depth[same] / two.depth[same] - 1), 0.9999)
        ),
        "lidar hit rate, embree": float(hit[0].mean()),
        "lidar hit rate, warp": float(hit[1].mean()),
        "lidar mean range, embree": float(sweep[0].range_m[both].mean()),
        "lidar mean range, warp": float(sweep[1].range_m[both].mean()),
    }


def rows(views: Views, gpu: RenderScene, cpu: RenderScene) -> list[Row]:
    """Return all figures."""
    pattern = lidar_pattern("PANDAR128")
    spin, turn = spinning()
    rgb = frozenset({"rgb"})
    full, wide, small = (1920, 1080), (1280, 720), (640, 360)

    def swept(directions: np.ndarray, at: np.ndarray) -> Callable[[RenderScene], object]:
        return lambda s: render_lidar(s, directions, at, START @ UP, END @ UP, 120.0)

    cars = moving_cars()
    smooth = Lighting(samples=4)
    cases: list[tuple[str, Callable[[RenderScene], object], int, float | None]] = [
        ("1080p f-theta, rolling, rgb", lambda s: views.frame(s, full, outputs=rgb), 3, 2.0),
        ("1080p as JPEG", lambda s: views.jpegs(s, full, 1), 0, 2.0),
        ("1080p, 5 outputs", lambda s: views.frame(s, full), 24, None),
        ("720p, 5 outputs", lambda s: views.frame(s, wide), 24, None),
        ("720p rgb, smooth edges", lambda s: views.frame(s, wide, smooth, rgb), 3, None),
        ("8 x 640x360 as JPEG", lambda s: views.jpegs(s, small, 8), 0, 8.0),
        ("8 x 1080p as JPEG", lambda s: views.jpegs(s, full, 8), 0, None),
        ("lidar 128 x 1024", swept(spin, turn), 17, 1.0),
        ("lidar PANDAR128", swept(pattern.directions, pattern.column_fraction), 17, None),
        ("20 moved cars", lambda s: s.set_instances(cars), 0, 0.5),
    ]
    pixels = {"1080p": 1920 * 1080, "720p": 1280 * 720, "lidar 128": 128 * 1024}
    pixels["lidar PANDAR128"] = pattern.directions.shape[0] * pattern.directions.shape[1]
    found = []
    for name, work, size, goal in cases:
        count = next((n for key, n in pixels.items() if name.startswith(key)), 0)
        files = views.jpegs(gpu, full, 1) if name == "1080p as JPEG" else []
        sent = max(count * size, len(files[0]) if files else 64)
        floor = copying_ms(sent, "cuda:0", ROUNDS, WARM_UP)
        took = measure(lambda work=work: work(gpu), ROUNDS, warm_up=WARM_UP)
        median, tail = took.wall_ms, took.wall_p95_ms
        peer = measure(lambda work=work: work(cpu), 9, warm_up=WARM_UP).wall_ms
        found.append(Row(name, median, tail, floor, peer, goal))
        tell(Figure("gpu", name, median, "ms", "the same by Embree", peer))
        tell(Figure("gpu", f"{name}: to its floor", median, "ms", "copying its bytes", floor))
        print(
            f"{name:30s} {median:8.3f} {tail:8.3f} {floor:8.3f} {median / floor:7.1f} "
            f"{peer:8.2f} {peer / median:7.1f} {'' if goal is None else f'{goal:7.1f}'}",
            flush=True,
        )
    return found


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    wanted = parser.parse_args()
    if not (gpu_count() and has_warp()):
        print(f"nothing to time: no NVIDIA GPU here, or not {INSTALL}")
        return
    street = cached_street(read_opendrive(config_path("maps", "demo_town.xodr")))
    begin = time.perf_counter()
    with town_with_cars(street, "warp") as gpu, town_with_cars(street, "embree") as cpu:
        views = Views()
        views.frame(gpu, (640, 360))
        print(f"both engines and a first frame: {time.perf_counter() - begin:.1f} s")
        print(f"JPEG on the {'GPU' if gpu.encodes_jpeg else 'processor'}")
        differences = compare(views, gpu, cpu)
        for name, value in differences.items():
            print(f"{name:42s} {value:.3g}")
        print(
            f"\n{'':30s} {'median':>8s} {'p95':>8s} {'floor':>8s} {'x':>7s} "
            f"{'embree':>8s} {'faster':>7s} {'goal':>7s}  (ms; {os.cpu_count()} cores)"
        )
        found = rows(views, gpu, cpu)
    if wanted.json is not None:
        report = {"differences": differences, "rows": [asdict(row) for row in found]}
        wanted.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
