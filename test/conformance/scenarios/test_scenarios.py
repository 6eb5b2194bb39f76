"""Scenarios recorded as a user records them, judged from the recordings by other means.

The events' file is compared with positions, CARLA's own map and the collision packets, none of
which the scenario's script can have written.
"""

from __future__ import annotations

import json
import math
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import run

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.evaluation.collisions import boxes_overlap
from carla_nurec_bridge.recorder_log import read_log
from carla_nurec_bridge.recorder_log.export.csv_export import csv_rows
from carla_nurec_bridge.recorder_log.layouts import PacketKind
from carla_nurec_bridge.recorder_log.trajectories import Track, trajectories
from carla_nurec_bridge.scene.build.road_user_classes import box_of
from carla_nurec_bridge.world.states import Box

carla = pytest.importorskip("carla")
pytestmark = pytest.mark.conformance

RECORDED = (("collision", "a"), ("collision", "b"), ("wrong_way", "a"), ("jaywalking", "a"))
SEED = 5


class Recording:
    def __init__(self, folder: Path, name: str) -> None:
        self.log = read_log(folder / f"{name}_{SEED}.log")
        self.json = json.loads((folder / f"{name}_{SEED}.json").read_text())
        tracks = trajectories(self.log).values()
        self.tracks = {t.event.attribute("role_name"): t for t in tracks if t.event.moves}

    def event(self, kind: str) -> dict[str, Any]:
        found = [e for e in self.json["events"] if e["type"] == kind and e["scripted"]]
        assert len(found) == 1, found
        return found[0]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Record every scenario, two at a time; the same one twice into two folders."""
    root = tmp_path_factory.mktemp("scenarios")

    def record(job: tuple[str, str]) -> subprocess.CompletedProcess[str]:
        return run("scenario", "record", job[0], "--seed", SEED, "--out", root / job[1])

    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(record, RECORDED):
            assert result.returncode == 0, result.stdout + result.stderr
    return {name: root / name for name in ("a", "b")}


def box_at(track: Track, time_s: float) -> Box:
    size_m, actor_from_box = box_of(track)
    index = int(np.argmin(np.abs(track.times_s - time_s)))
    return Box(
        track.map_from_actor[index] @ actor_from_box,
        (size_m[0] + 0.1, size_m[1] + 0.1, size_m[2] + 0.1),
    )


def test_a_collision_really_happens(folders: dict[str, Path]) -> None:
    run = Recording(folders["a"], "collision")
    event = run.event("collision")
    hero, other = run.tracks["hero"], run.tracks["incident"]
    assert [actor["role_name"] for actor in event["actors"]] == ["hero", "incident"]
    hits = [f.elapsed_s for f in run.log.frames if len(run.log.records(f, PacketKind.COLLISION))]
    assert hits[0] == pytest.approx(event["start_s"], abs=1e-5)
    assert boxes_overlap(box_at(hero, event["start_s"]), box_at(other, event["start_s"]))
    assert not boxes_overlap(
        box_at(hero, event["start_s"] - 0.2), box_at(other, event["start_s"] - 0.2)
    )
    # Both brake: they stand before the recording ends, and the hero has lost its speed at once.
    steps = np.linalg.norm(np.diff(hero.map_from_actor[:, :3, 3], axis=0), axis=1) / 0.05
    at = int(np.searchsorted(hero.times_s, event["start_s"]))
    assert steps[at - 3] > 7.0
    assert steps[at + 3] < steps[at - 3] - 3.0
    assert steps[-1] < 0.05
    measured = event["measures"]["closing_mps"]
    other_steps = np.linalg.norm(np.diff(other.map_from_actor[:, :3, 3], axis=0), axis=1) / 0.05
    assert measured == pytest.approx(steps[at - 3] - other_steps[at - 3], abs=1.5)


def test_the_same_seed_gives_the_same_drive(folders: dict[str, Path]) -> None:
    one, two = (Recording(folders[name], "collision") for name in ("a", "b"))
    assert list(csv_rows(one.log)) == list(csv_rows(two.log))
    assert one.json == two.json
    assert sum(role.startswith("traffic_") for role in one.tracks) == 4


def test_walkers_stroll_beside_the_road(folders: dict[str, Path]) -> None:
    run = Recording(folders["a"], "collision")
    town = carla.Map("demo_town", config_path("maps", "demo_town.xodr").read_text())
    walkers = [track for role, track in run.tracks.items() if role.startswith("walker_")]
    assert len(walkers) == run.json["walkers"] == 4
    for track in walkers:
        places = track.map_from_actor[::10, :3, 3]
        assert np.linalg.norm(np.diff(places, axis=0), axis=1).sum() > 12.0
        for x, y, z in places:
            assert town.get_waypoint(carla.Location(x, -y, z), project_to_road=False) is None


def test_the_ghost_driver_is_against_its_lane(folders: dict[str, Path]) -> None:
    run = Recording(folders["a"], "wrong_way")
    event, track = run.event("wrong_way"), run.tracks["incident"]
    town = carla.Map("demo_town", config_path("maps", "demo_town.xodr").read_text())
    against = []
    for time_s, pose in zip(track.times_s, track.map_from_actor, strict=True):
        x, y, z = pose[:3, 3]
        waypoint = town.get_waypoint(carla.Location(x, -y, z))
        lane_yaw = -math.radians(waypoint.transform.rotation.yaw)
        nose = math.atan2(pose[1, 0], pose[0, 0])
        against.append((time_s, math.cos(nose - lane_yaw) < -0.5))
    during = [flag for t, flag in against if event["start_s"] + 0.1 < t < event["end_s"] - 0.1]
    after = [flag for t, flag in against if t > event["end_s"] + 0.2]
    assert len(during) > 80
    assert all(during)
    assert not any(after)
    assert not any(len(run.log.records(f, PacketKind.COLLISION)) for f in run.log.frames)


def test_the_walker_is_on_the_road_and_the_hero_waits(folders: dict[str, Path]) -> None:
    run = Recording(folders["a"], "jaywalking")
    event, walker, hero = run.event("jaywalking"), run.tracks["incident"], run.tracks["hero"]
    town = carla.Map("demo_town", config_path("maps", "demo_town.xodr").read_text())
    for time_s, pose in zip(walker.times_s, walker.map_from_actor, strict=True):
        if event["start_s"] < time_s < event["end_s"] - 0.1:
            x, y, z = pose[:3, 3]
            here = carla.Location(x, -y, z)
            assert town.get_waypoint(here, project_to_road=False) is not None
    crossings = np.array([(c.x, -c.y) for c in town.get_crosswalks()])
    start = np.array(event["actors"][0]["start_m"][:2])
    assert np.linalg.norm(crossings - start, axis=1).min() > 3.0
    walked = np.linalg.norm(walker.map_from_actor[-1, :2, 3] - walker.map_from_actor[0, :2, 3])
    assert walked > 6.0
    # The hero slows down for it, and never touches it.
    steps = np.linalg.norm(np.diff(hero.map_from_actor[:, :3, 3], axis=0), axis=1) / 0.05
    crossing = (hero.times_s[1:] > event["start_s"]) & (hero.times_s[1:] < event["end_s"])
    assert steps[crossing].min() < 0.75 * steps[20]
    for time_s in np.arange(event["start_s"], event["end_s"], 0.05):
        assert not boxes_overlap(box_at(hero, time_s), box_at(walker, time_s))


def test_an_unknown_scenario_is_named() -> None:
    from carla_nurec_bridge.core.errors import InputError
    from carla_nurec_bridge.scenarios.spec import load_spec

    with pytest.raises(InputError, match=r"no scenario 'crash'; there are: .*collision, "):
        load_spec("crash")


def test_a_drive_that_lacks_its_events_is_drawn_again_and_then_given_up(tmp_path: Path) -> None:
    never = tmp_path / "never.yaml"
    never.write_text(
        "script: hard_brake\ndescription: A drive from which nothing can come.\n"
        "duration_s: 2\nvehicles: 0\nwalkers: 1\nexpect: [wrong_way]\n"
    )
    done = run("scenario", "record", never, "--out", tmp_path)
    assert done.returncode == 1
    lacks = "; ".join(["no wrong_way in it"] * 4)
    assert f"did not come out in 4 draws of seed 1: {lacks}" in done.stderr
