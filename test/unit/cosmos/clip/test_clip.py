"""Control videos hold exactly the frames they were given, in order, in the right colours."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.cosmos.clip.clip import ControlClip
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.manifest import ClipCamera, ClipContent, write_manifest
from carla_nurec_bridge.cosmos.clip.streams import STREAMS, ControlOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter, count_frames
from carla_nurec_bridge.labels.frame import LabelledFrame

MODEL = OpenCVPinholeCamera.from_fov(96, 64, 90.0)
SOURCES = frozenset({"rgb", "depth", "semantic", "instance"})
KINDS = [s.name for s in STREAMS.values() if s.source in SOURCES]
FRAMES = 30


def barcode(number: int) -> np.ndarray:
    """A picture that says its own number in eight black or white fields."""
    picture = np.zeros((64, 96, 3), np.uint8)
    for bit in range(8):
        picture[:, bit * 12 : bit * 12 + 12] = 255 * (number >> bit & 1)
    return picture


def number_of(picture: np.ndarray) -> int:
    return sum(int(picture[:, bit * 12 + 6].mean() > 127) << bit for bit in range(8))


def frame(number: int) -> LabelledFrame:
    ids = np.zeros((64, 96), np.int32)
    ids[10:30, 10:30] = 7
    depth = np.full((64, 96), 1.0 + number, np.float32)
    return LabelledFrame(
        "eye", MODEL, 1000 + number, barcode(number), depth, np.full((64, 96), 1, np.uint8), ids
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("clip")
    clip = ControlClip(directory, MODEL, 20.0, ControlOptions(), SOURCES)
    for number in range(FRAMES):
        clip.add(frame(number))
    files = clip.close()
    camera = ClipCamera("eye", MODEL, Shutter.GLOBAL, np.eye(4), "base_link", "ego", 20.0)
    content = ClipContent(
        camera,
        files,
        clip.options,
        clip.stamps_ns,
        list(range(FRAMES)),
        [np.eye(4)] * FRAMES,
        dict.fromkeys(SOURCES, "CARLA"),
        dict.fromkeys(SOURCES, "/topic"),
        clip.instances(),
    )
    write_manifest(directory, content)
    return directory


def test_every_video_has_every_frame(clip: Path) -> None:
    for kind in KINDS:
        assert count_frames(clip / STREAMS[kind].file) == FRAMES


def test_frames_are_in_order_and_at_their_time(clip: Path) -> None:
    with av.open(str(clip / "rgb.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(20)
        frames = list(container.decode(video=0))
    assert [number_of(f.to_ndarray(format="rgb24")) for f in frames] == list(range(FRAMES))
    assert [round(f.time * 20) for f in frames] == list(range(FRAMES))


def test_the_index_is_at_the_front(clip: Path) -> None:
    data = (clip / "rgb.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("rgb", [(200, 30, 40), (30, 180, 60), (20, 60, 220), (128, 64, 128)])
def test_two_decoders_see_the_colour_that_was_meant(
    tmp_path: Path, rgb: tuple[int, int, int]
) -> None:
    writer = VideoWriter(tmp_path / "v.mp4", 64, 48, Fraction(20), VideoOptions())
    writer.add(np.full((48, 64, 3), rgb, np.uint8))
    writer.close()
    with av.open(str(tmp_path / "v.mp4")) as container:
        by_ffmpeg = next(container.decode(video=0)).to_ndarray(format="rgb24").mean(axis=(0, 1))
    _, bgr = cv2.VideoCapture(str(tmp_path / "v.mp4")).read()
    assert np.abs(by_ffmpeg - rgb).max() <= 3
    assert np.abs(bgr[..., ::-1].mean(axis=(0, 1)) - rgb).max() <= 3


def test_manifest_names_files_and_hashes(clip: Path) -> None:
    manifest = json.loads((clip / "manifest.json").read_text())
    assert manifest["stamps_ns"] == [1000 + i for i in range(FRAMES)]
    for kind in KINDS:
        video = manifest["videos"][kind]
        assert video["frames"] == FRAMES
        assert video["engine"] == "CARLA"
        assert video["camera_model"] == "opencv-pinhole"
        digest = hashlib.sha256((clip / video["file"]).read_bytes()).hexdigest()
        assert digest == video["sha256"]
    assert [entry["id"] for entry in manifest["instances"]] == [7]


def test_frames_out_of_order_are_refused(tmp_path: Path) -> None:
    clip = ControlClip(tmp_path, MODEL, 20.0, ControlOptions(), SOURCES)
    clip.add(frame(3))
    with pytest.raises(RunError, match="comes after"):
        clip.add(frame(3))
    assert {video.frames for video in clip.close()} == {1}


def test_a_failing_worker_is_reported_and_no_thread_is_left(tmp_path: Path) -> None:
    clip = ControlClip(tmp_path, MODEL, 20.0, ControlOptions(), SOURCES)
    small = frame(0)
    clip.add(LabelledFrame("eye", MODEL, 1, small.rgb[:32], small.depth_m, small.tags, small.ids))
    with pytest.raises(RunError, match=r"rgb\.mp4: .*96x32"):
        clip.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("video ")]


def test_a_video_is_not_closed_under_an_encoder_that_is_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, closed = threading.Event(), []
    add, close = VideoWriter.add, VideoWriter.close

    def slow_add(writer: VideoWriter, image: np.ndarray) -> None:
        assert writer.path.name != "rgb.mp4" or go.wait(60.0)
        add(writer, image)

    def told_close(writer: VideoWriter) -> None:
        closed.append(writer.path.name)
        close(writer)

    monkeypatch.setattr(VideoWriter, "add", slow_add)
    monkeypatch.setattr(VideoWriter, "close", told_close)
    clip = ControlClip(tmp_path, MODEL, 20.0, ControlOptions(only=frozenset({"rgb"})), SOURCES)
    clip.add(frame(0))
    with pytest.raises(RunError, match=r"rgb\.mp4: frame 0 is still being encoded"):
        clip.close(0.01)
    assert closed == []
    go.set()


def test_a_video_whose_writer_was_killed_plays(tmp_path: Path) -> None:
    script = (
        "import os, sys, fractions, pathlib, numpy\n"
        "from carla_nurec_bridge.cosmos.clip.codec import VideoOptions\n"
        "from carla_nurec_bridge.cosmos.clip.video import VideoWriter\n"
        "path, rate = pathlib.Path(sys.argv[1]), fractions.Fraction(20)\n"
        "video = VideoWriter(path, 96, 64, rate, VideoOptions())\n"
        "for n in range(60):\n"
        "    video.add(numpy.full((64, 96, 3), n * 4, numpy.uint8))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "cut.mp4"
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    with av.open(str(path)) as container:
        greys = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    assert len(greys) >= 40  # two of three seconds; the last second may be on its way
    assert greys == pytest.approx([n * 4 for n in range(len(greys))], abs=4)


def test_odd_sizes_are_refused(tmp_path: Path) -> None:
    odd = OpenCVPinholeCamera.from_fov(95, 64, 90.0)
    with pytest.raises(InputError, match="95x64 is odd"):
        ControlClip(tmp_path, odd, 20.0, ControlOptions(), SOURCES)
