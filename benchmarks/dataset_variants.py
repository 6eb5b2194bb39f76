"""Time what a variant costs beside its server: the videos that are sent, and the gates.

Run: ``python benchmarks/dataset_variants.py``, or with ``--dataset RUN`` for the first clip of a
data set instead of 93 frames of 1280x720 driven in the demo town. The floor of the videos decodes
the images that they are made of once; that of the gates decodes the images and the video. Times
are processor seconds of this process, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import av
from _figures import Figure, quick, tell

from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.dataset.augment.jobs.control_videos import write_control_videos
from carla_nurec_bridge.dataset.augment.jobs.sent_frames import SentFrames
from carla_nurec_bridge.dataset.augment.quality import judge, measure_source, read_limits
from carla_nurec_bridge.dataset.store import Dataset, StoredScenario

FRAMES, RATE_HZ = 24 if quick() else 93, 16.0
CONTROLS = ("edge", "depth", "seg")
SENT = ("rgb", "edges", "depth", "semantic_segmentation")


def recorded(folder: Path) -> Path:
    """Record a clip of a live world of its own, with its videos."""
    run = folder / "run"
    line = ["dataset", "record", "--live", "--map", "demo_town", "--traffic", "8", "--seed", "1"]
    line += ["--frames", str(FRAMES), "--fps", str(int(RATE_HZ)), "--size", "1280x720"]
    command = [sys.executable, "-m", "carla_nurec_bridge.cli.main", *line, "-o", str(run)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return run


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of some work, in seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def decode_images(scenario: StoredScenario, camera: str, kinds: tuple[str, ...]) -> None:
    """Read all images of some kinds once."""
    for kind in kinds:
        for number in range(scenario.truth.frames):
            scenario.image(camera, kind, number)


def decode_video(path: Path) -> None:
    """Read all frames of a video as RGB."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def row(what: str, took_s: float, floor_s: float, frames: int) -> None:
    """Print a figure beside its floor."""
    tell(Figure("dataset_variants", what, took_s, "CPU s", "decoding", floor_s))
    print(
        f"{what:34} {took_s:7.2f} s {1000 * took_s / frames:7.1f} ms a frame, "
        f"{took_s / floor_s:5.2f} of its floor ({floor_s:.2f} s)"
    )


def measured(run: Path, scratch: Path) -> None:
    """Time the parts for the first clip of a data set."""
    scenario = Dataset(run).scenarios()[0]
    camera, frames = scenario.truth.cameras[0], scenario.truth.frames
    rate_hz, video = 1e9 / scenario.truth.dt_ns, scenario.folder.video(camera, "rgb")
    limits, depth = read_limits(), DepthEncoding()
    exact = SentFrames(frames, tuple(range(frames)), rate_hz)
    filled = SentFrames(frames, (*range(frames), frames - 2), rate_hz)
    images_s = seconds(lambda: decode_images(scenario, camera, SENT))

    def send(sent: SentFrames) -> Callable[[], object]:
        return lambda: write_control_videos(scenario, camera, sent, CONTROLS, depth, scratch)

    row("videos, made of the images", seconds(send(filled)), images_s, frames)
    row("videos, those of the data set", seconds(send(exact)), images_s, frames)
    kinds = ("rgb", "edges", "semantic_segmentation")
    floor_s = seconds(lambda: decode_images(scenario, camera, kinds))
    row(
        "gates: the source, once",
        seconds(lambda: measure_source(scenario, camera, limits)),
        floor_s,
        frames,
    )
    source = measure_source(scenario, camera, limits)
    floor_s = seconds(lambda: decode_video(video))
    row("gates: a variant", seconds(lambda: judge(video, source, {}, limits)), floor_s, frames)


def main() -> None:
    """Record, unless a data set is given, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, help="a data set with videos")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        measured(asked.dataset or recorded(scratch), scratch)


if __name__ == "__main__":
    main()
