"""Time pictures of Gaussians on the CPU, each beside a floor of the same run.

Run: ``python benchmarks/gaussians.py [SPLATS.ply]``; a file is drawn at 1280x720 from its side, a
synthetic street from within. The floor is the arithmetic of the blend alone: as many rows of 16
responses as the tile lists hold, of one Gaussian on one tile in the first cache, shared by all
threads. It knows no projection, no sorting, no memory; on the other hand it ends no ray early,
and the picture does. A step of a fit, which follows a picture's error back to its Gaussians, stands
beside drawing that picture. ``wall`` is the median of the rounds, ``cpu`` the processor time of all
threads.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from _figures import Figure, quick, tell
from _help import show_help
from _timing import measure

from carla_nurec_bridge.core.cameras.models import FThetaCamera, FThetaReference
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing
from carla_nurec_bridge.gaussians.drawing.motion import motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.response import PLANES, respond
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.fitting.descent import Descent, Rates
from carla_nurec_bridge.gaussians.fitting.slope import slope_of
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.rendering.engines.jit import kernel
from carla_nurec_bridge.rendering.engines.threads import share, thread_count

ROUNDS = 2 if quick() else 7
GOALS_MS = {"splats 1280x720": 200.0, "street 1 M, 1280x720": 700.0, "street 100 k, 640x360": 80.0}


def camera(width: int, height: int) -> FThetaCamera:
    """Return a lens of about 120 degrees across."""
    scale = width / 1280.0
    forward = (0.0, 600.0 * scale, 0.0, -8.0 * scale, 0.0, 1.5 * scale)
    middle = (0.5 * width - 0.5, 0.5 * height - 0.5)
    back = (0.0, 1.0 / forward[1])
    return FThetaCamera(
        width, height, middle, back, forward, FThetaReference.ANGLE_TO_PIXELDIST, 1.4
    )


def street(count: int) -> GaussianCloud:
    """Return road, facades and clutter along 200 m, harmonics of degree 3."""
    rng = np.random.default_rng(1)
    road, walls = int(0.4 * count), int(0.4 * count)
    rest = count - road - walls
    along = rng.uniform(-20.0, 180.0, count)
    side = np.concatenate(
        [
            rng.uniform(-8.0, 8.0, road),
            rng.choice([-10.0, 10.0], walls) + rng.normal(0.0, 0.1, walls),
            rng.uniform(-9.0, 9.0, rest),
        ]
    )
    up = np.concatenate(
        [rng.normal(0.0, 0.02, road), rng.uniform(0.0, 12.0, walls), rng.uniform(0.0, 3.0, rest)]
    )
    size = (2e6 / count) ** (1.0 / 3.0) * np.exp(rng.normal(np.log(0.05), 0.5, (count, 3)))
    size[:road, 2] *= 0.1
    turns = rng.normal(size=(count, 4))
    turns[:road] = (1.0, 0.0, 0.0, 0.0)
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return GaussianCloud(
        np.stack([along, side, up], axis=1).astype(np.float32),
        turns.astype(np.float32),
        size.astype(np.float32),
        rng.uniform(0.2, 1.0, count).astype(np.float32),
        rng.normal(0.0, 0.25, (count, 16, 3)).astype(np.float32),
    )


def beside(cloud: GaussianCloud) -> tuple[Matrix, Matrix]:
    """Return poses of a camera beside a cloud of y down, moving by 0.13 m."""
    low, high = np.percentile(cloud.means_m, (1.0, 99.0), axis=0)
    start = np.eye(4)
    start[:3, :3] = [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    start[:3, 3] = 0.5 * (low + high) + [0.55 * (high - low).max(), 0.0, 0.0]
    end = start.copy()
    end[:3, 3] += 0.13 * start[:3, 0]
    return start, end


def inside() -> tuple[Matrix, Matrix]:
    """Return poses of a camera in the street, driving 0.3 m while it turns a little."""
    return (
        matrix_from_xyz_rpy([0.0, -1.5, 1.6], [0.0, 0.0, 0.0]) @ BODY_FROM_OPTICAL,
        matrix_from_xyz_rpy([0.3, -1.5, 1.6], [0.0, 0.0, 0.01]) @ BODY_FROM_OPTICAL,
    )


@kernel
def arithmetic(planes: Any, rows: int, met: Any) -> None:
    """Respond ``rows`` times on the same 16 rays."""
    limits = (np.float32(8.96), np.float32(1 / 255), np.float32(0.99), np.float32(1e-4))
    one, zero = np.float32(1.0), np.float32(0.0)
    m = (one, zero, zero, zero, one, zero, zero, zero, one)
    for row in range(rows):
        base = np.uint64((row & 15) * 16)
        origin = (zero, zero, np.float32(row & 255))
        met[0] += respond(planes, base, m, origin, np.float32(0.5), limits)


def report(name: str, cloud: GaussianCloud, size: tuple[int, int], way: Any) -> None:
    """Print one row of the table."""
    view = camera_view(camera(*size), Shutter.ROLLING_TOP_TO_BOTTOM)
    drawing, rules = GaussianDrawing(joined(cloud)), rules_of(RenderSettings())

    def picture() -> None:
        drawing.draw(view, motion_of(*way, view.fractions), rules)

    found = measure(picture, ROUNDS)
    rows = 16 * drawing.pairs
    parts = 4 * thread_count()

    def floor() -> None:
        def part(_: int) -> None:
            arithmetic(np.ones(PLANES, np.float32), rows // parts, np.zeros(1, np.int64))

        share(part, parts)

    least = measure(floor, ROUNDS)
    tell(Figure("gaussians", name, found.cpu_ms, "CPU ms", "its blend alone", least.cpu_ms))
    print(
        f"{name:28s} {len(cloud):9d} {drawing.pairs:9d} {found.wall_ms:8.1f} "
        f"{found.cpu_ms:8.1f} {least.wall_ms:8.1f} {least.cpu_ms:8.1f} "
        f"{found.cpu_ms / least.cpu_ms:7.2f} {GOALS_MS[name]:8.0f}"
    )


def report_fit(count: int, size: tuple[int, int]) -> None:
    """Print what a step of a fit takes, beside drawing the same picture."""
    cloud = street(count).with_degree(0)
    view = camera_view(camera(*size), Shutter.ROLLING_TOP_TO_BOTTOM)
    motion, rules = motion_of(*inside(), view.fractions), rules_of(RenderSettings())
    particles = joined(cloud)
    drawing, descent = GaussianDrawing(particles), Descent(particles, Rates())
    target = np.full((size[1], size[0], 3), 0.5, np.float32)

    def step() -> None:
        descent.step(slope_of(particles, view, motion, rules, target, target), 1e-6)

    taken = measure(step, ROUNDS)
    drawn = measure(lambda: drawing.draw(view, motion, rules), ROUNDS)
    name = f"fit step {count // 1000} k, {size[0]}x{size[1]}"
    tell(Figure("gaussians", name, taken.cpu_ms, "CPU ms", "drawing it", drawn.cpu_ms))
    print(
        f"{name}: {taken.wall_ms:.1f} ms, {taken.cpu_ms:.1f} ms of CPU, "
        f"{taken.cpu_ms / drawn.cpu_ms:.2f} times drawing its picture ({drawn.cpu_ms:.1f})"
    )


def main() -> None:
    """Print the table."""
    print(f"{thread_count()} threads, F-theta with rolling shutter, ms")
    print(
        f"{'picture':28s} {'Gaussians':>9s} {'pairs':>9s} {'wall':>8s} {'cpu':>8s} {'floor':>8s} "
        f"{'its cpu':>8s} {'ratio':>7s} {'goal':>8s}"
    )
    if len(sys.argv) > 1:
        splats = read_gaussians(Path(sys.argv[1])).static
        report("splats 1280x720", splats, (1280, 720), beside(splats))
    report("street 100 k, 640x360", street(100_000), (640, 360), inside())
    report("street 1 M, 1280x720", street(1_000_000), (1280, 720), inside())
    report_fit(200_000, (320, 180))


if __name__ == "__main__":
    show_help(__doc__)
    main()
