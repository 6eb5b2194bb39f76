"""Where the demo's roadside camera stands, and which folders it goes on in, replaces or refuses."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.cosmos.sensor_files.sensor_yaml import read_sensor_yaml
from carla_nurec_bridge.runs.dataset_demo import DatasetDemo, make, make_dataset_demo
from carla_nurec_bridge.runs.dataset_demo.cameras import roadside_pose, window_of, write_ego_camera
from carla_nurec_bridge.scenarios.events import ScenarioEvent


def test_a_roadside_camera_stands_before_the_place_to_the_right_and_looks_at_it():
    way = np.array([[0.0, y, 2.0] for y in np.arange(0.0, 60.0, 0.5)])  # the ego goes north
    place = np.array([1.0, 40.0, 2.0])
    stand, yaw_rad, pitch_rad = roadside_pose(way, place)
    assert stand[0] > 1.0
    assert stand[1] == pytest.approx(40.0 - 18.0)
    assert stand[2] > 2.0 + 5.0
    looks = np.array([np.cos(yaw_rad), np.sin(yaw_rad), np.tan(pitch_rad)])
    to_place = place - stand
    assert np.cross(looks, to_place)[2] == pytest.approx(0.0, abs=1e-9)
    assert np.dot(looks[:2], to_place[:2]) > 0
    reached = stand + looks * np.linalg.norm(to_place[:2])
    assert reached == pytest.approx(place, abs=1.0)


def test_a_way_that_begins_too_near_is_prolonged_backwards():
    way = np.array([[x, 0.0, 0.0] for x in np.arange(0.0, 30.0)])
    stand, yaw_rad, _ = roadside_pose(way, np.array([5.0, 0.0, 0.0]))
    assert stand[0] == pytest.approx(5.0 - 18.0)
    assert stand[1] < 0.0
    assert abs(yaw_rad) < 0.3


def test_an_ego_that_stands_shows_no_road():
    with pytest.raises(InputError, match="does not move"):
        roadside_pose(np.zeros((9, 3)), np.zeros(3))


@pytest.mark.parametrize(
    ("span", "begin_s"), [((8.0, 10.0), 6.5), ((0.0, 2.0), 0.0), ((15.5, 16.0), 11.0)]
)
def test_the_event_is_in_the_middle_where_the_recording_allows(span, begin_s):
    event = ScenarioEvent("cut_in", *span, (), "")
    assert window_of(event, 16.0, 5.0) == pytest.approx(begin_s)


def test_the_ego_camera_is_read_as_a_sensor_file(tmp_path):
    write_ego_camera(tmp_path / "ego.yaml", (320, 180))
    rig = read_sensor_yaml(tmp_path / "ego.yaml", 10.0)
    (camera,) = rig.rig.cameras
    assert (camera.name, rig.anchor) == ("front", "base")


def steps_without_work(demo, monkeypatch):
    ran = []
    monkeypatch.setattr(make, "_record", lambda *_: ("dataset", "record"))
    monkeypatch.setattr(make, "run_verb", lambda _name, verb, *_rest: ran.append(verb))
    finished = [step.name for step in make_dataset_demo(demo, lambda *_: None)]
    assert len(finished) == len(ran)
    return ran


def test_what_was_driven_with_the_same_wishes_is_kept_and_else_begun_anew(tmp_path, monkeypatch):
    demo = DatasetDemo(tmp_path / "out", seed=3)
    drives = [v[2] for v in steps_without_work(demo, monkeypatch) if v[0] == "scenario"]
    assert drives == ["cut_in", "jaywalking"]
    kept = demo.recording("cut_in").with_suffix(".json")
    kept.parent.mkdir()
    kept.touch()
    drives = [v[2] for v in steps_without_work(demo, monkeypatch) if v[0] == "scenario"]
    assert drives == ["jaywalking"]
    other = DatasetDemo(tmp_path / "out", seed=4)
    assert len([v for v in steps_without_work(other, monkeypatch) if v[0] == "scenario"]) == 2
    assert not kept.exists()


def test_another_folder_is_refused_and_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert main(["demo", "--dataset", "--out", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_step_that_fails_ends_the_demo_with_its_name(tmp_path, monkeypatch):
    def fail(name, *_rest):
        raise RunError(f"the {name} ended with code 1")

    monkeypatch.setattr(make, "run_verb", fail)
    steps = make_dataset_demo(DatasetDemo(tmp_path / "out"), lambda *_: None)
    with pytest.raises(RunError, match="drive cut_in"):
        next(steps)


@pytest.mark.parametrize("complete", [True, False])
def test_variants_that_are_flagged_are_noted_and_missing_ones_end_it(
    tmp_path, monkeypatch, complete
):
    def flag(name, *_rest):
        if name == "variants":
            raise RunError("the variants ended with code 1")

    monkeypatch.setattr(make, "_record", lambda *_: ("dataset", "record"))
    monkeypatch.setattr(make, "run_verb", flag)
    monkeypatch.setattr(make, "_has_variants", lambda _demo: complete)
    steps = make_dataset_demo(DatasetDemo(tmp_path / "out"), lambda *_: None)
    if complete:
        notes = {step.name: step.note for step in steps}
        assert "not every variant passed" in notes.pop("variants")
        assert not any(notes.values())
    else:
        with pytest.raises(RunError, match="the variants ended"):
            list(steps)


@pytest.mark.parametrize(
    "option",
    [("--seconds", "3"), ("--scenario", "cut_in"), ("--set", "frames=3"), ("--repeat", "2")],
)
def test_options_of_the_driven_demo_do_not_go_with_it(option, capsys):
    assert main(["demo", "--dataset", *option]) == 2
    assert "does not go with --dataset" in " ".join(capsys.readouterr().err.split())
