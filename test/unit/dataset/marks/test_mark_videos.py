"""Videos with marks: whole, in time, of any size and rate, and not made twice."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from small_dataset import FRAMES, HEIGHT, WIDTH, write_dataset

from carla_nurec_bridge.cosmos.clip.codec import VideoOptions, lossless_rgb
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.marks import MarkWish, mark_camera
from carla_nurec_bridge.dataset.marks.draw import mark_colour
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.store.amend import amend
from carla_nurec_bridge.dataset.truth import MarkLimits

LIMITS = MarkLimits(low_visible=0.0, high_visible=0.0, least_s=0.0)


def wish(*styles, events_only=False):
    return MarkWish(styles, LIMITS, events_only)


@pytest.fixture
def run(tmp_path):
    return write_dataset(tmp_path / "run", ("one",), ("front",)).path


def mark(run, asked):
    dataset = Dataset(run)
    return mark_camera(dataset, dataset.scenario("one"), "front", asked, lambda *_: None)


def frames_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.average_rate, [x.to_ndarray(format="rgb24") for x in container.decode(stream)]


def add_twin(run, tmp_path, size, rate_hz, frames, level=128):
    """Put a grey video in as variant 01."""
    made = tmp_path / "made.mp4"
    writer = VideoWriter(made, *size, Fraction(rate_hz), lossless_rgb())
    for _ in range(frames):
        writer.add(np.full((size[1], size[0], 3), level, np.uint8))
    writer.close()
    dataset = Dataset(run)
    amend(dataset, {}, moved={run / "one/front/variants/01/rgb.mp4": made})


def test_the_clip_s_video_has_its_frames_and_its_rate(run):
    done = mark(run, wish("2d", "mask"))
    assert (done.drawn, done.kept) == (2, 0)
    for style in ("2d", "mask"):
        rate_hz, frames = frames_of(run / f"one/front/marks/rgb_{style}.mp4")
        assert rate_hz == 10
        assert [frame.shape for frame in frames] == [(HEIGHT, WIDTH, 3)] * FRAMES
    assert [one.mark for one in done.table.marks] == [1, 2, 3, 4]
    assert not check_dataset(Dataset(run), lambda *_: None).problems


def test_what_is_there_is_kept_and_what_changed_is_drawn_anew(run, tmp_path):
    first = mark(run, wish("2d"))
    path = run / "one/front/marks/rgb_2d.mp4"
    written_ns = path.stat().st_mtime_ns
    again = mark(run, wish("2d"))
    assert (again.drawn, again.kept, again.table) == (0, 1, first.table)
    assert mark(run, wish("3d")).drawn == 1
    assert path.stat().st_mtime_ns == written_ns
    other = MarkWish(("3d",), LIMITS.model_copy(update={"high_area": 0.05}), False)
    assert len(mark(run, other).table.marks) < 4
    assert not path.exists()
    assert not check_dataset(Dataset(run), lambda *_: None).problems


def hue_places(frame, colour):
    """Return the columns of pixels whose hue is that of a colour."""
    wanted = np.array(colour, float) - np.mean(colour)
    pixels = frame.astype(float) - frame.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(pixels, axis=2)
    near = pixels @ wanted / (norms * np.linalg.norm(wanted) + 1e-9) > 0.97
    return np.nonzero(near & (norms > 40))[1]


@pytest.mark.parametrize("size", [(WIDTH * 4, HEIGHT * 4), (WIDTH * 6, HEIGHT * 4)])
def test_a_twin_of_another_size_and_rate_has_the_same_marks_at_their_times(run, tmp_path, size):
    add_twin(run, tmp_path, size, 20, 6)
    table = mark(run, wish("2d")).table
    rate_hz, frames = frames_of(run / "one/front/variants/01/rgb_marks_2d.mp4")
    assert rate_hz == 20
    assert len(frames) == 6
    ring = next(one for one in table.marks if one.track_id == 1)
    # the ring's left edge is at 10, 12 and 14 px of 96, a tenth of a second each
    scale = size[0] / WIDTH
    left = [hue_places(frame, mark_colour(ring.mark)).min() / scale for frame in frames]
    assert left[::2] == pytest.approx([10, 12, 14], abs=1)
    assert left == sorted(left)


def test_frames_of_a_twin_beyond_the_clip_have_no_marks_and_are_told(run, tmp_path):
    add_twin(run, tmp_path, (WIDTH, HEIGHT), 10, 5)
    (note,) = mark(run, wish("2d")).notes
    assert "2 frames lie beyond the clip" in note
    _, frames = frames_of(run / "one/front/variants/01/rgb_marks_2d.mp4")
    plain = [int(np.ptp(frame)) < 12 for frame in frames]
    assert plain == [False, False, False, True, True]


def test_a_twin_that_is_no_video_is_named(run):
    dataset = Dataset(run)
    amend(dataset, {run / "one/front/variants/01/rgb.mp4": b"no video"})
    with pytest.raises(Exception, match=r"cannot read the video .*variants/01/rgb.mp4"):
        mark(run, wish("2d"))
    assert not list(run.glob("**/marks*"))
    assert not [path for path in run.glob(".*") if path.is_dir()]


def test_an_event_has_a_video_with_the_marks_of_who_takes_part(run):
    done = mark(run, wish("2d", events_only=True))
    names = [path.name for path in (run / "one/front/marks").glob("*.mp4")]
    assert names == ["rgb_2d_collision_001.mp4"]
    _, frames = frames_of(run / "one/front/marks/rgb_2d_collision_001.mp4")
    by_track = {one.track_id: mark_colour(one.mark) for one in done.table.marks}
    assert len(hue_places(frames[0], by_track[3]))
    assert not len(hue_places(frames[0], by_track[2]))


def test_a_rate_without_an_exact_period_stays_a_round_one(run):
    from carla_nurec_bridge.dataset.marks.clip import video_rate_hz

    assert video_rate_hz(33_333_333) == 30
    assert video_rate_hz(62_500_000) == 16
    assert video_rate_hz(33_366_667) == Fraction(30000, 1001)


def test_odd_sizes_are_written_too(tmp_path, run):
    add_twin(run, tmp_path, (95, 63), 10, 3)
    mark(run, wish("mask"))
    _, frames = frames_of(run / "one/front/variants/01/rgb_marks_mask.mp4")
    assert frames[0].shape == (63, 95, 3)
    assert VideoOptions().pixel_format == "yuv420p"
