"""Time the embedded Cosmos server's worker at 1280x720, beside reading and writing alone.

Run: ``python benchmarks/cosmos.py [CLIP]``; CLIP is a folder of control videos such as
out/demo/controls, without one a street is drawn. The goal is 10 frames/s for every look on two
cores; CPU time a frame, over all threads, tells whether a busy machine or the code is slow. The
floor decodes the same videos and encodes the picture as it is, in the same three threads.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from _figures import Figure, quick, tell
from _help import show_help

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import cv2
import numpy as np

from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding, depth_grey
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.cosmos.jobs.spec import clip_videos
from carla_nurec_bridge.labels.palette import semantic_rgb
from carla_nurec_bridge.servers.cosmos.painting.inputs import read_scenes
from carla_nurec_bridge.servers.cosmos.task import Task, make_video

WIDTH, HEIGHT, RATE_HZ = 1280, 720, 16
FRAMES = 24 if quick() else 93
GOAL_HZ = 10.0
LOOKS = ("heavy rain at night, wet road", "snow falling", "dense fog at sunset", "clear noon")
SKY, BUILDING, ROAD, CAR = 11, 3, 1, 14


def draw_street(folder: Path) -> Path:
    """Write the frames of a drive along a road of asphalt between two walls."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    down, across = (rows - HEIGHT / 2) / 640, (columns - WIDTH / 2) / 640
    with np.errstate(divide="ignore"):
        ground_m, wall_m = 1.5 / np.maximum(down, 1e-3), 8.0 / np.maximum(np.abs(across), 1e-3)
        depth = np.minimum(ground_m, np.maximum(wall_m, 12.0))
    tags = np.where(ground_m <= wall_m, ROAD, BUILDING).astype(np.uint8)
    sky = (down < 0) & (-down * depth > 9.0)
    tags[sky], depth[sky] = SKY, np.inf
    tags[380:470, 600:690], depth[380:470, 600:690] = CAR, 15.0
    texture = np.random.default_rng(5).integers(60, 190, (512, 512, 3), np.uint8)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    far = np.where(sky, 1.0, depth)
    writers = {
        name: VideoWriter(folder / f"{name}.mp4", WIDTH, HEIGHT, Fraction(RATE_HZ), VideoOptions())
        for name in ("rgb", "depth", "semantic")
    }
    grey = cv2.cvtColor(depth_grey(depth.astype(np.float32), DepthEncoding()), cv2.COLOR_GRAY2RGB)
    for frame in range(FRAMES):
        along = ((far + 0.6 * frame) * 40 % 511).astype(np.float32)
        beside = (np.where(tags == ROAD, across * far, down * far) * 40 % 511).astype(np.float32)
        picture = cv2.remap(texture, beside, along, cv2.INTER_LINEAR)
        picture[sky] = (120, 160, 215)
        picture[380:470, 600:690] = (150, 30, 30)
        writers["rgb"].add(picture)
        writers["depth"].add(np.asarray(grey, np.uint8))
        writers["semantic"].add(semantic_rgb(tags))
    for writer in writers.values():
        writer.close()
    return folder


def copy(videos: dict[str, Path], target: Path) -> int:
    """Read every video and write the picture again; return the number of frames."""
    writer = VideoWriter(target, WIDTH, HEIGHT, Fraction(RATE_HZ), VideoOptions(crf=18))
    with ThreadPoolExecutor(1) as encoder:
        for scene in read_scenes(videos, (WIDTH, HEIGHT)):
            encoder.submit(writer.add, scene.rgb)
    writer.close()
    return writer.frames


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """Return frames/s of wall time and ms of CPU time a frame."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    frames = work()
    return frames / (time.perf_counter() - wall_s), (time.process_time() - cpu_s) / frames * 1e3


def main() -> int:
    """Print the table; return 1 when a look misses the goal."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        clip = Path(sys.argv[1]) if len(sys.argv) > 1 else draw_street(place)
        found = clip_videos(clip)
        named = {"rgb": found["input"], "depth": found["depth"], "seg": found["seg"]}
        task = {name: str(path) for name, path in named.items()}

        def relight(prompt: str) -> int:
            made = make_video(
                Task(prompt, "", 7, task), place / "o.mp4", lambda *_: None, watermark=False
            )
            return int(made["frames"])

        for prompt in LOOKS:  # compiles the loops of every prompt
            size = (64, 32)
            make_video(
                Task(prompt, "", 7, task, size, max_frames=2),
                place / "o.mp4",
                lambda *_: None,
                watermark=False,
            )
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {clip}")
        print(f"{'look':<32} {'frames/s':>9} {'CPU ms/frame':>13} {'over floor':>11}")
        rate_hz, floor_ms = timed(lambda: copy(named, place / "floor.mp4"))
        print(f"{'(floor: read and write)':<32} {rate_hz:9.1f} {floor_ms:13.1f}")
        slow = 0
        for prompt in LOOKS[:1] if quick() else LOOKS:
            rate_hz, cpu_ms = timed(lambda p=prompt: relight(p))  # type: ignore[misc]
            slow += rate_hz < GOAL_HZ
            tell(Figure("cosmos", prompt, cpu_ms, "CPU ms", "reading and writing", floor_ms))
            print(f"{prompt:<32} {rate_hz:9.1f} {cpu_ms:13.1f} {cpu_ms - floor_ms:11.1f}")
    return 1 if slow else 0


if __name__ == "__main__":
    show_help(__doc__)
    sys.exit(main())
