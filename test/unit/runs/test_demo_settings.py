from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.recorder_log import LogWriter
from carla_nurec_bridge.runs import demo_flow, recipe, rehearsal
from carla_nurec_bridge.runs.demo_flow import demo_config
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.recipe import frames_to_replay, prepared, settled


@pytest.fixture(autouse=True)
def one_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no ROS domain: a process keeps each to its end, and there are not so many."""
    monkeypatch.setattr(demo_flow, "own_domain", lambda: 7)


def _asked(out: Path, **settings: object) -> RunConfig:
    options = {name: f"--set {name}={value}" for name, value in settings.items()}
    return demo_config({"run_dir": out, **settings}, options, 3.0)


def test_seconds_decide_the_frames(tmp_path: Path) -> None:
    assert _asked(tmp_path).frames == 60
    assert _asked(tmp_path, dt_s=0.1).frames == 30
    assert demo_config({"frames": 20}, {}).frames == 20


def test_frames_are_counted_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--set frames=20: .*--seconds"):
        _asked(tmp_path, frames=20)


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
    where = {"replay_start_s": start_s, "replay_time_factor": factor}
    asked = _asked(tmp_path, mode="replay", log=log, **where)
    assert settled(asked).frames == frames
    assert settled(asked).map == settled(_asked(tmp_path)).map


def test_a_replay_without_end_ends_with_its_recording(tmp_path: Path) -> None:
    log = _recording(tmp_path / "some.log", 10.0)
    asked = demo_config({"mode": "replay", "log": log, "frames": 0}, {})
    assert settled(asked).frames == 199


def test_a_replay_needs_two_frames(tmp_path: Path) -> None:
    log = _recording(tmp_path / "some.log", 10.0)
    late = _asked(tmp_path, replay_start_s=9.93)
    with pytest.raises(InputError, match=r"some.log lasts 10 s; from 9.93 s on"):
        frames_to_replay(late, log)
    with pytest.raises(InputError, match=r"some.log lasts 10 s; a start at 12 s"):
        frames_to_replay(late.model_copy(update={"replay_start_s": 12.0}), log)


def test_a_scene_or_recording_of_the_same_folder_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "rehearse", lambda *_: pytest.fail("there is a scene"))
    out = tmp_path / "demo"
    recipe.clear(out)
    scene, log = out / "scene.usdz", out / "rehearsal.log"
    write_archive(scene, {})
    _recording(log, 1.0)
    (out / "bag").mkdir()
    asked = demo_config({"run_dir": out, "scene": scene, "mode": "replay", "log": log}, {})
    assert prepared(settled(asked), lambda *_: None).scene == scene
    assert scene.exists()
    assert log.exists()
    assert not (out / "bag").exists()


def test_a_scenario_is_shown_to_its_end_or_as_long_as_asked() -> None:
    whole = settled(demo_config({"scenario": "cut_in"}, {}))
    assert whole.frames * whole.dt_s == pytest.approx(18.0)
    assert settled(demo_config({"scenario": "cut_in"}, {}, 5.0)).frames == 100
    assert settled(demo_config({"scenario": "cut_in", "frames": 30}, {})).frames == 30


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scenario": "crash"}, "no scenario 'crash'; there are: child_after_ball, collision"),
        ({"scenario": "crowd"}, "crowd is no scenario but actors to insert.*--insert"),
        ({"scenario": "cut_in", "inserted_actors": "crowd"}, "leave out inserted_actors"),
        ({"inserted_actors": "cut_in"}, "no actors to insert called 'cut_in'; there are: ball_and"),
    ],
)
def test_what_cannot_be_driven_is_said_before_anything_starts(
    given: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        settled(demo_config(given, {}))


def test_a_scenario_is_recorded_and_then_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs: list[tuple[str, ...]] = []

    def run_verb(
        _name: str, verb: tuple[str, ...], _log: Path, _env: object, _tell: object
    ) -> None:
        verbs.append(verb)
        folder = tmp_path / "scenario"
        folder.mkdir()
        _recording(folder / "cut_in_4.log", 3.0)

    built: list[tuple[object, ...]] = []
    monkeypatch.setattr(rehearsal, "run_verb", run_verb)
    monkeypatch.setattr(
        recipe, "build_scene", lambda *a, epoch_us, gaussians: built.append((*a[:2], epoch_us))
    )
    asked = settled(demo_config({"scenario": "cut_in", "seed": 4, "run_dir": tmp_path}, {}))
    with pytest.raises(InputError, match="cut_in must be recorded before it is replayed"):
        build_graph(asked)
    config = prepared(asked, lambda *_: None)
    log = tmp_path / "scenario" / "cut_in_4.log"
    record = ("scenario", "record", "cut_in", "--out", str(log.parent), "--seed", "4")
    assert verbs == [(*record, "--map", str(config.map), "--dt", "0.05")]
    assert built == [(config.map, log, recipe.EPOCH_US)]
    assert (config.mode, config.log, config.frames) == ("replay", log, 59)
    assert build_graph(config).parameters["carla_ego"]["replay.log"] == str(log)


def test_only_gaussians_are_fitted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--gaussians"):
        settled(_asked(tmp_path, scene_fit_steps=10))
