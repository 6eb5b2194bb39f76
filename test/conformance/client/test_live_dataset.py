"""``dataset record`` of a world that another client ticks, and of one of its own; see circling."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from masks_in_boxes import mask_in_box
from programs import run

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset, StoredScenario
from carla_nurec_bridge.dataset.truth import TrackState
from carla_nurec_bridge.runs.processes.own_server import START_S, own_carla
from carla_nurec_bridge.world.object_classes import VEHICLES

pytest.importorskip("carla")
pytestmark = pytest.mark.conformance

RIDER = 13  # CARLA's semantic tag
RATE_RADPS, TRUCK_MPS = np.radians(30.0), 4.0
SIZE = ["--size", "320x180", "--no-videos"]


@dataclass
class Circling:
    """What was recorded while the hero went round: live, and of CARLA's recording of the same."""

    said: str
    live: StoredScenario
    replayed: StoredScenario


@pytest.fixture(scope="module")
def circling(tmp_path_factory: pytest.TempPathFactory) -> Circling:
    folder, port = tmp_path_factory.mktemp("circling"), free_port(pair=True)
    town, log, end = config_path("maps", "demo_town.xodr"), folder / "turn.log", folder / "end"
    config = RunConfig(
        map=town, nurec=False, carla_port=port, run_dir=folder, start_deadline_s=START_S
    )
    script = Path(__file__).with_name("circling_session.py")
    server = ["--host", "127.0.0.1", "--port", str(port), *SIZE, "--fps", "2"]
    with own_carla(config, folder / "server.log"):
        owner = subprocess.Popen(
            [sys.executable, str(script), str(port), str(log), str(end)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        try:
            assert "middle" in owner.stdout.readline()
            live = run(
                "dataset", "record", "--live", *server, "--frames", "24", "-o", str(folder / "live")
            )
            end.touch()
            assert owner.wait(60.0) == 0
        finally:
            owner.kill()
            owner.stdout.close()
            owner.wait(60.0)
        assert live.returncode == 0, live.stdout[-2000:] + live.stderr[-2000:]
        played = run(
            "dataset",
            "record",
            "-f",
            str(log),
            *server,
            "-s",
            "1",
            "-d",
            "11.5",
            "-o",
            str(folder / "log"),
        )
        assert played.returncode == 0, played.stdout[-2000:] + played.stderr[-2000:]
    for name in ("live", "log"):
        assert check_dataset(Dataset(folder / name), lambda *_: None).problems == ()
    return Circling(
        live.stdout,
        Dataset(folder / "live").scenario("live"),
        Dataset(folder / "log").scenario("turn"),
    )


@pytest.fixture(params=["live", "replayed"])
def scenario(circling: Circling, request: pytest.FixtureRequest) -> StoredScenario:
    found: StoredScenario = getattr(circling, request.param)
    return found


def states_of(scenario: StoredScenario, role: str) -> list[TrackState]:
    [track] = [one.track_id for one in scenario.truth.actors if one.role_name == role]
    return [a for state in scenario.frames() for a in state.actors if a.track_id == track]


def test_who_ticks_is_told(circling: Circling) -> None:
    assert "another client owns the tick; frames are each 10. of its ticks" in circling.said
    told = circling.live.truth.source["live"]
    assert told["ticked_by"] == "another client"
    stamps = np.array([state.stamp_ns for state in circling.live.frames()])
    ticks = np.diff(stamps) / 50_000_000
    np.testing.assert_allclose(ticks, np.round(ticks), atol=1e-6)
    assert ticks.min() > 0
    assert np.round(ticks / 10).sum() == 23 + told["frames_missed"]


def test_motion_is_that_of_the_formulas(scenario: StoredScenario) -> None:
    stamps = np.array([state.stamp_ns for state in scenario.frames()])
    # Over a gap, which a busy machine may have in a live run, a circle's chord is too short.
    near = [k for k in range(2, len(stamps)) if stamps[k] - stamps[k - 2] < 1_100_000_000]
    hero = [states_of(scenario, "hero")[k] for k in near]
    for state in hero:
        # CARLA's yaw rises clockwise, the map's falls with it.
        assert state.angular_map_radps[2] == pytest.approx(-RATE_RADPS, abs=2e-3)
        speed = np.linalg.norm(state.velocity_map_mps)
        pull = np.linalg.norm(state.acceleration_map_mps2)
        # Differences of a circle over half a frame's turn are chords: sin(x) / x of it.
        assert pull == pytest.approx(RATE_RADPS * speed, rel=0.02)
    assert len(hero) > 5
    speeds = [np.linalg.norm(state.velocity_map_mps) for state in hero]
    assert np.ptp(speeds) < 0.03
    steady = [
        (one, two)
        for one, two in zip(
            states_of(scenario, "truck"), states_of(scenario, "truck")[1:], strict=False
        )
        if one.velocity_map_mps and two.velocity_map_mps and two.acceleration_map_mps2
    ]
    calm = [
        two
        for one, two in steady
        if np.linalg.norm(one.velocity_map_mps) < 8 and np.linalg.norm(two.velocity_map_mps) < 8
    ]
    assert len(calm) > 10
    for state in calm:
        assert np.linalg.norm(state.velocity_map_mps) == pytest.approx(TRUCK_MPS, abs=0.02)
        assert np.linalg.norm(state.acceleration_map_mps2) < 0.1
    for state in states_of(scenario, "parked")[2:]:
        assert np.linalg.norm(state.velocity_map_mps) < 1e-3


def test_masks_lie_in_boxes_while_the_cameras_turn(scenario: StoredScenario) -> None:
    k = scenario.calibration("front").k
    seen: dict[str, int] = {}
    roles = {one.track_id: one.role_name for one in scenario.truth.actors}
    for truth in scenario.all_labels("front"):
        for one in truth.objects:
            if one.ignored is not None or one.truncation > 0.0 or one.visible_fraction < 0.97:
                continue
            inside_px, covered = mask_in_box(one, k)
            assert inside_px > -2.0, (roles[one.track_id], truth.number)
            two_wheeler = roles[one.track_id] in ("rider", "cyclist")
            if one.object_class in VEHICLES and not two_wheeler:
                assert covered > 0.55, (roles[one.track_id], truth.number)
            who = str(one.object_class) if one.is_scenery else roles[one.track_id]
            seen[who] = seen.get(who, 0) + 1
            if one.is_scenery:
                assert covered > 0.5, (who, truth.number)
                assert one.velocity_map_mps == (0.0, 0.0, 0.0)
            if two_wheeler:
                ids = scenario.image("front", "instance_segmentation", truth.number)
                tags = scenario.image("front", "semantic_segmentation", truth.number)
                assert one.rider_px == ((ids == one.pixel_id) & (tags == RIDER)).sum() > 0
            else:
                assert one.rider_px is None
    everybody = {"parked", "van", "rider", "cyclist", "walker", "cone", "truck"}
    everybody |= {"traffic_light", "traffic_sign"}
    assert seen.keys() <= everybody
    if scenario.truth.own_stamps:  # which moments a live run has is not ours to say
        assert len(seen) >= 5
    else:
        assert seen.keys() == everybody
        assert min(seen.values()) >= 2


def test_a_world_of_its_own_is_the_same_for_a_seed(tmp_path: Path) -> None:
    world = ["--live", "--map", "demo_town", "--traffic", "6", "--walkers", "4", *SIZE]
    sets = []
    for name in ("one", "two"):
        done = run(
            "dataset", "record", *world, "--fps", "10", "--frames", "3", "-o", str(tmp_path / name)
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert "nobody owned the tick; this run does, 10 Hz" in done.stdout
        sets.append(Dataset(tmp_path / name).scenario("live"))
    first, second = sets
    assert sum(one.is_ego for one in first.truth.actors) == 1
    assert sum(not one.is_scenery for one in first.truth.actors) == 10
    assert [one.blueprint for one in first.truth.actors] == [
        one.blueprint for one in second.truth.actors
    ]
    for mine, other in zip(first.frames(), second.frames(), strict=True):
        for a, b in zip(mine.actors, other.actors, strict=True):
            np.testing.assert_allclose(
                a.map_from_box.translation_m, b.map_from_box.translation_m, atol=0.01
            )
