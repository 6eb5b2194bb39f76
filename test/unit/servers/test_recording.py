"""A recorder's file, read back: every packet of CARLA 0.9.16, with what the world said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log import read_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.layouts import ActorKind, PacketKind
from carla_nurec_bridge.recorder_log.log import Log
from carla_nurec_bridge.recorder_log.queries import actors_blocked, collisions
from carla_nurec_bridge.recorder_log.records import RecordedPhysics, WheelPhysics
from carla_nurec_bridge.servers.carla.calls import recorder as recorder_calls
from carla_nurec_bridge.servers.carla.faults import Faults
from carla_nurec_bridge.servers.carla.recorder import control
from carla_nurec_bridge.servers.carla.recorder.recorder import (
    NO_ACTOR,
    LightShown,
    MovingActor,
    RecordedActor,
    Recorder,
    VehicleShown,
)
from carla_nurec_bridge.servers.carla.recorder.replayer import Replayer, ReplayOptions, WheelPose

ORIGIN = (0.0, 0.0, 0.0)
STRING, FLOAT = 4, 3
"""Attribute types as the 0.9.16 client numbers them."""

WHEEL = WheelPhysics(3.5, 0.25, 70.0, 35.5, 1500.0, 3000.0, (3.0, 20.0, 3000.0), (1.0, 2.0, 3.0))
PHYSICS = RecordedPhysics(
    7,
    6500.0,
    1.0,
    0.25,
    2.0,
    0.5,
    True,
    10.0,
    4.0,
    1800.0,
    0.25,
    (0.5, 0.0, -0.25),
    ((0.0, 400.0), (5000.0, 300.0)),
    ((4.5, 0.5, 0.75),),
    ((0.0, 1.0), (100.0, 0.5)),
    (WHEEL, replace(WHEEL, max_steer_angle_deg=0.0)),
)


def actor(
    actor_id: int, kind: int, blueprint: str, role: str = "", **more: object
) -> RecordedActor:
    attributes = ((STRING, "role_name", role), (FLOAT, "speed", "1.5")) if role else ()
    plain = RecordedActor(actor_id, kind, blueprint, 5, attributes, ORIGIN, ORIGIN)
    return replace(plain, **more)  # type: ignore[arg-type]


class World:
    """A small world: a hero with a rider's bike beside it, a walker, a light, a sensor."""

    def __init__(self) -> None:
        box = ((0.0, 0.0, 75.0), (245.0, 106.0, 75.0))
        self.actors = {
            a.actor_id: a
            for a in (
                actor(9, ActorKind.WALKER, "walker.pedestrian.0001", "walker", box_cm=box),
                actor(
                    7,
                    ActorKind.VEHICLE,
                    "vehicle.tesla.model3",
                    "hero",
                    box_cm=box,
                    physics=PHYSICS,
                ),
                actor(8, ActorKind.VEHICLE, "vehicle.bh.crossbike", "rider", box_cm=box),
                actor(
                    5,
                    ActorKind.TRAFFIC_LIGHT,
                    "traffic.traffic_light",
                    light_times_s=(10.0, 3.0, 2.0),
                    trigger_cm=box,
                ),
                actor(
                    11, ActorKind.SENSOR, "sensor.other.collision", "hit", parent_id=7, box_cm=box
                ),
                actor(1, ActorKind.OTHER, "spectator"),
            )
        }
        self.tick = 0
        self.collisions: list[tuple[int, int]] = []
        self.doors: list[tuple[int, int, bool]] = []

    def actor_ids(self) -> list[int]:
        return list(self.actors)

    def describe(self, actor_id: int) -> RecordedActor:
        return self.actors[actor_id]

    def moving(self) -> list[MovingActor]:
        car = VehicleShown(0.25, 0.5, 0.0, True, -1, 8 | 32, (WheelPose(0, 12.5, 90.0),))
        bike = VehicleShown(0.0, 0.25, 0.0, False, 1, 0, (), (250.0, 0.5))
        place = (100.0 * self.tick, 50.0, 25.0)
        moving = [
            MovingActor(9, ORIGIN, ORIGIN, (0.0, 1.0, 0.0), walking_cm_s=100.0),
            MovingActor(7, place, (0.0, 0.0, 90.0), (20.0, 0.0, 0.0), (0.0, 0.0, 18.0), car),
            MovingActor(8, (0.0, 3.0, 0.0), ORIGIN, vehicle=bike),
            MovingActor(1, (9.0, 9.0, 9.0), ORIGIN),
        ]
        return [m for m in moving if m.actor_id in self.actors]

    def lights(self) -> list[LightShown]:
        return [LightShown(5, True, 1.5, 2)]

    def take_collisions(self) -> list[tuple[int, int]]:
        taken, self.collisions = self.collisions, []
        return taken

    def take_doors(self) -> list[tuple[int, int, bool]]:
        taken, self.doors = self.doors, []
        return taken

    def visual_time_s(self) -> float:
        return 100.0 + self.tick


def test_overwriting_a_recording_is_said(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(control, "EpisodeSource", lambda _episode: World())
    recorded = control.RecorderControl(Faults())
    episode: Any = SimpleNamespace(level=SimpleNamespace(name="Town01"))
    path = tmp_path / "a.log"
    recorded.start_recording(episode, path, additional_data=False)
    recorded.record(0.05)
    assert not caplog.records
    recorded.start_recording(episode, path, additional_data=False)
    assert f"2 frames are lost: {path} is recorded anew" in caplog.text
    recorded.stop()
    caplog.clear()
    recorded.start_recording(episode, path, additional_data=False)
    recorded.stop()
    assert f"the recording {path} takes the place of an older file" in caplog.text


def test_a_home_is_part_of_a_recordings_path(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert recorder_calls.whole_path("~/a.log") == tmp_path / "a.log"
    with pytest.raises(InputError, match="no-such-user"):
        recorder_calls.whole_path("~no-such-user/a.log")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Six ticks: collisions in 1, 2 and 4, a door in 3, the bike gone from 5 on."""
    path = tmp_path_factory.mktemp("recorder") / "all.log"
    world = World()
    recorder = Recorder(
        world, path, "Town01", additional_data=True, date_s=1_700_000_000, platform_s=lambda: 5.0
    )
    for tick in range(6):
        world.tick = tick
        if tick in (1, 2, 4):
            world.collisions = [(7, 8), (7, NO_ACTOR), (7, 8)]
        if tick == 3:
            world.doors = [(7, 0, True)]
        if tick == 5:
            del world.actors[8]
        recorder.record(0.1)
    recorder.close()
    return read_log(path)


def test_order_of_packets(log: Log) -> None:
    first, second = ([p.number for p in log.frames[k].packets] for k in (0, 1))
    assert first == [0, 20, 2, 3, 4, 5, 23, 6, 7, 8, 9, 10, 21, 22, 12, 13, 17, 14, 15, 16, 19, 1]
    assert second == [0, 20, 2, 3, 4, 5, 23, 6, 7, 8, 9, 10, 21, 22, 12, 13, 14, 19, 1]


def test_events(log: Log) -> None:
    first = log.frames[0]
    assert [e.actor_id for e in log.added(first)] == [1, 5, 7, 8, 9, 11]
    assert log.records(first, PacketKind.EVENT_PARENT).tolist() == [(11, 7)]
    assert log.records(log.frames[5], PacketKind.EVENT_DEL)["id"].tolist() == [8]
    assert log.actors[7].is_hero
    assert [a.type_number for a in log.actors[7].attributes] == [3, 2], "numbers of version 1"
    hits = log.records(log.frames[1], PacketKind.COLLISION).tolist()
    assert hits == [(0, 7, 8, 1, 0), (1, 7, NO_ACTOR, 1, 0)]
    assert len(log.records(log.frames[2], PacketKind.COLLISION)) == 2
    assert log.records(log.frames[3], PacketKind.VEHICLE_DOOR).tolist() == [(7, 0, 1)]


def test_states(log: Log) -> None:
    frame = log.frames[4]
    positions = log.records(frame, PacketKind.POSITION)
    assert positions["id"].tolist() == [1, 7, 8, 9]
    assert positions["location"][1].tolist() == [400.0, 50.0, 25.0]
    assert log.records(frame, PacketKind.STATE).tolist() == [(5, 1, 1.5, 2)]
    vehicles = log.records(frame, PacketKind.ANIM_VEHICLE).tolist()
    assert vehicles == [(7, 0.25, 0.5, 0.0, 1, -1), (8, 0.0, 0.25, 0.0, 0, 1)]
    assert log.records(frame, PacketKind.ANIM_WALKER).tolist() == [(9, 100.0)]
    assert log.records(frame, PacketKind.VEHICLE_LIGHT).tolist() == [(7, 40), (8, 0)]
    assert log.records(frame, PacketKind.BIKER).tolist() == [(8, 250.0, 0.5)]
    assert log.wheels(frame)[0].wheels == ((0, 12.5, 90.0),)
    assert log.number(frame, PacketKind.VISUAL_TIME) == 104.0


def test_additional_data(log: Log) -> None:
    first = log.frames[0]
    assert log.records(first, PacketKind.KINEMATICS)["id"].tolist() == [7, 8, 9]
    assert log.records(first, PacketKind.BOUNDING_BOX)["id"].tolist() == [7, 8, 9, 11]
    assert log.records(first, PacketKind.TRIGGER_VOLUME)["id"].tolist() == [5]
    assert log.records(first, PacketKind.TRAFFIC_LIGHT_TIME).tolist() == [(5, 10.0, 3.0, 2.0)]
    assert log.physics(first) == (PHYSICS,)
    assert log.number(first, PacketKind.PLATFORM_TIME) == 0.0
    assert log.physics(log.frames[1]) == ()


def test_without_additional_data(tmp_path: Path) -> None:
    recorder = Recorder(World(), tmp_path / "plain.log", "Town01")
    recorder.record(0.1)
    recorder.close()
    numbers = [p.number for p in read_log(tmp_path / "plain.log").frames[0].packets]
    assert numbers == [0, 20, 2, 3, 4, 5, 23, 6, 7, 8, 9, 10, 21, 22, 1]


def test_as_text(log: Log) -> None:
    text = file_info(log, show_all=True)
    for line in (
        " Collision id 0 between 7 (hero)  with 8\n",
        " Collision id 1 between 7 (hero)  with 4294967295\n",
        " Destroy 8\n",
        " Walker animations: 1\n  Id: 9 speed: 100\n",
        "  Id: 7 Brake LeftBlinker\n  Id: 8 None\n",
        "  Id: 7\n  Doors opened:  Front Left \n",
        "  Id: 7 Steering: 0.25 Throttle: 0.5 Brake: 0 Handbrake: 1 Gear: -1\n",
        "  Id: 5 state: 2 frozen: 1 elapsedTime: 1.5\n",
        " Current platform time: 0\n",
        "  Id: 5 green_time: 10 yellow_time: 3 red_time: 2\n",
    ):
        assert line in text
    assert "\nFrame 2 at" in file_info(log, show_all=False), "a collision is an event"
    assert "\nFrame 4 at" not in file_info(log, show_all=False)


def test_collisions_that_go_on_are_listed_once(log: Log) -> None:
    rows = [line.split() for line in collisions(log, "h", "v").splitlines()[5:-3]]
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in rows] == [
        ("0", "v", "v", "7", "8"),
        ("0", "v", "v", "7", "8"),
    ]
    assert len(collisions(log, "a", "a").splitlines()[5:-3]) == 4
    assert len(collisions(log, "w", "a").splitlines()[5:-3]) == 0
    assert collisions(log, "a", "a").endswith("\nDuration: 0 seconds\n"), "rounded like the rows"


def test_who_stands_still(log: Log) -> None:
    rows = [line.split() for line in actors_blocked(log, 0.25, 10.0).splitlines()[5:-3]]
    assert [row[1] for row in rows] == ["8"], "the last frame takes a second off all others"
    assert actors_blocked(log, 100.0, 10.0).count("\n") == 8


class ListedWorld:
    """A replay's world that lists calls; every other method of the protocol does nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> object:
        def call(*args: object, **switch: bool) -> None:
            self.calls.append((name, *args, *switch.items()))

        return call

    def spawn_replayed(self, replayed: object) -> int:
        self.calls.append(("spawn_replayed", replayed))
        return replayed.recorded_id + 100  # type: ignore[attr-defined, no-any-return]

    def traffic_light_at(self, location_cm: object) -> int:
        return 105

    def blueprint_of(self, actor_id: int) -> None:
        return None

    def spectator_id(self) -> int:
        return 1


def test_all_that_is_recorded_is_shown_again(log: Log) -> None:
    world = ListedWorld()
    replayer = Replayer(log, world, ReplayOptions())  # type: ignore[arg-type]
    replayer.start()
    replayer.step(0.35)
    assert {105: 5, 107: 7}.items() <= {v: k for k, v in replayer.live_ids.items()}.items()
    for call in (
        ("set_traffic_light", 105, 2, 1.5, ("frozen", True)),
        ("animate_vehicle", 107, 0.25, 0.5, 0.0, -1, ("hand_brake", True)),
        ("animate_walker", 109, 100.0),
        ("set_vehicle_lights", 107, 40),
        ("animate_wheels", 107, [WheelPose(0, 12.5, 90.0)]),
        ("animate_biker", 108, 250.0, 0.5),
        ("set_vehicle_door", 107, 0, ("is_open", True)),
        ("set_visual_time", 103.0),
        ("hold", 109),
    ):
        assert call in world.calls
    assert not any(call[0] == "attach" for call in world.calls), "sensors were not asked for"
    while replayer.step(0.05):
        pass
    assert ("destroy", 108) in world.calls
    assert ("release", 107) in world.calls
    moves = [call for call in world.calls if call[0] == "move"]
    assert 1 not in np.concatenate([call[1] for call in moves])


def test_a_recording_begins_without_the_doors_that_were_moved_before(
    world: Any, tmp_path: Path
) -> None:
    car, path = world.car(), tmp_path / "doors.log"
    simulation = world.simulation
    simulation.episode.move_door(car, 0, opens=True)
    world.tick(2)
    simulation.recorder.start_recording(simulation.episode, path, additional_data=False)
    simulation.episode.move_door(car, 1, opens=True)
    world.tick(2)
    simulation.recorder.stop_recording()
    log = read_log(path)
    doors = [log.records(frame, PacketKind.VEHICLE_DOOR).tolist() for frame in log.frames]
    assert [[door for _, door, _ in rows] for rows in doors] == [[], [1], []]


def test_what_is_no_recording_is_not_written_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(control, "EpisodeSource", lambda _episode: World())
    recorded = control.RecorderControl(Faults())
    episode: Any = SimpleNamespace(level=SimpleNamespace(name="Town01"))
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("years of work")
    for path in (thesis, Path("/dev/null")):
        with pytest.raises(InputError, match=f"{path}: it is there already and no CARLA recording"):
            recorded.start_recording(episode, path, additional_data=False)
    assert thesis.read_text() == "years of work"
    empty = tmp_path / "empty.log"
    empty.touch()
    assert recorded.start_recording(episode, empty, additional_data=False) == empty
    recorded.stop()
