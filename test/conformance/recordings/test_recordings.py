"""The unmodified CARLA client records, asks and replays against the embedded server."""

from __future__ import annotations

import math
import os
import select
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program

from carla_nurec_bridge.core.frames import matrix_from_carla
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.recorder_log import read_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.layouts import PacketKind
from carla_nurec_bridge.recorder_log.queries import actors_blocked, collisions
from carla_nurec_bridge.recorder_log.trajectories import trajectories
from carla_nurec_bridge.scene import build_scene

carla = pytest.importorskip("carla")
pytestmark = pytest.mark.conformance

HERO, OTHER = 174, 175
TOWN01 = """<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="4" name="Town01">
<geoReference>+proj=tmerc +lat_0=0 +lon_0=0</geoReference></header>
<road name="r" length="400" id="1" junction="-1">
<planView><geometry s="0" x="0" y="-133" hdg="0" length="400"><line/></geometry></planView>
<elevationProfile/><lateralProfile/>
<lanes><laneSection s="0">
<center><lane id="0" type="none" level="false"/></center>
<right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right>
</laneSection></lanes></road></OpenDRIVE>
"""
"""The street on which the real recording drives; the recording names its map Town01."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a server that knows the demo town and a small Town01."""
    maps = tmp_path_factory.mktemp("maps")
    (maps / "Town01.xodr").write_text(TOWN01)
    shutil.copy(config_path("maps", "demo_town.xodr"), maps / "demo_town.xodr")
    port = free_port(pair=True)
    process = Program(*("carla", "serve", "--map", "demo_town", "--maps-dir", maps, "--port", port))
    try:
        ready, _, _ = select.select([process.stdout], [], [], 60.0)
        assert ready, "the server said nothing"
        line = process.stdout.readline()
        assert line.startswith("ready:"), line
        connected = carla.Client("127.0.0.1", port)
        connected.set_timeout(120.0)
        yield connected
    finally:
        process.terminate()
        assert process.communicate(timeout=250) is not None


def synchronous(client: Any, delta_s: float) -> Any:
    """Return the world, ticked by us in steps of ``delta_s``."""
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = delta_s
    world.apply_settings(settings)
    return world


def replayed(client: Any, path: Path, *, delta_s: float, start_s: float = 0.0, **kw: Any) -> Any:
    """Start a replay of a file in an empty Town01 and return the world."""
    client.load_world("Town01")
    synchronous(client, delta_s)
    arguments = {"duration": 0.0, "follow_id": 0, "replay_sensors": False} | kw
    reply = client.replay_file(str(path), start_s, *arguments.values())
    assert "Replaying from" in reply, reply
    return client.get_world()


@pytest.mark.parametrize("tick_ms", [50, 25, 10])
def test_a_real_recording_replays_by_the_rules(
    client: Any, real_recording_path: Path, make_replay_rules: Callable[[], Any], tick_ms: int
) -> None:
    """Every tick of the last 17 s agrees within 1 cm and 0.1 degree, at the server's clock."""
    start_s, delta_s = 7.5, tick_ms / 1000
    world = replayed(client, real_recording_path, delta_s=delta_s, start_s=start_s)
    rules = make_replay_rules()
    rules.begin(start_s)
    time_s, compared, worst_cm, worst_deg = start_s, 0, 0.0, 0.0
    while True:
        world.tick()
        time_s += delta_s
        expected = rules.poses(time_s)
        if expected is None:
            break
        snapshot = world.get_snapshot()
        for actor_id in (HERO, OTHER):
            actor = snapshot.find(actor_id)
            assert (actor is not None) == (actor_id in expected)
            if actor is None:
                continue
            pose, want = actor.get_transform(), expected[actor_id]
            place = (pose.location.x * 100, pose.location.y * 100, pose.location.z * 100)
            turn = (pose.rotation.roll, pose.rotation.pitch, pose.rotation.yaw)
            worst_cm = max(worst_cm, math.dist(place, want[:3]))
            for got, wanted in zip(turn, want[3:], strict=True):
                worst_deg = max(worst_deg, abs(math.remainder(got - wanted, 360.0)))
            compared += 1
    assert compared > 2 * 17.0 / delta_s
    assert worst_cm < 1.0
    assert worst_deg < 0.1


def test_a_recording_brings_its_map(client: Any, real_recording_path: Path) -> None:
    client.load_world("demo_town")
    synchronous(client, 0.05)
    reply = client.replay_file(str(real_recording_path), 9.0, 1.0, 0, False)
    assert "Loading map Town01" in reply
    assert "Replaying from 9 s - 10 s (24.7237 s) at 1.0x" in reply
    world = client.get_world()
    assert world.get_map().name.endswith("Town01")
    world.tick()
    roles = {a.attributes["role_name"] for a in world.get_actors().filter("vehicle.*")}
    assert roles == {"hero", "scenario"}


def test_replay_options(client: Any, real_recording_path: Path) -> None:
    client.set_replayer_ignore_hero(True)
    client.set_replayer_time_factor(4.0)
    try:
        world = replayed(client, real_recording_path, delta_s=0.05, start_s=8.0)
        for _ in range(20):
            world.tick()
        snapshot = world.get_snapshot()
        assert snapshot.find(HERO) is None
        x_cm = snapshot.find(OTHER).get_transform().location.x * 100
        log = read_log(real_recording_path)
        (before,) = (f for f in log.frames if f.elapsed_s <= 11.8 < f.elapsed_s + f.duration_s)
        records = log.records(before, PacketKind.POSITION)
        recorded_cm = records["location"][records["id"] == OTHER][0, 0]
        assert x_cm == pytest.approx(recorded_cm, abs=0.01), "from 2 on nothing is interpolated"
    finally:
        client.set_replayer_ignore_hero(False)
        client.set_replayer_time_factor(1.0)


def test_following_an_actor(client: Any, real_recording_path: Path) -> None:
    world = replayed(client, real_recording_path, delta_s=0.05, start_s=10.0, follow_id=HERO)
    world.tick()
    world.tick()
    view = world.get_spectator().get_transform()
    hero = world.get_snapshot().find(HERO).get_transform()
    assert view.location.distance(hero.location) == pytest.approx(math.hypot(10, 5), abs=0.1)
    assert view.rotation.pitch == pytest.approx(hero.rotation.pitch - 25.0, abs=0.5)


def test_stopping_a_replay_runs_its_last_events(client: Any, real_recording_path: Path) -> None:
    world = replayed(client, real_recording_path, delta_s=0.05, start_s=10.0)
    world.tick()
    client.stop_replayer(True)
    world.tick()
    assert world.get_snapshot().find(HERO) is not None
    world = replayed(client, real_recording_path, delta_s=0.05, start_s=10.0)
    world.tick()
    client.stop_replayer(False)
    world.tick()
    assert world.get_snapshot().find(HERO) is None


def test_questions_about_a_real_recording(client: Any, real_recording_path: Path) -> None:
    log, name = read_log(real_recording_path), str(real_recording_path)
    assert client.show_recorder_file_info(name, False) == file_info(log, show_all=False)
    assert client.show_recorder_file_info(name, True) == file_info(log, show_all=True)
    assert client.show_recorder_collisions(name, "a", "a") == collisions(log, "a", "a")
    assert client.show_recorder_actors_blocked(name, 5, 10) == actors_blocked(log, 5.0, 10.0)
    assert "not found on server" in client.show_recorder_file_info("/nowhere/a.log", False)
    assert "not found on server" in client.replay_file("/nowhere/a.log", 0.0, 0.0, 0, False)


@pytest.fixture(scope="module")
def drive(client: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any], int]:
    """Record 40 ticks of a hero that drives off; return the file, what the client saw, its id."""
    path = tmp_path_factory.mktemp("own") / "own.log"
    client.load_world("demo_town")
    world = synchronous(client, 0.05)
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    blueprint.set_attribute("role_name", "hero")
    hero = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
    walker = world.get_blueprint_library().filter("walker.*")[0]
    beside = hero.get_transform()
    beside.location += carla.Location(z=1.0) + 5.0 * beside.get_right_vector()
    world.try_spawn_actor(walker, beside)
    world.tick()
    client.start_recorder(str(path), True)
    seen = []
    for _ in range(40):
        hero.apply_control(carla.VehicleControl(throttle=0.8, steer=0.1))
        world.tick()
        seen.append(world.get_snapshot().find(hero.id).get_transform())
    client.stop_recorder()
    client.get_server_version()  # answered after the call before it, which has no answer
    return path, seen, hero.id


def test_what_is_recorded_is_what_the_client_saw(drive: tuple[Path, list[Any], int]) -> None:
    path, seen, hero_id = drive
    log = read_log(path)
    assert log.note is None
    assert log.map_name == "demo_town"
    assert len(log.frames) == 41, "the state at the start, and every tick"
    assert log.frames[-1].elapsed_s == pytest.approx(2.0)
    assert log.actors[hero_id].is_hero
    assert next(iter(log.actors.values())).blueprint == "spectator"
    track = trajectories(log)[hero_id]
    for pose, transform in zip(track.map_from_actor[1:], seen, strict=True):
        location, rotation = transform.location, transform.rotation
        expected = matrix_from_carla(
            (location.x, location.y, location.z), (rotation.pitch, rotation.yaw, rotation.roll)
        )
        assert np.abs(pose - expected).max() < 1e-3
    assert np.linalg.norm(np.ptp(track.map_from_actor[:, :3, 3], axis=0)) > 3.0
    assert track.physics is not None
    assert len(track.physics.wheels) == 4


def test_every_frame_has_the_packets_that_carla_always_writes(
    drive: tuple[Path, list[Any], int],
) -> None:
    log = read_log(drive[0])
    always = {0, 20, 2, 3, 4, 5, 23, 6, 7, 8, 9, 10, 21, 22, 13, 14, 19, 1}
    for frame in log.frames:
        numbers = [packet.number for packet in frame.packets]
        assert always <= set(numbers)
        assert numbers[:2] == [0, 20]
        assert numbers[-1] == 1
    assert len(log.records(log.frames[20], PacketKind.STATE)) > 0
    speeds = log.records(log.frames[30], PacketKind.KINEMATICS)
    assert np.linalg.norm(speeds["linear"][speeds["id"] == drive[2]]) > 2.0


def test_an_own_recording_replays(client: Any, drive: tuple[Path, list[Any], int]) -> None:
    """At a tick of the recorded length the picture lags by exactly one frame."""
    path, seen, _ = drive
    client.load_world("demo_town")
    world = synchronous(client, 0.05)
    client.replay_file(str(path), 0.0, 0.0, 0, False)
    world.tick()
    (hero,) = (a for a in world.get_actors() if a.attributes.get("role_name") == "hero")
    for k in range(2, 38):
        world.tick()
        location = world.get_snapshot().find(hero.id).get_transform().location
        near = min(seen[k - 2 : k + 1], key=lambda t: t.location.distance(location))
        assert near.location.distance(location) < 0.02


def test_lights_hold_between_the_frames_of_a_replay(
    client: Any, drive: tuple[Path, list[Any], int]
) -> None:
    """A slow replay shows recorded times only; after it the lights go on from there."""
    log = read_log(drive[0])
    recorded = {
        round(float(elapsed), 3)
        for frame in log.frames
        for elapsed in log.records(frame, PacketKind.STATE)["elapsed"]
    }
    client.load_world("demo_town")
    world = synchronous(client, 0.05)
    client.set_replayer_time_factor(0.25)
    client.replay_file(str(drive[0]), 0.0, 0.0, 0, False)
    world.tick()
    light = world.get_actors().filter("traffic.traffic_light")[0]
    shown = []
    for _ in range(20):
        world.tick()
        shown.append(round(light.get_elapsed_time(), 3))
    assert set(shown) <= recorded
    assert len(set(shown)) == pytest.approx(20 * 0.25, abs=1.1), "a frame lasts four ticks"
    client.set_replayer_time_factor(1.0)
    client.stop_replayer(True)
    world.tick()
    before = light.get_elapsed_time()
    world.tick()
    assert light.get_elapsed_time() == pytest.approx(before + 0.05, abs=1e-3)


def test_a_scene_is_built_from_an_own_recording(
    drive: tuple[Path, list[Any], int], tmp_path: Path
) -> None:
    town = config_path("maps", "demo_town.xodr")
    scene = build_scene(town, drive[0], load_rig("demo"), tmp_path / "own.usdz")
    size_x = 4.79  # Tesla Model 3 of the catalogue
    track = trajectories(read_log(drive[0]))[drive[2]]
    back = np.linalg.inv(track.map_from_actor[0]) @ scene.map_from_world
    assert back[0, 3] == pytest.approx(-0.29 * size_x, abs=0.15)
    assert back[1, 3] == pytest.approx(0.0, abs=1e-6)
    assert [t.label_class for t in scene.tracks] in ([], ["person"])


def test_paths_of_recordings_are_told_whole(client: Any, tmp_path: Path) -> None:
    synchronous(client, 0.05)
    path = tmp_path / "a.log"
    relative = os.path.relpath(path)  # the server's folder is this process's
    assert client.start_recorder(relative, False) == str(path)
    client.stop_recorder()
    assert "Frames: 1" in client.show_recorder_file_info(relative, False)
    gone = os.path.relpath(tmp_path / "none.log")
    told = client.show_recorder_file_info(gone, False)
    assert told == f"File {tmp_path / 'none.log'} not found on server\n"


def test_a_replay_ends_a_recording(client: Any, real_recording_path: Path, tmp_path: Path) -> None:
    world = replayed(client, real_recording_path, delta_s=0.05, start_s=10.0)
    world.tick()
    client.start_recorder(str(tmp_path / "a.log"), False)
    world.tick()
    assert world.get_snapshot().find(HERO) is None, "starting to record ended the replay"
    client.replay_file(str(real_recording_path), 10.0, 0.0, 0, False)
    world.tick()
    client.get_server_version()
    assert len(read_log(tmp_path / "a.log").frames) == 2, "the replay ended the recording"
