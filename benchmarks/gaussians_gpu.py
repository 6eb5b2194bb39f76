"""Time pictures of Gaussians on the GPU, beside copying them and beside numba and gsplat.

Run on a machine with an NVIDIA GPU: ``python benchmarks/gaussians_gpu.py [--json FILE]``. A
synthetic street of 100 thousand to 5 million Gaussians with harmonics of degree 3, from within, by
an F-theta lens with a rolling shutter. ``picture`` is what the server waits for: poses to the GPU,
drawing, a sky behind, 8-bit colours back; ``floats`` the same with colours, transmittance and depth
back as float32. The floors are copying as many bytes. numba makes the same picture on all cores;
where gsplat can be imported, so does its 3DGUT as floats, at its own defaults. Before, the pictures
of Warp and numba are compared. ``--device cpu`` tries the benchmark itself on Warp's processor
device, with few Gaussians and small pictures: its times say nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _figures import Figure, quick, tell
from _gpu_copy import copying_ms
from _gsplat import gsplat_picture, has_gsplat
from _timing import measure
from gaussians import camera, inside, street

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing, GaussianFrame
from carla_nurec_bridge.gaussians.drawing.motion import motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.picture import Backdrop, draw_picture
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.gaussians.sky import seamless
from carla_nurec_bridge.rendering.gpu.device import INSTALL, gpu_count, has_warp, open_warp

ROUNDS = 9 if quick() else 40
WARM_UP = 5
SIZE, COUNTS = (1920, 1080), (100_000, 1_000_000, 3_000_000, 5_000_000)
SMALL, FEW = (160, 90), (5_000,)
GOALS_MS = {1_000_000: 3.0, 5_000_000: 8.0}
PIXEL_BYTES, FLOAT_BYTES = 3, 20


@dataclass(frozen=True)
class Row:
    """Hold the figures of one number of Gaussians; None where there is no such figure."""

    gaussians: int
    pairs: int
    open_s: float
    picture_ms: float
    picture_p95_ms: float
    picture_floor_ms: float
    floats_ms: float
    floats_floor_ms: float
    numba_ms: float
    gsplat_ms: float | None
    goal_ms: float | None
    most_difference: float
    share_beyond_2_steps: float
    psnr_db: float


def compare(one: GaussianFrame, two: GaussianFrame) -> tuple[float, float, float]:
    """Return largest difference, share of pixels beyond 2/255, and PSNR of colours of 0 to 1."""
    apart = np.abs(np.clip(one.colour, 0, 1) - np.clip(two.colour, 0, 1))
    error = float(np.mean(np.square(apart, dtype=np.float64)))
    beyond = float(np.mean(apart.max(axis=-1) > 2.0 / 255.0))
    return float(apart.max()), beyond, -10.0 * float(np.log10(max(error, 1e-30)))


def row(cloud: GaussianCloud, size: tuple[int, int], device: str) -> Row:
    """Time and compare the pictures of one street."""
    from carla_nurec_bridge.gaussians.gpu.drawing import WarpDrawing

    lens, (start, end) = camera(*size), inside()
    view, rules = camera_view(lens, Shutter.ROLLING_TOP_TO_BOTTOM), rules_of(RenderSettings())
    particles = joined(cloud)
    begin = time.perf_counter()
    drawing = WarpDrawing(particles, device)
    opened = time.perf_counter() - begin
    peer = GaussianDrawing(particles)

    noise = np.random.default_rng(0).uniform(0.0, 1.0, (6, 512, 512, 3))
    backdrop = Backdrop(seamless(noise.astype(np.float32)))

    def floats(by: Any) -> GaussianFrame:
        frame: GaussianFrame = by.draw(view, motion_of(start, end, view.fractions), rules)
        return frame

    def picture(by: Any) -> Any:
        motion = motion_of(start, end, view.fractions)
        return draw_picture(by, view, motion, rules, backdrop)

    difference = compare(floats(peer), floats(drawing))
    took = measure(lambda: picture(drawing), ROUNDS, warm_up=WARM_UP)
    as_floats = measure(lambda: floats(drawing), ROUNDS, warm_up=WARM_UP)
    pairs, pixels = drawing.pairs, size[0] * size[1]
    drawing.close()
    by_numba = measure(lambda: picture(peer), 3).wall_ms
    by_gsplat = None
    if device != "cpu" and has_gsplat():
        work = gsplat_picture(cloud, lens, start, end)
        by_gsplat = measure(work, ROUNDS, warm_up=WARM_UP).wall_ms
    return Row(
        len(cloud),
        pairs,
        opened,
        took.wall_ms,
        took.wall_p95_ms,
        copying_ms(PIXEL_BYTES * pixels, device, ROUNDS, WARM_UP),
        as_floats.wall_ms,
        copying_ms(FLOAT_BYTES * pixels, device, ROUNDS, WARM_UP),
        by_numba,
        by_gsplat,
        GOALS_MS.get(len(cloud)),
        *difference,
    )


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--device", choices=("cuda:0", "cpu"), default="cuda:0", help="see above")
    wanted = parser.parse_args()
    if not has_warp() or (wanted.device != "cpu" and not gpu_count()):
        print(f"nothing to time: no NVIDIA GPU here, or not {INSTALL}")
        return
    open_warp()
    on_gpu = wanted.device != "cpu"
    size, counts = (SIZE, COUNTS) if on_gpu else (SMALL, FEW)
    print(f"{size[0]}x{size[1]}, F-theta with rolling shutter, ms; {os.cpu_count()} cores")
    print(
        f"{'Gaussians':>10s} {'pairs':>9s} {'picture':>8s} {'p95':>8s} {'floor':>6s} "
        f"{'floats':>7s} {'floor':>6s} {'numba':>8s} "
        f"{'gsplat':>7s} {'goal':>5s} {'open':>6s}  difference from numba"
    )
    found = []
    for count in counts:
        one = row(street(count), size, wanted.device)
        found.append(one)
        name = f"{count / 1e6:g} M, {size[0]}x{size[1]}"
        if on_gpu:
            tell(Figure("gaussians_gpu", name, one.picture_ms, "ms", "by numba", one.numba_ms))
            floor = f"{name}: to its floor"
            tell(
                Figure(
                    "gaussians_gpu", floor, one.picture_ms, "ms", "copying", one.picture_floor_ms
                )
            )
        gsplat = "-" if one.gsplat_ms is None else f"{one.gsplat_ms:.2f}"
        goal = "-" if one.goal_ms is None else f"{one.goal_ms:.0f}"
        print(
            f"{count:10d} {one.pairs:9d} {one.picture_ms:8.2f} {one.picture_p95_ms:8.2f} "
            f"{one.picture_floor_ms:6.2f} {one.floats_ms:7.2f} {one.floats_floor_ms:6.2f} "
            f"{one.numba_ms:8.1f} {gsplat:>7s} {goal:>5s} {one.open_s:5.1f}s  "
            f"{one.most_difference:.2g} at most, {100 * one.share_beyond_2_steps:.2g} % of pixels "
            f"beyond 2/255, {one.psnr_db:.1f} dB",
            flush=True,
        )
    if wanted.json is not None:
        wanted.json.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
