"""Videos have a frame for each image, of its size, at its time, and Cosmos jobs take them."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from small_dataset import (
    CAR,
    FRAMES,
    HEIGHT,
    ROAD,
    SKY,
    WIDTH,
    frame_of,
    images_of,
    mask_of,
    write_dataset,
)

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.cosmos.clip.alignment import refuse_unaligned
from carla_nurec_bridge.cosmos.clip.codec import lossless_rgb
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset, ScenarioFolder
from carla_nurec_bridge.dataset.videos import ScenarioVideos, VideoForm
from carla_nurec_bridge.dataset.videos.of_dataset import make_videos
from carla_nurec_bridge.dataset.videos.writer import rate_of
from carla_nurec_bridge.world.semantic_tags import semantic_tags

KINDS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "edges")
EXACT = VideoForm(video=lossless_rgb())
COLOURS = {tag.tag: tag.rgb for tag in semantic_tags()}


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    made = write_dataset(tmp_path_factory.mktemp("videos") / "run", ("one",))
    steps: list[tuple[int, int]] = []
    count = make_videos(made, made.scenario("one"), EXACT, lambda k, n: steps.append((k, n)))
    assert count == 2 * len(KINDS)
    assert steps == [(number + 1, FRAMES) for number in range(FRAMES)]
    return made


def test_each_kind_has_a_video_of_the_right_frames_size_and_rate(dataset):
    for camera in ("front", "left"):
        for kind in KINDS:
            path = dataset.path / f"one/{camera}/{kind}.mp4"
            assert path.relative_to(dataset.path).as_posix() in dataset.manifest.files
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                assert stream.average_rate == Fraction(10)
                times = [frame.time for frame in container.decode(stream)]
            assert times == pytest.approx([0.0, 0.1, 0.2])
            assert {frame.shape for frame in decoded(path)} == {(HEIGHT, WIDTH, 3)}
    assert not check_dataset(dataset, lambda *_: None).problems


def test_frames_come_in_order_and_show_their_images(dataset):
    folder = dataset.path / "one/front"
    tags = decoded(folder / "semantic_segmentation.mp4")
    ids = decoded(folder / "instance_segmentation.mp4")
    for number in range(FRAMES):
        grey = decoded(folder / "rgb.mp4")[number]
        stored = cv2.imread(str(folder / f"rgb/{number:06d}.jpg"))
        assert np.array_equal(grey, stored[..., ::-1])
        mask = mask_of(1, number)
        assert (tags[number][mask] == COLOURS[CAR]).all()
        assert tuple(tags[number][2, 2]) == COLOURS[SKY]
        assert tuple(tags[number][55, 20]) == COLOURS[ROAD]
        assert (ids[number][22, 2] == 0).all(), "nobody is black"
        colours = {tuple(ids[number][mask_of(track, number)][0]) for track in (1, 2, 3, 4, 6)}
        assert len(colours) == 5, "each actor has a colour of its own"


def test_an_actor_has_one_colour_in_all_cameras(dataset):
    mask = mask_of(1, 0)
    colours = [
        decoded(dataset.path / f"one/{camera}/instance_segmentation.mp4")[0][mask]
        for camera in ("front", "left")
    ]
    assert np.array_equal(*colours)


@pytest.mark.parametrize(
    ("encoding", "level"),
    [
        # All of it lies at 100 m; the formulas are those of DepthEncoding's docstring.
        (DepthEncoding("log", 0.01, 1000.0), 1 - np.log(1e4) / np.log(1e5)),
        (DepthEncoding("linear", 10.0, 210.0), 0.55),
        (DepthEncoding("inverse", 2.0, 200.0), (1 / 100 - 1 / 200) / (1 / 2 - 1 / 200)),
    ],
)
def test_depth_is_grey_by_the_formula_and_near_is_bright(tmp_path, encoding, level):
    made = write_dataset(tmp_path / "run", ("one",), ("front",))
    form = VideoForm(encoding, lossless_rgb())
    make_videos(made, made.scenario("one"), form, lambda *_: None)
    frame = decoded(made.path / "one/front/depth.mp4")[1]
    assert len(np.unique(frame)) == 1
    assert abs(float(frame[0, 0, 0]) - level * 255) <= 1.0


def test_cosmos_jobs_take_a_camera_folder_as_their_clip(dataset, tmp_path):
    folder = dataset.path / "one/left"
    job = tmp_path / "job.toml"
    job.write_text(
        'prompt = "rain"\nnegative_prompt = ""\nnum_steps = 35\nseed = 1\nguidance = 3.0\n'
        "sigma_max = 80.0\n"
        + "".join(f"[{name}]\ncontrol_weight = 0.3\n" for name in ("edge", "depth", "seg"))
    )
    spec = load_spec(job, clip=folder)
    names = {name: path.name for name, path in spec.videos().items()}
    assert names == {
        "rgb": "rgb.mp4",
        "edge": "edges.mp4",
        "depth": "depth.mp4",
        "seg": "semantic_segmentation.mp4",
    }
    assert spec.depth == {"mode": "log", "near_m": 0.01, "far_m": 1000.0}
    refuse_unaligned(spec.videos())


def test_a_range_that_is_measured_covers_what_is_seen(tmp_path):
    folder = ScenarioFolder(tmp_path)
    images = images_of(frame_of("front", 0))
    images["depth"] = np.linspace(4.0, 40.0, WIDTH * HEIGHT, dtype=np.float32).reshape(
        HEIGHT, WIDTH
    )
    images["depth"][:20] = 1000.0  # the sky
    videos = ScenarioVideos(
        folder, Fraction(10), VideoForm(DepthEncoding("inverse", clip_percent=1)), 0
    )
    videos.add({"front": images})
    videos._wait()
    seen = videos._ranges["front"].of(DepthEncoding("inverse", clip_percent=1), "")
    videos.close()
    near, far = images["depth"][20:].min(), images["depth"][20:].max()
    assert near <= seen.near_m < near + 1.0
    assert far - 2.5 < seen.far_m <= far  # one pixel of four is looked at


def test_odd_sizes_keep_all_colours(tmp_path):
    videos = ScenarioVideos(ScenarioFolder(tmp_path), Fraction(5), VideoForm(), 0)
    videos.add({"cam": {"rgb": np.full((31, 45, 3), 90, np.uint8)}})
    videos._wait()
    videos.close()
    assert [frame.shape for frame in decoded(tmp_path / "cam/rgb.mp4")] == [(31, 45, 3)]


def test_an_image_that_some_frames_lack_is_told(tmp_path):
    dataset = write_dataset(tmp_path / "run", ("one",), ("front",))
    before = dict(dataset.manifest.files)
    videos = ScenarioVideos(ScenarioFolder(tmp_path / "x"), Fraction(10), VideoForm(), 0)
    views = [images_of(frame_of("front", number)) for number in range(FRAMES)]
    del views[2]["edges"]
    for view in views:
        videos.add({"front": view})
    with pytest.raises(RunError, match="2 of 3 frames of front have an image of edges"):
        list(videos.finish(dataset.scenario("one")))
    videos.close()
    assert Dataset(dataset.path).manifest.files == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk here")
def test_a_full_disk_is_one_sentence(tmp_path):
    (tmp_path / "cam").mkdir()
    (tmp_path / "cam/rgb.mp4").symlink_to("/dev/full")
    videos = ScenarioVideos(ScenarioFolder(tmp_path), Fraction(10), VideoForm(), 0)
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)

    def write() -> None:
        for _ in range(200):
            videos.add({"cam": {"rgb": noise}})

    with pytest.raises(RunError, match=f"cannot write the videos.*: {os.strerror(28)}"):
        write()
    videos.close()


def test_damage_is_found(dataset, tmp_path):
    damaged = write_dataset(tmp_path / "run", ("one",), ("front",))
    make_videos(damaged, damaged.scenario("one"), EXACT, lambda *_: None)
    other = dataset.path / "one/front/edges.mp4"
    (damaged.path / "one/front/depth.mp4").write_bytes(other.read_bytes()[:-200])
    problems = check_dataset(damaged, lambda *_: None).problems
    assert any("depth.mp4" in problem and "SHA-256" in problem for problem in problems)


@pytest.mark.parametrize(
    ("dt_ns", "rate"),
    [
        (50_000_000, Fraction(20)),
        (33_333_333, Fraction(30)),
        (33_366_667, Fraction(30000, 1001)),
        (41_666_667, Fraction(24)),
    ],
)
def test_rates_are_those_that_players_know(dt_ns, rate):
    assert rate_of(dt_ns) == rate
