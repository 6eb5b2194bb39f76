from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.cli.demo_flow import DemoOptions, configure, demo_map, frames_to_replay
from carla_nurec_bridge.core.errors import InputError


def _options(out: Path, **settings: object) -> DemoOptions:
    return DemoOptions(out, 3.0, 1, None, demo_map(), settings)


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


def test_a_replay_ends_with_its_recording_wherever_it_starts(tmp_path: Path) -> None:
    config, log = configure(_options(tmp_path)), Path("some.log")
    assert frames_to_replay(config, 10.0, log) == 60
    late = config.model_copy(update={"replay_start_s": 8.0})
    assert frames_to_replay(late, 10.0, log) == 39
    with pytest.raises(InputError, match=r"some.log lasts 8.1 s; from 8 s on"):
        frames_to_replay(late, 8.06, log)
