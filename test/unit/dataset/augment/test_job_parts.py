"""What is sent for a variant: frames one to one, weights, and the videos of a clip."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from street_dataset import (
    COUNT,
    HEIGHT,
    RATE_HZ,
    WIDTH,
    image_of,
    tags_of,
    write_street,
    write_video,
)

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.cosmos.jobs.contracts import CONTRACTS
from carla_nurec_bridge.cosmos.jobs.probe import probe
from carla_nurec_bridge.dataset.augment.jobs import weights_of
from carla_nurec_bridge.dataset.augment.jobs.control_videos import write_control_videos
from carla_nurec_bridge.dataset.augment.jobs.finished_video import finish_video
from carla_nurec_bridge.dataset.augment.jobs.sent_frames import SentFrames, frames_to_send
from carla_nurec_bridge.dataset.videos import VideoForm
from carla_nurec_bridge.dataset.videos.of_dataset import make_videos
from carla_nurec_bridge.labels.palette import semantic_rgb


@pytest.mark.parametrize(
    ("backend", "frames", "rate_hz", "sent", "told_hz"),
    [
        ("transfer2.5", 80, 16.0, 93, 16.0),
        ("transfer2.5", 93, 16.0, 93, 16.0),
        ("transfer2.5", 94, 20.0, 186, 16.0),
        ("transfer2.5-gradio", 94, 16.0, 185, 16.0),
        ("transfer1", 120, 30.0, 121, 24.0),
        ("transfer1", 122, 24.0, 241, 24.0),
        ("cosmos3-nano", 100, 20.0, 100, 16.0),
        ("cosmos3-nano", 3, 10.0, 5, 10.0),
        ("cosmos3-nano", 300, 30.0, 300, 30.0),
    ],
)
def test_a_clip_is_filled_up_to_what_a_backend_takes(backend, frames, rate_hz, sent, told_hz):
    """Frames go back and forth over the end, as numpy's reflection does."""
    found = frames_to_send(CONTRACTS[backend], ("edge",), frames, rate_hz)
    expected = np.pad(np.arange(frames), (0, sent - frames), mode="reflect")
    assert found.numbers == tuple(expected.tolist())
    assert found.rate_hz == told_hz


@pytest.mark.parametrize(
    ("backend", "frames", "words"),
    [("cosmos3-nano", 301, "takes 5 to 300 frames"), ("transfer2.5-av", 87, "other frames")],
)
def test_a_clip_that_no_label_would_fit_is_refused(backend, frames, words):
    with pytest.raises(InputError, match=words):
        frames_to_send(CONTRACTS[backend], ("edge",), frames, 30.0)


def test_weights_are_read_by_control():
    assert weights_of(["edge=0.5", "seg=0.5"]) == {"edge": 0.5, "seg": 0.5}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["egde=1"], "a data set gives edge, depth, seg"),
        (["hdmap=1"], "a data set gives"),
        (["edge"], "write a weight, as edge=0.5"),
        (["edge=much"], "write a weight"),
        (["edge=1.5"], "above 0 and at most 1"),
        (["edge=nan"], "above 0 and at most 1"),
        (["edge=0"], "above 0"),
        (["edge=0.5", "edge=0.2"], "given twice"),
        (["edge=0.7", "seg=0.7"], "add up to 1.4"),
    ],
)
def test_weights_that_make_no_sense_are_one_sentence(texts, words):
    with pytest.raises(InputError, match=words):
        weights_of(texts)


def images_of_video(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_control_videos_show_the_stored_images_in_the_order_that_is_sent(street, tmp_path):
    sent = frames_to_send(CONTRACTS["cosmos3-nano"], ("edge",), COUNT, 10.0)
    names = ("edge", "depth", "seg", "vis")
    videos = write_control_videos(
        street.scenario("street"), "front", sent, names, DepthEncoding(), tmp_path
    )
    assert sorted(videos) == ["depth", "edge", "rgb", "seg"]  # vis is made by the server
    for path in videos.values():
        clip = probe(path)
        assert (clip.frames, clip.rate_hz, clip.width, clip.height) == (COUNT, 10.0, WIDTH, HEIGHT)
    number = 7
    shown = {name: images_of_video(path)[number].astype(int) for name, path in videos.items()}
    assert np.abs(shown["rgb"] - image_of(number)).mean() < 4
    assert np.abs(shown["seg"] - semantic_rgb(tags_of(number))).mean() < 4
    grey = cv2.cvtColor(image_of(number), cv2.COLOR_RGB2GRAY)
    assert np.abs(shown["edge"][..., 0] - cv2.Canny(grey, 100, 200)).mean() < 20
    # 20 m: 1 - ln(20 / 0.01) / ln(1000 / 0.01) of 255, the sky at 1000 m black
    assert np.median(shown["depth"][120:]) == pytest.approx(86, abs=2)
    assert shown["depth"][:20].max() <= 3


def test_videos_of_the_data_set_are_sent_where_they_are_what_is_sent(tmp_path):
    dataset = write_street(tmp_path / "run")
    street = dataset.scenario("street")
    make_videos(dataset, street, VideoForm(), lambda *_: None)
    (tmp_path / "made").mkdir()

    def sent_from(frames: int, depth: DepthEncoding, rate_hz: float = RATE_HZ) -> set[str]:
        sent = SentFrames(COUNT, tuple(range(frames)), rate_hz)
        videos = write_control_videos(
            street, "front", sent, ("edge", "depth", "seg"), depth, tmp_path / "made"
        )
        return {
            name for name, path in videos.items() if path.parent == street.folder.path / "front"
        }

    assert sent_from(COUNT, DepthEncoding()) == {"rgb", "edge", "depth", "seg"}
    assert sent_from(COUNT, DepthEncoding(near_m=0.5)) == {"rgb", "edge", "seg"}
    assert sent_from(COUNT, DepthEncoding(), 16.0) == set()
    assert sent_from(COUNT - 1, DepthEncoding()) == set()


def test_equal_images_make_equal_videos(street, tmp_path):
    """So that a job that was cut off is found again on the server by what it was."""
    sent = frames_to_send(CONTRACTS["cosmos3-nano"], ("edge",), COUNT, 10.0)
    found = []
    for name in "ab":
        (tmp_path / name).mkdir()
        videos = write_control_videos(
            street.scenario("street"), "front", sent, ("seg",), DepthEncoding(), tmp_path / name
        )
        found.append({name: path.read_bytes() for name, path in videos.items()})
    assert found[0] == found[1]


def test_a_video_of_the_right_frames_and_rate_stays_as_it_is(tmp_path):
    served = write_video(tmp_path / "s.mp4", [image_of(n) for n in range(COUNT)], 10.0)
    before = served.read_bytes()
    assert finish_video(served, COUNT, 10.0, tmp_path / "v.mp4") == "as the server gave it"
    assert (tmp_path / "v.mp4").read_bytes() == before
    assert not served.exists()


def test_a_filled_up_video_is_cut_and_gets_the_rate_of_the_scenario(tmp_path):
    served = write_video(tmp_path / "s.mp4", [image_of(n) for n in range(COUNT)], 16.0)
    told = finish_video(served, 12, 10.0, tmp_path / "v.mp4")
    assert told.startswith("its first 12 of 16 frames, shown at 10 instead of 16 frames/s")
    clip = probe(tmp_path / "v.mp4")
    assert (clip.frames, clip.rate_hz) == (12, 10.0)
    assert np.abs(images_of_video(tmp_path / "v.mp4")[11].astype(int) - image_of(11)).mean() < 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.mp4"]


def test_a_server_s_video_that_breaks_off_leaves_no_half_one(tmp_path):
    served = write_video(tmp_path / "s.mp4", [image_of(n) for n in range(COUNT)], 16.0)
    data = bytearray(served.read_bytes())
    data[len(data) // 3 :] = bytes(len(data) - len(data) // 3)
    served.write_bytes(data)
    with pytest.raises(InputError):
        finish_video(served, 12, 10.0, tmp_path / "v.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["s.mp4"]
