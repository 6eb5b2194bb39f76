"""Our CARLA client against the embedded server: stage, cameras, motion, rehearsal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import run

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph import CARLA_SERVER, server_processes
from carla_nurec_bridge.runs.processes.child import Child

pytestmark = pytest.mark.conformance

_MAP = config_path("maps", "demo_town.xodr")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    pytest.importorskip("carla")
    folder = tmp_path_factory.mktemp("client")
    config = RunConfig(map=_MAP, nurec=False, carla_port=free_port(pair=True), run_dir=folder)
    [process] = [p for p in server_processes(config) if p.name == CARLA_SERVER]
    server = Child(process, folder / "server.log")
    try:
        yield config.carla_port
    finally:
        server.terminate()
        server.close(5.0)


def _said(script: str, port: int, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(script)), str(port), *words],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def facts(port: int) -> dict[str, Any]:
    return _said("session.py", port)


@pytest.fixture(scope="module")
def strangers(port: int, facts: dict[str, Any]) -> dict[str, Any]:
    assert facts
    return _said("strangers_session.py", port)


@pytest.fixture(scope="module")
def meddlers(
    port: int, strangers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    assert strangers
    return _said("meddlers_session.py", port, str(tmp_path_factory.mktemp("meddlers")))


def test_rings_are_elevations_and_times_are_azimuths(port: int, facts: dict[str, Any]) -> None:
    """5776 points in 16 channels are 361 columns; four ticks make 360 of them."""
    assert facts
    told = _said("lidars_session.py", port)
    (note,) = told["notes"]
    assert note.startswith("lidar roof: asked for 361 columns a sweep; its 4 ticks")
    assert note.endswith("give 360. Use 360 or 364 (points_per_sweep 5760 or 5824)")
    for fields in ("xyzirt", "autoware"):
        cloud = told[fields]
        assert cloud["points"] > 16 * 300
        assert cloud["columns"] == 360
        assert cloud["worst_elevation_deg"] < 0.02
        assert cloud["rings"] == [0, 15]
        assert cloud["rises"]
        assert cloud["first_s"] == pytest.approx(0.1 / 360, abs=1e-6)
        assert cloud["last_s"] == pytest.approx(0.1, abs=1e-6)
        assert cloud["worst_column_deg"] < 0.1


def test_a_radio_hears_what_another_car_tells_of_itself(port: int, facts: dict[str, Any]) -> None:
    """It drives on at 5 m/s and tells of itself whenever it is 4 m further."""
    assert facts
    told = _said("radio_session.py", port)
    assert len(told["events"]) >= 3
    for event in told["events"]:
        assert (event["kind"], event["sensor"], event["level"]) == ("v2x", "radio", "ok")
        heard = event["facts"]
        assert heard["actor_id"] == str(told["other"])
        assert heard["station_type"] == "Passenger Car"
        assert abs(float(heard["power_dbm"])) < 99.0
    moving = told["events"][-1]["facts"]
    assert float(moving["speed_mps"]) == pytest.approx(5.0, abs=0.2)
    assert float(moving["yaw_rate_radps"]) == pytest.approx(0.0, abs=0.05)
    third_last, second_last, last = [event["frame"] for event in told["events"]][-3:]
    assert (second_last - third_last, last - second_last) == (16, 16)


def test_a_second_owner_of_the_tick_is_refused(facts: dict[str, Any]) -> None:
    assert "another client owns its tick" in facts["second_owner"]
    assert facts["frames_are_consecutive"]


def test_an_angle_arrives_at_every_speed_and_in_every_vehicle(facts: dict[str, Any]) -> None:
    assert len(facts["steered"]) == 3 * 7
    for blueprint, speed_mps, asked_rad, wheels_rad, clipped in facts["steered"]:
        what = (blueprint, speed_mps, asked_rad)
        if abs(asked_rad) > 1.0:
            assert clipped, what
            assert 0.7 < wheels_rad < 1.1, what  # 0.85 of 70, 60 and 50 degrees at 40 km/h
        else:
            assert wheels_rad == pytest.approx(asked_rad, rel=0.01), what
            assert not clipped, what


def test_the_settings_and_the_world_are_left_as_found(facts: dict[str, Any]) -> None:
    assert facts["left"] == []
    assert facts["synchronous_after"] is False


def test_long_ticks_have_substeps_that_fill_them(facts: dict[str, Any]) -> None:
    count, seconds = facts["substeps"]
    assert 1 <= count <= 16
    assert count * seconds == pytest.approx(0.2)


def test_the_ego_is_measured_at_its_rear_axle_on_the_road(facts: dict[str, Any]) -> None:
    assert facts["size_m"] == pytest.approx([4.90, 2.0, 1.5], abs=0.3)
    assert 2.6 < facts["wheelbase_m"] < 3.1
    assert abs(facts["base_above_road_m"]) < 0.1


def test_reported_and_differenced_speeds_agree(facts: dict[str, Any]) -> None:
    assert facts["speed_mps"] > 2.0
    assert facts["speed_by_poses_mps"] == pytest.approx(facts["speed_mps"], abs=0.25)
    assert facts["acceleration_mps2"] > 0.5


def test_the_route_meets_signals(facts: dict[str, Any]) -> None:
    assert facts["route_m"] > 100
    assert facts["stops"] > 0
    assert set(facts["light_states"]) <= {"red", "yellow", "green", "off"}
    assert "green" in facts["light_states"]


def test_traffic_is_named_and_classified(facts: dict[str, Any]) -> None:
    roles = [role for role, _ in facts["objects"]]
    assert roles == [f"traffic_{i:03d}" for i in range(6)]
    assert {label for _, label in facts["objects"]} >= {"car", "van", "truck"}


def test_all_outputs_of_a_camera_come_from_the_asked_frame(facts: dict[str, Any]) -> None:
    size = [360, 640]
    assert facts["pictures"] == {
        "rgb": [[*size, 3], "uint8"],
        "depth": [size, "float32"],
        "semantic": [size, "uint8"],
        "instance": [size, "int32"],
        "normals": [[*size, 3], "uint8"],
    }
    assert facts["road_ahead"]
    # 1.33 m above the road, 150 rows below the middle of 90 degrees over 640 columns: 2.8 m.
    assert facts["depth_of_road_m"] == pytest.approx(2.8, abs=0.5)
    assert facts["strange_instances"] == []
    assert "sent no rgb picture of camera carla_front" in facts["late_picture"]


def test_a_rehearsal_records_every_vehicle(tmp_path: Path) -> None:
    from carla_nurec_bridge.recorder_log import read_log
    from carla_nurec_bridge.recorder_log.trajectories import trajectories

    pytest.importorskip("carla")
    log = tmp_path / "rehearsal.log"
    drive = ("--frames", 30, "--vehicles", 4, "--seed", 2)
    done = run("rehearse", "--map", _MAP, "--out", log, *drive)
    assert done.returncode == 0, done.stderr[-2000:]
    tracks = trajectories(read_log(log))
    assert len([t for t in tracks.values() if len(t.times_s) >= 30]) >= 5


@pytest.mark.parametrize(
    ("did", "words"),
    [
        ("step", "changed the world's step from 0.05 s to 0.1 s"),
        ("no_step", "changed the world's step from 0.05 s to none"),
        ("asynchronous", "switched the world to asynchronous mode (apply_settings)"),
        ("rendering", "switched rendering off"),
        ("substeps", "changed max_substeps of the physics from 10 to 3"),
        ("ticks", "ticks it too"),
        ("reload", "loaded the map demo_town anew (reload_world)"),
        ("generate", "(generate_opendrive_world)"),
        ("load", "in place of OpenDriveMap (load_world, or replay_file"),
        ("step, traffic", "changed the world's step from 0.05 s to 0.1 s"),
        ("no_step, traffic", "changed the world's step from 0.05 s to none"),
        ("asynchronous, traffic", "switched the world to asynchronous mode (apply_settings)"),
        ("rendering, traffic", "switched rendering off"),
        ("substeps, traffic", "changed max_substeps of the physics from 10 to 3"),
        ("ticks, traffic", "ticks it too"),
        ("step, standing", "changed the world's step"),
        ("ticks, standing", "ticks it too"),
        ("generate, standing", "(generate_opendrive_world)"),
        ("reload, called", "anew (reload_world"),
        ("generate, called", "generate_opendrive_world)"),
    ],
)
def test_what_another_client_changes_is_said_at_once_by_its_name(
    strangers: dict[str, Any], did: str, words: str
) -> None:
    text, ticks = strangers[did]
    assert words in text
    assert "another client" in text
    assert "stop that client" in text
    assert ticks <= 1


def test_an_actor_that_another_client_destroys_is_missed_in_words(
    strangers: dict[str, Any],
) -> None:
    text, _ = strangers["destroy, called"]
    assert "did another client destroy it?" in text


def test_a_world_that_nobody_touches_is_left_in_peace(strangers: dict[str, Any]) -> None:
    assert strangers["nobody"] == ["", 40]
    assert strangers["nobody, traffic"] == ["", 40]


@pytest.mark.parametrize(
    ("did", "words"),
    [
        ("moved", "moved the ego by 2"),
        ("turned", "turned the ego by 120 deg within a tick (set_transform)"),
        ("physics", "took the ego's physics away (set_simulate_physics(False))"),
        ("control", "drives the ego, too (set_autopilot of its Traffic Manager, or apply_control)"),
        ("autopilot", "drives the ego, too (set_autopilot"),
        ("replay", "replays a recording in this world (replay_file), which moved the ego by"),
        ("replay, others come", "replays a recording in this world (replay_file): vehicle.audi.tt"),
        ("replay, others led", "replays a recording in this world (replay_file): vehicle.audi.tt"),
    ],
)
def test_what_another_client_does_to_the_ego_ends_the_run_by_its_name(
    meddlers: dict[str, Any], did: str, words: str
) -> None:
    text, frames, unexplained, _ = meddlers[did]
    assert words in text
    assert text.startswith("another client of CARLA at 127.0.0.1:")
    assert "; stop that client, or " in text
    assert frames <= 6 or did == "autopilot"  # its Traffic Manager drives when it is ready
    assert unexplained == 0


@pytest.mark.parametrize(
    ("did", "words"),
    [
        ("moved a little", "m farther than it drove: another client may have placed it"),
        ("pushed", "m/s faster after a tick: another client may have pushed it"),
        ("impulse", "m/s faster after a tick: another client may have pushed it"),
        ("physics, standing", "stands exactly still at throttle 0.6: another client may have"),
    ],
)
def test_what_physics_may_have_done_as_well_is_warned_of_and_counted(
    meddlers: dict[str, Any], did: str, words: str
) -> None:
    text, frames, unexplained, warnings = meddlers[did]
    assert (text, frames, unexplained) == ("", 26, 1)
    assert words in warnings[0]


@pytest.mark.parametrize("did", ["nobody", "its own", "stands", "hand brake", "collides"])
def test_an_ego_that_nobody_else_touches_raises_no_alarm(
    meddlers: dict[str, Any], did: str
) -> None:
    assert meddlers[did] == ["", 26, 0, []]


@pytest.mark.parametrize("case", ["paced", "two ticks a frame", "not paced"])
def test_carla_makes_the_pictures_that_are_due_and_no_others(
    port: int, strangers: dict[str, Any], case: str
) -> None:
    assert strangers
    # A process for each: the client library may abort when its sensors end before the process does.
    found = _said("paced_session.py", port, case)
    taken, made = found["taken"], found["made"]
    slow, quick = list(range(10, 45, 10)), list(range(4, 45, 4))
    assert (taken["slow"], taken["quick"], taken["events"]) == (slow, quick, slow)
    if case == "not paced":
        assert all(len(frames) >= 40 for frames in made.values())
        return
    assert made["rgb 64"] == made["depth 64"] == slow
    assert made["depth 80"] == quick
    assert len(made["dvs 64"]) >= 40  # events are between a tick and the one before it
