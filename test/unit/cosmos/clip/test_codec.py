"""Every codec keeps count, order and time; masters keep every pixel; options are checked."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos.clip import codec
from carla_nurec_bridge.cosmos.clip.codec import CODECS, VideoOptions, describe, lossless_rgb
from carla_nurec_bridge.cosmos.clip.video import VideoWriter

FRAMES = 25


def pictures() -> list[np.ndarray]:
    """Blocks of random colours that move, so that an order or a colour lost shows."""
    random = np.random.default_rng(3)
    still = np.kron(random.integers(0, 256, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    return [np.roll(still, 4 * number, 1) for number in range(FRAMES)]


def write(path: Path, options: VideoOptions) -> list[np.ndarray]:
    writer = VideoWriter(path, 96, 64, Fraction(20), options)
    for picture in pictures():
        writer.add(picture)
    writer.close()
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 20
        frames = list(container.decode(video=0))
    assert [round(frame.time * 20) for frame in frames] == list(range(FRAMES))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    return [frame.to_ndarray(format="rgb24") for frame in frames]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (VideoOptions(10), "h264"),
        (VideoOptions(10, pixel_format="yuv444p"), "h264"),
        (VideoOptions(10, codec="x265"), "hevc"),
        (VideoOptions(10, codec="av1"), "av1"),
    ],
)
def test_every_codec_keeps_frames_and_what_they_show(
    tmp_path: Path, options: VideoOptions, name: str
) -> None:
    seen = write(tmp_path / "v.mp4", options)
    # Half the colour is lost at the borders of blocks in 4:2:0; brightness is not.
    for picture, found in zip(pictures(), seen, strict=True):
        assert np.abs(picture.mean(2) - found.mean(2)).mean() < 12
        others = np.roll(picture, 4, 1).mean(2)
        assert (
            np.abs(picture.mean(2) - found.mean(2)).mean() < np.abs(others - found.mean(2)).mean()
        )
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == name
        assert container.streams.video[0].codec_context.pix_fmt == options.pixel_format
    assert describe(options)["name"] == name


@pytest.mark.parametrize("codec_name", CODECS)
def test_no_encoder_takes_real_time_priority(tmp_path: Path, codec_name: str) -> None:
    """SVT-AV1 does where the user is root, for itself and for the thread that opens it."""
    writer = VideoWriter(tmp_path / "v.mp4", 96, 64, Fraction(20), VideoOptions(codec=codec_name))
    for picture in pictures():
        writer.add(picture)
    threads = [0, *(int(task.name) for task in Path("/proc/self/task").iterdir())]
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
    writer.close()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.parametrize("options", [lossless_rgb(), VideoOptions(0, "ultrafast", "x265", "rgb24")])
def test_a_master_keeps_every_pixel(tmp_path: Path, options: VideoOptions) -> None:
    for picture, found in zip(pictures(), write(tmp_path / "v.mp4", options), strict=True):
        assert np.array_equal(picture, found)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"codec": "mpeg2"}, "video codec 'mpeg2': use one of x264, x265, av1"),
        ({"preset": "placebo"}, "video preset 'placebo'"),
        ({"codec": "av1", "pixel_format": "yuv444p"}, "av1 encodes yuv420p only"),
        ({"crf": 52}, "crf 52: x264 takes 0 to 51"),
        ({"codec": "av1", "crf": 0}, "crf 0: av1 takes 1 to 63"),
        ({"nvenc": "on", "pixel_format": "rgb24"}, "NVENC encodes yuv only"),
    ],
)
def test_options_that_do_not_fit_together(settings: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        VideoOptions(**settings)


def test_nvenc_is_used_only_where_a_trial_works(tmp_path: Path, monkeypatch) -> None:
    codec.nvenc_fault.cache_clear()
    works = codec.nvenc_fault("x264") is None
    chosen = codec.encoder_of(VideoOptions(nvenc="auto")).name
    assert chosen == ("h264_nvenc" if works else "libx264")
    monkeypatch.setattr(codec, "nvenc_fault", lambda _codec: "no such device")
    with pytest.raises(InputError, match=r"does not work here \(no such device\); use auto or off"):
        VideoWriter(tmp_path / "v.mp4", 96, 64, Fraction(20), VideoOptions(nvenc="on"))
    assert not (tmp_path / "v.mp4").exists()
