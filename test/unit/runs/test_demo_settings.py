from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log import LogWriter
from carla_nurec_bridge.runs.demo_flow import DemoOptions, configure, frames_to_replay


def _options(out: Path, **settings: object) -> DemoOptions:
    return DemoOptions(out, 3.0, 1, None, None, settings)


def test_seconds_decide_the_frames(tmp_path: Path) -> None:
    assert configure(_options(tmp_path)).frames == 60
    assert configure(_options(tmp_path, dt_s=0.1)).frames == 30


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [("frames", 20, "--seconds"), ("scene", "mine.usdz", "carla-nurec up")],
)
def test_what_the_demo_sets_itself_is_refused(
    tmp_path: Path, name: str, value: object, instead: str
) -> None:
    with pytest.raises(InputError, match=rf"--set {name}: .*{instead}"):
        configure(_options(tmp_path, **{name: value}))


def _recording(path: Path, seconds: float) -> Path:
    writer = LogWriter(path, "demo_town", 0)
    for _ in range(round(seconds / 0.05) + 1):
        writer.write_frame(0.05, [])
    writer.close()
    return path


@pytest.mark.parametrize(
    ("start_s", "factor", "frames"),
    [(0.0, 1.0, 60), (8.0, 1.0, 39), (-1.0, 1.0, 19), (8.0, 2.0, 19)],
)
def test_a_replay_ends_with_its_recording_wherever_it_starts(
    tmp_path: Path, start_s: float, factor: float, frames: int
) -> None:
    log = _recording(tmp_path / "some.log", 10.0)
    config = configure(_options(tmp_path)).model_copy(
        update={"replay_start_s": start_s, "replay_time_factor": factor}
    )
    assert frames_to_replay(config, log) == frames


def test_a_replay_needs_two_frames(tmp_path: Path) -> None:
    log = _recording(tmp_path / "some.log", 10.0)
    late = configure(_options(tmp_path, replay_start_s=9.93))
    with pytest.raises(InputError, match=r"some.log lasts 10 s; from 9.93 s on"):
        frames_to_replay(late, log)
    with pytest.raises(InputError, match=r"some.log lasts 10 s; a start at 12 s"):
        frames_to_replay(late.model_copy(update={"replay_start_s": 12.0}), log)
