"""The replayer against an independent evaluation of CARLA's replay rules, on a real recording."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log.layouts import RECORDS, PacketKind
from carla_nurec_bridge.recorder_log.log import Log
from carla_nurec_bridge.recorder_log.reader import parse_log
from carla_nurec_bridge.recorder_log.records import Attribute, EventAdd, encode_event_add
from carla_nurec_bridge.recorder_log.writer import (
    encode_fixed,
    encode_header,
    encode_packet,
    encode_varying,
)
from carla_nurec_bridge.servers.carla.recorder.replayer import (
    ReplayedActor,
    Replayer,
    ReplayOptions,
    WheelPose,
    reply_text,
)

HERO, OTHER, SPECTATOR = 174, 175, 1


class World:
    """A simulation that remembers what a replay did to it; ids from 1000 on when taken."""

    def __init__(self, taken: Sequence[int] = ()) -> None:
        self.poses: dict[int, tuple[list[float], list[float]]] = {}
        self.blueprints: dict[int, str] = {SPECTATOR: "spectator"}
        self.held: set[int] = set()
        self.calls: list[tuple[Any, ...]] = []
        self._taken = set(taken) | {SPECTATOR}
        self._next = 1000

    def remove_level_props(self) -> None:
        self.calls.append(("props",))

    def blueprint_of(self, actor_id: int) -> str | None:
        return self.blueprints.get(actor_id)

    def spectator_id(self) -> int:
        return SPECTATOR

    def traffic_light_at(self, location_cm: tuple[float, float, float]) -> int | None:
        return 500 if math.dist(location_cm, (9499.0, 7041.0, 10.3)) < 0.1 else None

    def spawn_replayed(self, actor: ReplayedActor) -> int | None:
        live = actor.recorded_id
        if live in self._taken or live in self.blueprints:
            live = self._next = self._next + 1
        self.blueprints[live] = actor.blueprint
        self.poses[live] = (list(actor.location_cm), list(actor.rotation_deg))
        return live

    def hold(self, actor_id: int) -> None:
        self.held.add(actor_id)

    def release(self, actor_id: int) -> None:
        self.held.discard(actor_id)

    def move(self, ids: Sequence[int], locations: Any, rotations: Any) -> None:
        for actor_id, place, turn in zip(ids, locations, rotations, strict=True):
            self.poses[actor_id] = (list(place), list(turn))

    def destroy(self, actor_id: int) -> None:
        self.calls.append(("destroy", actor_id))
        self.blueprints.pop(actor_id, None)
        self.poses.pop(actor_id, None)

    def attach(self, child_id: int, parent_id: int) -> None:
        self.calls.append(("attach", child_id, parent_id))

    def set_traffic_light(self, *args: Any, **switch: bool) -> None:
        self.calls.append(("light", *args, switch))

    def animate_vehicle(self, *args: Any, **switch: bool) -> None:
        self.calls.append(("vehicle", *args, switch))

    def animate_walker(self, *args: Any) -> None:
        self.calls.append(("walker", *args))

    def animate_wheels(self, actor_id: int, wheels: Sequence[WheelPose]) -> None:
        self.calls.append(("wheels", actor_id, tuple(wheels)))

    def animate_biker(self, *args: Any) -> None:
        self.calls.append(("biker", *args))

    def set_vehicle_lights(self, *args: Any) -> None:
        self.calls.append(("vehicle lights", *args))

    def set_vehicle_door(self, *args: Any, **switch: bool) -> None:
        self.calls.append(("door", *args, switch))

    def set_scene_light(self, *args: Any, **switch: bool) -> None:
        self.calls.append(("lamp", *args, switch))

    def set_visual_time(self, seconds: float) -> None:
        self.calls.append(("visual", seconds))


@pytest.fixture(scope="module")
def log(real_recording: bytes) -> Log:
    return parse_log(real_recording, "real.log")


@pytest.mark.parametrize("tick_ms", [50, 25, 10])
@pytest.mark.parametrize("start_s", [0.0, 7.3])
def test_every_actor_is_where_the_rules_put_it(
    log: Log, make_replay_rules: Any, tick_ms: int, start_s: float
) -> None:
    world, rules = World(), make_replay_rules()
    replayer = Replayer(log, world, ReplayOptions(start_s=start_s))
    replayer.start()
    rules.begin(start_s)
    time_s, compared, moved = start_s, 0, 0.0
    compared_ids = (HERO, OTHER, 60)
    while replayer.step(tick_ms / 1000):
        time_s += tick_ms / 1000
        expected = rules.poses(time_s, compared_ids)
        assert expected is not None
        for actor_id in compared_ids:
            if actor_id in expected:
                place, turn = world.poses[actor_id]
                assert math.dist(place, expected[actor_id][:3]) < 1.0  # cm
                for got, want in zip(turn, expected[actor_id][3:], strict=True):
                    assert abs(math.remainder(got - want, 360.0)) < 0.1
                compared += 1
        if HERO in world.poses:
            moved = max(moved, abs(world.poses[HERO][0][0] - 10700.0))
    assert compared > 2.9 * ((log.total_s - start_s) * 1000 / tick_ms - 4)
    assert moved > 15_000.0
    assert replayer.now_s >= log.total_s


def test_the_picture_lags_one_frame(log: Log) -> None:
    """At the very moment of a frame an actor is where it was in the frame before."""
    world = World()
    replayer = Replayer(log, world, ReplayOptions(start_s=10.0))
    replayer.start()
    index = next(i for i, f in enumerate(log.frames) if f.elapsed_s > 10.0)
    for frame, before in ((log.frames[index + k], log.frames[index + k - 1]) for k in (0, 1, 2)):
        replayer.step(frame.elapsed_s - replayer.now_s)
        records = log.records(before, PacketKind.POSITION)
        expected = records["location"][records["id"] == HERO][0]
        assert math.dist(world.poses[HERO][0], expected) < 0.01


def test_a_factor_of_two_does_not_interpolate(log: Log) -> None:
    world = World()
    replayer = Replayer(log, world, ReplayOptions(start_s=10.0, time_factor=2.0))
    replayer.start()
    for _ in range(40):
        replayer.step(0.0125)
    x = world.poses[HERO][0][0]
    recorded = np.concatenate([log.records(f, PacketKind.POSITION) for f in log.frames])
    assert np.isclose(recorded["location"][recorded["id"] == HERO][:, 0], x, atol=1e-6).any()
    assert replayer.now_s == pytest.approx(11.0)


def test_start_and_duration(log: Log) -> None:
    late = Replayer(log, World(), ReplayOptions(start_s=-4.0))
    late.start()
    assert late.now_s == pytest.approx(log.total_s - 4.0)
    assert Replayer(log, World(), ReplayOptions(start_s=-400.0))._start_s == 0.0
    short = Replayer(log, World(), ReplayOptions(start_s=3.0, duration_s=2.0))
    short.start()
    ticks = 1
    while short.step(0.05):
        ticks += 1
    assert ticks == pytest.approx(40, abs=1)
    assert "Replaying from 3 s - 5 s (24.7237 s) at 1.0x\n" in reply_text(
        log, short.options, loading=False
    )


def test_ids_are_mapped_and_reused(log: Log) -> None:
    world = World(taken=[HERO])
    world.blueprints[OTHER] = "vehicle.nissan.patrol"
    replayer = Replayer(log, world, ReplayOptions())
    replayer.start()
    assert replayer.live_ids[OTHER] == OTHER
    assert replayer.live_ids[HERO] > 1000
    assert replayer.live_ids[2] == 500, "the light at that place plays the recorded one"
    assert world.held == {OTHER, replayer.live_ids[HERO]}
    replayer.step(5.0)
    assert any(call[:2] == ("vehicle", replayer.live_ids[HERO]) for call in world.calls)
    assert any(call[:2] == ("light", 500) for call in world.calls)
    replayer.stop(keep_actors=True)
    assert world.held == set()
    assert replayer.live_ids[HERO] in world.blueprints


def test_sensors_come_only_when_asked(log: Log) -> None:
    for wanted in (False, True):
        world = World()
        Replayer(log, world, ReplayOptions(start_s=5.0, replay_sensors=wanted)).start()
        sensors = [b for b in world.blueprints.values() if b.startswith("sensor.")]
        assert bool(sensors) == wanted
        assert any(call[0] == "attach" for call in world.calls) == wanted


def test_ignoring_the_hero(log: Log) -> None:
    world = World()
    replayer = Replayer(log, world, ReplayOptions(ignore_hero=True))
    replayer.start()
    replayer.step(8.0)
    assert HERO not in world.poses
    assert OTHER in world.poses


def test_the_spectator_moves_only_when_asked(log: Log) -> None:
    for ignore in (True, False):
        world = World()
        replayer = Replayer(log, world, ReplayOptions(ignore_spectator=ignore))
        replayer.start()
        replayer.step(8.0)
        assert (SPECTATOR in world.poses) != ignore


def test_following_puts_the_spectator_behind_the_actor(log: Log) -> None:
    world = World()
    replayer = Replayer(log, world, ReplayOptions(follow_id=HERO))
    replayer.start()
    replayer.step(8.0)
    (x, y, z), (_, pitch, yaw) = world.poses[SPECTATOR]
    (hx, hy, hz), (_, _, hero_yaw) = world.poses[HERO]
    behind = math.radians(hero_yaw)
    assert (x, y) == pytest.approx(
        (hx - 1000 * math.cos(behind), hy - 1000 * math.sin(behind)), abs=25
    )
    assert z == pytest.approx(hz + 500, abs=60)
    assert pitch == pytest.approx(-25, abs=3)
    assert math.remainder(yaw - hero_yaw, 360) == pytest.approx(0, abs=3)


def test_stopping_without_keeping_runs_the_remaining_events(log: Log) -> None:
    world = World()
    replayer = Replayer(log, world, ReplayOptions())
    replayer.start()
    replayer.step(3.0)
    replayer.stop(keep_actors=False)
    assert ("destroy", HERO) in world.calls
    assert ("destroy", OTHER) in world.calls
    assert not replayer.step(0.05)


def test_rotation_takes_the_short_way_round() -> None:
    data = encode_header("T", 0)
    event = EventAdd(
        9, 1, (0, 0, 0), (0, 0, 170), 0, "vehicle.a.b", (Attribute(3, "role_name", "x"),)
    )
    for k, yaw in enumerate((170.0, -170.0, -150.0)):
        position = np.array([(9, (100.0 * k, 0, 0), (0, 0, yaw))], RECORDS[PacketKind.POSITION])
        added = encode_varying(PacketKind.EVENT_ADD, [event] * (k == 0), encode_event_add)
        start = struct.pack("<Qdd", k + 1, 1.0 if k < 2 else -1.0, float(k))
        data += encode_packet(0, start) + added + encode_fixed(PacketKind.POSITION, position)
        data += encode_packet(1, b"")
    world = World()
    replayer = Replayer(parse_log(data, "turn.log"), world, ReplayOptions())
    replayer.start()
    replayer.step(1.5)
    place, turn = world.poses[9]
    assert place[0] == pytest.approx(50.0)
    assert math.remainder(turn[2], 360.0) == pytest.approx(180.0) or turn[2] == pytest.approx(-180)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_time_factors_that_never_end_are_refused(log: Log, wrong: float) -> None:
    with pytest.raises(InputError, match="time factor must be above zero"):
        Replayer(log, World(), ReplayOptions()).set_time_factor(wrong)


def test_times_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="a start and a duration in seconds"):
        ReplayOptions(start_s=math.nan)
