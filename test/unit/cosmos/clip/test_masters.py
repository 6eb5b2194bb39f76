"""Masters give every number back, and depth videos can be made of them again."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.cosmos.clip.clip import ControlClip
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.cosmos.clip.masters import (
    MASTERS,
    MasterWriter,
    metres,
    read_master,
)
from carla_nurec_bridge.cosmos.clip.remake import remake_depth
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

SIZE = (96, 64)
MODEL = OpenCVPinholeCamera.from_fov(*SIZE, 90.0)
SOURCES = frozenset({"rgb", "depth", "semantic", "instance"})
EGO = 77
OTHER = ActorState(Actor(5, "", ObjectClass.CAR, (4.0, 2.0, 1.5)), np.eye(4), *np.zeros((3, 3)))


def noisy_frame(number: int) -> LabelledFrame:
    """Every pixel another value: what a lossy encoder would spoil at once."""
    rng = np.random.default_rng(number)
    shape = SIZE[::-1]
    return LabelledFrame(
        "eye",
        MODEL,
        number,
        rng.integers(0, 256, (*shape, 3), np.uint8),
        (10.0 ** rng.uniform(-1, 3, shape)).astype(np.float32),
        rng.integers(0, 29, shape, np.uint8),
        rng.integers(0, 65536, shape).astype(np.int32),
    )


def test_every_pixel_of_every_master_comes_back(tmp_path: Path) -> None:
    frames = [noisy_frame(number) for number in range(4)]
    clip = ControlClip(tmp_path, MODEL, 20.0, ControlOptions(), SOURCES)
    for frame in frames:
        clip.add(frame)
    clip.close()
    for frame, tags in zip(frames, read_master(tmp_path / "semantic.mkv"), strict=True):
        assert np.array_equal(tags, frame.tags)
    for frame, ids in zip(frames, read_master(tmp_path / "instance.mkv"), strict=True):
        assert np.array_equal(ids, frame.ids)
    for frame, numbers in zip(frames, read_master(tmp_path / "depth.mkv"), strict=True):
        far = frame.depth_m >= 655.345
        assert far.any()
        assert np.isinf(metres(numbers)[far]).all()
        assert np.abs(metres(numbers)[~far] - frame.depth_m[~far]).max() <= 0.00501


def test_an_id_of_more_than_16_bits_is_refused_by_name(tmp_path: Path) -> None:
    frame = noisy_frame(0)
    ids = frame.ids.copy()
    ids[3, 4] = 65536
    with pytest.raises(InputError, match="65536 does not fit"):
        MASTERS["instance_master"].numbers(replace(frame, ids=ids))


def test_what_is_no_master_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_bytes(b"no video")
    with pytest.raises(InputError, match=r"x\.mkv is no master"):
        list(read_master(tmp_path / "x.mkv"))
    writer = MasterWriter(tmp_path / "y.mkv", *SIZE, Fraction(20), "gray")
    with pytest.raises(InputError, match="frame 0 is 10x8, not 96x64"):
        writer.add(np.zeros((8, 10), np.uint8))
    writer.close()


def street(number: int, far_m: float) -> LabelledFrame:
    """A bonnet at 0.5 m, a street from 5 m to ``far_m``, sky above."""
    shape = SIZE[::-1]
    depth = np.tile(np.linspace(far_m, 5.0, SIZE[1], dtype=np.float32)[:, None], (1, SIZE[0]))
    ids = np.zeros(shape, np.int32)
    depth[:16] = np.inf
    depth[48:], ids[48:] = 0.5, EGO
    tags = np.full(shape, 1, np.uint8)
    tags[48:] = 14
    depth[44:48, :20], ids[44:48, :20], tags[44:48, :20] = 5.0, 78, 21  # a prop counts as others do
    return LabelledFrame("eye", MODEL, number, np.zeros((*shape, 3), np.uint8), depth, tags, ids)


@pytest.mark.parametrize("known", [True, False])
def test_a_measured_range_leaves_out_sky_and_the_ego(tmp_path: Path, known: bool) -> None:
    """An ego that nobody names is what has no box where others have."""
    wish = ControlOptions(DepthEncoding("inverse", clip_percent=1.0), only=frozenset({"depth"}))
    clip = ControlClip(tmp_path, MODEL, 20.0, wish, SOURCES, ego=EGO if known else 0)
    for number in range(3):
        clip.add(replace(street(number, 60.0 + 20.0 * number), actors=(OTHER,)))
    files = {file.kind: file.frames for file in clip.close()}
    assert files == {"depth": 3, "depth_master": 3, "instance_master": 3}
    seen = np.concatenate([street(n, 60.0 + 20.0 * n).depth_m[16:48:4].ravel() for n in range(3)])
    near, far = np.percentile(seen, [1.0, 99.0])
    assert clip.options.depth.near_m == pytest.approx(near, rel=0.02)
    assert clip.options.depth.far_m == pytest.approx(far, rel=0.02)
    with av.open(str(tmp_path / "depth.mp4")) as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray")
    assert grey[:12].max() <= 4  # sky: black
    assert grey[52:].min() >= 251  # nearer than the near end: white
    near, far = clip.options.depth.near_m, clip.options.depth.far_m
    level = (1 / street(0, 60.0).depth_m[30, 40] - 1 / far) / (1 / near - 1 / far)
    assert grey[30, 40] == pytest.approx(255 * level, abs=4)


def test_measuring_a_range_ends_with_the_time_that_closing_has(tmp_path: Path) -> None:
    wish = ControlOptions(DepthEncoding("inverse", clip_percent=1.0), only=frozenset({"depth"}))
    clip = ControlClip(tmp_path, MODEL, 20.0, wish, SOURCES, ego=EGO)
    clip.add(replace(street(0, 60.0), actors=(OTHER,)))
    clip.close()
    given = (tmp_path, MODEL, Fraction(20), wish, frozenset({EGO}))
    with pytest.raises(RunError, match=r"depth\.mkv: the time to end .* is over at frame 0"):
        remake_depth(*given, 0.0)
    assert remake_depth(*given, time.monotonic() + 60.0) == clip.options
