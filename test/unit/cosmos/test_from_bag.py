"""Which pictures of a bag make a clip of another rate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import camera_to_json
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.cosmos import from_bag
from carla_nurec_bridge.cosmos.clip.feed import NEEDED
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.cosmos.from_bag import BagWindow, BagWish, choose, clips_of_bag
from carla_nurec_bridge.labels import from_bag as labels_from_bag

T0 = 1_700_000_000_000_000_000
STAMPS = [T0 + 50_000_000 * k for k in range(101)]  # 20 Hz, 5 s


def window(**fields: float) -> BagWindow:
    return BagWindow(**fields)  # type: ignore[arg-type]


def test_without_a_rate_every_picture_is_taken() -> None:
    chosen = choose(STAMPS, window())
    assert chosen.stamps_ns == tuple(STAMPS)
    assert chosen.rate == 20
    assert chosen.furthest_s == 0.0


def test_a_lower_rate_takes_the_nearest_picture_to_each_moment() -> None:
    chosen = choose(STAMPS, window(start_s=1.0, duration_s=2.0, fps=16.0))
    moments = 1.0 + np.arange(32) / 16
    seconds = (np.array(chosen.stamps_ns) - T0) / 1e9
    assert len(seconds) == 32
    every = np.arange(101) * 0.05
    best = np.abs(every[None] - moments[:, None]).min(axis=1)
    np.testing.assert_allclose(np.abs(seconds - moments), best, atol=1e-9)
    assert chosen.furthest_s == pytest.approx(0.025, abs=1e-6)
    assert [STAMPS[n] for n in chosen.numbers] == list(chosen.stamps_ns)
    assert len(set(chosen.numbers)) == 32


def test_half_the_rate_takes_every_second_picture() -> None:
    chosen = choose(STAMPS, window(fps=10.0, frames=12))
    assert chosen.numbers == tuple(range(0, 24, 2))
    assert chosen.rate == Fraction(10)


def test_what_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match=r"20 pictures a second, not 24; take a lower --fps"):
        choose(STAMPS, window(fps=24.0))
    with pytest.raises(InputError, match="7 s is behind them"):
        choose(STAMPS, window(start_s=7.0))
    with pytest.raises(InputError, match="less than two"):
        choose(STAMPS[:1], window())


class Bag:
    """A bag whose third depth picture is missing; pictures are never looked at."""

    path = Path("run/bag/bag_0.mcap")
    lens = camera_to_json(OpenCVPinholeCamera.from_fov(64, 48, 90.0), Shutter.GLOBAL)
    calibration: ClassVar = {
        "name": "eye",
        "camera_model": lens,
        "source": "carla",
        "shutter_s": 0.0,
        "rig_from_camera": np.eye(4).tolist(),
    }

    def __init__(self, directory: Path) -> None:
        rows = {key: "/" + TOPICS[key].named("eye") for key in (*NEEDED, "calibration")}
        self.topics = rows

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def streams(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(topic=topic, type="t") for topic in self.topics.values()]

    def messages(self, topics: list[str]) -> Iterator[tuple[str, int, Any]]:
        for topic in topics:
            yield topic, 0, SimpleNamespace(data=json.dumps(self.calibration))

    def raw(
        self, topics: list[str], start_ns: int = 0, end_ns: int = 2**62
    ) -> Iterator[tuple[str, str, int, bytes]]:
        for number, stamp in enumerate(STAMPS[:5]):
            for topic in topics:
                if start_ns <= stamp < end_ns and not (number == 2 and "depth" in topic):
                    yield topic, "t", stamp, b""


def test_a_frame_that_lacks_a_picture_ends_it_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(from_bag, "BagReader", Bag)
    monkeypatch.setattr(labels_from_bag, "decode", lambda data, name: None)
    monkeypatch.setattr(labels_from_bag, "labelled_frame", lambda camera, number, *_: number)
    monkeypatch.setattr(from_bag.ControlFeed, "add", lambda self, frame: taken.append(frame))
    monkeypatch.setattr(from_bag.ControlFeed, "frames", property(lambda self: len(taken)))
    with pytest.raises(RunError, match=rf"frame 2 of eye \({STAMPS[2]} ns\): .*/depth/image_raw"):
        clips_of_bag(
            tmp_path, BagWish(Path("out"), ControlOptions()), Timings(), lambda done, total: None
        )
    assert taken == [0, 1]
    assert not list(tmp_path.rglob("manifest.json"))
