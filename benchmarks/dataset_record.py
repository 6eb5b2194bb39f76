"""Time `dataset record` for 5 s of one camera of 1920x1080 at 30 Hz, all outputs, beside a floor.

Run: ``python benchmarks/dataset_record.py``, or with ``--recording drive.log --map Town01.xodr.gz``
for a recording instead of a demo town with traffic. The original pipeline's README gives about 9
minutes for its first stage of a clip of 5 s; the goal is 90 s on two cores. The floor draws the
same views of the street once, with all outputs, and encodes the images that were recorded: nothing
is sent, labelled, hashed or written, there are no cars and no videos. A busy machine makes all of
it slower; processor time, over all processes, tells whether the code is.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from _figures import Figure, quick, tell

from carla_nurec_bridge.core.cameras.shutter import Shutter, shutter_fraction
from carla_nurec_bridge.core.resources import map_file
from carla_nurec_bridge.dataset.store import IMAGES, Dataset, StoredScenario
from carla_nurec_bridge.opendrive import read_opendrive
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.street import cached_street

GOAL_S, PUBLISHED_S = 90.0, 9 * 60.0
TOWN, CAMERA = "demo_town", "front"
SAMPLED = 5 if quick() else 15
"""Frames of the floor, evenly over the clip; it is told for all of them."""


def options() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recording", type=Path, help="CARLA recording, shown from its hero")
    parser.add_argument("--map", default=TOWN, help="its OpenDRIVE file, or a shipped map")
    parser.add_argument("--start", default="2", help="first second of the recording")
    parser.add_argument("--frames", type=int, help="frames (default: 5 s)")
    parser.add_argument("--fps", type=float, default=30.0, help="frames a second")
    parser.add_argument("--size", default="1920x1080", help="pixels of the camera")
    parser.add_argument("--no-videos", action="store_true", help="images and labels only")
    parser.set_defaults(frames=30 if quick() else 150)
    return parser.parse_args()


def record(asked: argparse.Namespace, run: Path) -> tuple[float, float]:
    """Record the scenario; return wall and processor time in seconds, of all processes."""
    line = [sys.executable, "-m", "carla_nurec_bridge.cli.main", "dataset", "record"]
    line += ["--map", asked.map, "--frames", str(asked.frames), "--fps", str(asked.fps)]
    line += ["--size", asked.size, "-o", str(run)]
    if asked.recording is None:
        line += ["--live", "--traffic", "10", "--walkers", "6"]
    else:
        line += ["-f", str(asked.recording), "-s", asked.start]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line + ["--no-videos"] * asked.no_videos, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used_s


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor seconds a sampled frame of work on all of them."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) / SAMPLED, (time.process_time() - cpu) / SAMPLED


def floor(
    scenario: StoredScenario, map_name: str
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return wall and processor seconds a frame of drawing the street, and of encoding images."""
    calibration = scenario.calibration(CAMERA)
    numbers = np.linspace(0, scenario.truth.frames - 1, SAMPLED).round().astype(int).tolist()
    kinds = [kind for kind in IMAGES if scenario.image_path(CAMERA, kind, 0).is_file()]
    rays = calibration.model().ray_table()
    axis, fractions = shutter_fraction(Shutter.GLOBAL, calibration.width, calibration.height)
    images = [(kind, scenario.image(CAMERA, kind, k)) for k in numbers for kind in kinds]

    def draw() -> None:
        for number in numbers:
            pose = calibration.pose(number)
            render_camera(scene, rays, pose, pose, fractions, axis, Lighting())

    with RenderScene(cached_street(read_opendrive(map_file(map_name))).mesh) as scene:
        draw()  # the first time compiles
        drawn = timed(draw)
    with ThreadPoolExecutor(2) as pool:
        encoded = timed(lambda: list(pool.map(lambda one: IMAGES[one[0]].encode(one[1]), images)))
    return drawn, encoded


def main() -> None:
    """Record, measure the floor, and print both for a camera's frame."""
    asked = options()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        wall_s, used_s = record(asked, run)
        (scenario,) = Dataset(run).scenarios()
        size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
        frames = scenario.truth.frames
        (drawn_s, drawn_cpu_s), (encoded_s, encoded_cpu_s) = floor(scenario, asked.map)
    print(
        f"{frames} frames at {asked.fps:g} Hz, {asked.size}, {size / frames / 1e6:.2f} MB a frame"
    )
    used_ms, floor_ms = 1e3 * used_s / frames, 1e3 * (drawn_cpu_s + encoded_cpu_s)
    named, against = "a camera's frame, with the start", "drawing and encoding"
    tell(Figure("dataset_record", named, used_ms, "CPU ms", against, floor_ms))
    print(f"{'ms a camera-frame':36s} {'wall':>8s} {'cpu':>8s}")
    rows = (
        ("dataset record, with its start", wall_s / frames, used_s / frames),
        ("floor: drawing and encoding", drawn_s + encoded_s, drawn_cpu_s + encoded_cpu_s),
        ("  drawing the street once", drawn_s, drawn_cpu_s),
        ("  encoding all images", encoded_s, encoded_cpu_s),
    )
    for name, wall, cpu in rows:
        print(f"{name:36s} {1e3 * wall:8.1f} {1e3 * cpu:8.1f}")
    print(
        f"in all {wall_s:.1f} s; goal {GOAL_S:g} s; published for the original {PUBLISHED_S:g} s; "
        f"floor {frames * (drawn_s + encoded_s):.1f} s"
    )


if __name__ == "__main__":
    main()
