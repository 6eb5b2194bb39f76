"""Changing maps and replaying recordings under the real client."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.recorder_log.reader import read_log
from carla_nurec_bridge.recorder_log.trajectories import trajectories

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]


@pytest.fixture(scope="module")
def episodes(run_session: Callable[..., Facts]) -> Facts:
    return run_session("episodes")


@pytest.fixture(scope="module")
def recordings(run_session: Callable[..., Facts], real_recording_path: Path) -> Facts:
    return run_session("recordings", str(real_recording_path))


def test_reload_clears_the_world_and_keeps_settings_on_request(episodes: Facts) -> None:
    name, episode = episodes["first"]
    assert episodes["reloaded"] == [name, episode + 1, 0, True]


def test_load_world_changes_the_map(episodes: Facts) -> None:
    name, episode, synchronous = episodes["loaded"]
    assert (name, synchronous) == ("Carla/Maps/Town01", False)
    assert episode == episodes["reloaded"][1] + 1
    assert episodes["frames_go_on"]
    assert 0.0 < episodes["elapsed"] < 5.0


def test_unknown_map_is_refused_and_the_world_lives_on(episodes: Facts) -> None:
    assert "Map 'Town99' not found" in episodes["unknown"]
    assert episodes["still_there"]


def test_world_is_generated_from_text(episodes: Facts) -> None:
    name, spawns = episodes["generated"]
    assert name == "Carla/Maps/OpenDriveMap"
    assert spawns > 20
    assert episodes["broken"]
    assert {name.rsplit("/", 1)[-1] for name in episodes["maps"]} == {
        "demo_town",
        "demo_town_Opt",
        "Town01",
        "Town01_Opt",
    }


@pytest.mark.parametrize("delta_s", ["0.05", "0.025", "0.01"])
def test_replay_follows_carlas_rules(
    recordings: Facts, make_replay_rules: Callable[[], Any], delta_s: str
) -> None:
    rules = make_replay_rules()
    rules.begin(0.0)
    compared, recorded_ids = 0, {}
    for time_s, cars in recordings["replays"][delta_s]:
        expected = rules.poses(time_s)
        assert len(cars) == 2
        for actor_id, (x, y, z, pitch, yaw, roll) in cars.items():
            place_cm = 100 * x, 100 * y, 100 * z
            # Ids that this server has given before do not come again: a car goes by its place.
            recorded_id = recorded_ids.setdefault(
                actor_id, min(expected, key=lambda one: math.dist(place_cm, expected[one][:3]))
            )
            place, turn = expected[recorded_id][:3], expected[recorded_id][3:]
            assert math.dist(place_cm, place) < 1.0
            for got, wanted in zip((roll, pitch, yaw), turn, strict=True):
                assert abs(math.remainder(got - wanted, 360.0)) < 0.1
            compared += 1
    assert compared == 2 * round(4.0 / float(delta_s))
    assert len(set(recorded_ids.values())) == 2


def test_replay_answers_as_carla_does(recordings: Facts, real_recording_path: Path) -> None:
    assert recordings["answer"].startswith(f"Replaying File: {real_recording_path.resolve()}")
    assert "Total time recorded: 24.7237" in recordings["answer"]
    assert [kind for _, kind in recordings["hero"]] == ["vehicle.lincoln.mkz_2017"]
    assert recordings["after"] == 0, "the recording's end destroys its actors"


def test_file_info_is_that_of_the_recording(recordings: Facts) -> None:
    assert "Map: Town01" in recordings["info"]
    assert "Frames: 847" in recordings["info"]
    assert "not found on server" in recordings["missing"]
    assert "not found on server" in recordings["missing_replay"]


def test_own_recording_holds_what_was_driven(recordings: Facts) -> None:
    answered, path = recordings["path"]
    assert answered == path
    track = trajectories(read_log(path))[recordings["own_id"]]
    recorded = np.array(track.map_from_actor)[:, :3, 3] * (1, -1, 1)
    driven = np.array(recordings["driven"])[:, :3]
    assert recorded[-len(driven) :] == pytest.approx(driven, abs=1e-4)
    assert "vehicle.lincoln.mkz_2020" in recordings["own_info"]
    assert "role_name = hero" in recordings["own_info"]
    assert "Types" in recordings["own_collisions"]
