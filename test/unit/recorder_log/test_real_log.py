"""A recording of CARLA 0.9.13: read, written again byte for byte, and asked about."""

from __future__ import annotations

import math
from datetime import date, datetime, timezone

import numpy as np
import pytest

from carla_nurec_bridge.recorder_log import read_log, write_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.layouts import ActorKind, PacketKind
from carla_nurec_bridge.recorder_log.log import Log
from carla_nurec_bridge.recorder_log.queries import actors_blocked, blocked_rows, collisions
from carla_nurec_bridge.recorder_log.reader import parse_log
from carla_nurec_bridge.recorder_log.records import encode_event_add, encode_physics_control
from carla_nurec_bridge.recorder_log.trajectories import trajectories
from carla_nurec_bridge.recorder_log.writer import encode_varying

HERO, OTHER = 174, 175


@pytest.fixture(scope="module")
def log(real_recording: bytes) -> Log:
    return parse_log(real_recording, "real.log")


def test_head_and_frames(log: Log) -> None:
    assert (log.version, log.map_name) == (1, "Town01")
    assert datetime.fromtimestamp(log.date_s, timezone.utc).date() == date(2021, 11, 23)
    assert len(log.frames) == 847
    assert log.note is None
    assert log.frames[-1].duration_s == -1.0
    for frame, following in zip(log.frames, log.frames[1:], strict=False):
        assert following.elapsed_s == frame.elapsed_s + frame.duration_s


def test_is_written_again_byte_for_byte(log: Log, real_recording: bytes, tmp_path) -> None:
    write_log(log, tmp_path / "again.log")
    assert (tmp_path / "again.log").read_bytes() == real_recording
    assert len(read_log(tmp_path / "again.log").frames) == 847


def test_varying_records_encode_to_their_own_bytes(log: Log) -> None:
    first = log.frames[0]
    for kind, records, encode in (
        (PacketKind.EVENT_ADD, log.added(first), encode_event_add),
        (PacketKind.PHYSICS_CONTROL, log.physics(first), encode_physics_control),
    ):
        (packet,) = log.packets(first, kind)
        body = log.data[packet.offset : packet.offset + packet.size]
        assert encode_varying(kind, records, encode)[5:] == body


def test_actors(log: Log) -> None:
    kinds = [actor.kind for actor in log.actors.values()]
    counts = {kind: kinds.count(kind) for kind in ActorKind if kind in kinds}
    assert counts == {
        ActorKind.OTHER: 116,
        ActorKind.VEHICLE: 2,
        ActorKind.TRAFFIC_LIGHT: 36,
        ActorKind.TRAFFIC_SIGN: 21,
        ActorKind.SENSOR: 6,
    }
    assert log.actors[HERO].is_hero
    assert not log.actors[OTHER].is_hero
    assert log.actors[OTHER].attribute("role_name") == "scenario"


def test_the_track_agrees_with_the_recorded_speed(log: Log) -> None:
    """Kinematics are an independent record of the same motion, in world axes and m/s."""
    track = trajectories(log)[HERO]
    speed = []
    for index in track.frames:
        records = log.records(log.frames[index], PacketKind.KINEMATICS)
        speed.append(np.linalg.norm(records["linear"][records["id"] == HERO][0]))
    moved = np.linalg.norm(np.diff(track.map_from_actor[:, :3, 3], axis=0), axis=1)
    measured = moved / np.diff(track.times_s)
    assert np.median(np.abs(measured - np.array(speed[1:]))) < 0.07
    assert max(speed) > 10.0


def test_the_nose_points_where_the_car_goes(log: Log) -> None:
    track = trajectories(log)[HERO]
    step = np.diff(track.map_from_actor[:, :3, 3], axis=0)
    fast = np.linalg.norm(step[:, :2], axis=1) > 0.1
    heading = np.arctan2(step[fast, 1], step[fast, 0])
    nose = np.arctan2(track.map_from_actor[1:][fast, 1, 0], track.map_from_actor[1:][fast, 0, 0])
    off = np.degrees(np.abs((heading - nose + math.pi) % (2 * math.pi) - math.pi))
    assert np.median(off) < 0.1


def test_boxes_are_those_of_the_catalogue(log: Log) -> None:
    tracks = trajectories(log)
    assert tracks[HERO].size_m == pytest.approx((4.902, 2.128, 1.511), abs=2e-3)
    assert tracks[HERO].actor_from_box is not None
    assert tracks[HERO].actor_from_box[:3, 3] == pytest.approx((0.004, 0.0, 0.719), abs=1e-3)


def test_file_info(log: Log) -> None:
    text = file_info(log, show_all=False)
    assert text.startswith("Version: 1\nMap: Town01\nDate: ")
    assert text.endswith("\nFrames: 847\nDuration: 24.7237 seconds\n")
    assert " Create 174: vehicle.lincoln.mkz_2017 (1) at (10700, 13300, 64.5025)\n" in text
    assert "  role_name = hero\n" in text
    assert " Parenting 181 with 174 (parent)\n" in text
    assert "Frame 842 at 24.5978 seconds\n Destroy 175\n" in text
    assert text.count("Frame ") < 20


def test_file_info_with_everything(log: Log) -> None:
    text = file_info(log, show_all=True)
    assert text.count("Frame ") == 847
    records = log.records(log.frames[9], PacketKind.POSITION)
    frame = text[text.index("Frame 10 at") : text.index("Frame 11 at")]
    assert f" Positions: {len(records)}\n" in frame
    assert "   max_rpm = 6500\n" in text
    assert "  Id: 2 green_time: 10 yellow_time: 3 red_time: 2\n" in text
    assert "  Id: 174 Brake" in text


def test_nobody_collides(log: Log) -> None:
    assert collisions(log, "a", "a").count("\n") == 8


@pytest.mark.parametrize("least_s", [0.0, -1.0])
def test_of_no_time_at_all_whoever_moves_is_blocked_too(log: Log, least_s: float) -> None:
    rows = blocked_rows(log, least_s, 10.0)
    assert {row.duration_s for row in rows if row.start_s == 0.0} >= {0.0}
    assert [row for row in rows if row.duration_s >= 5.0] == blocked_rows(log, 5.0, 10.0)


def test_blocked_actors_are_those_that_stand(log: Log) -> None:
    rows = actors_blocked(log, 5.0, 10.0).splitlines()[5:-3]
    assert 115 <= len(rows) <= 118
    assert any("spectator" in row for row in rows)
    assert not any(f"{HERO:>6} vehicle" in row for row in rows if row.rstrip().endswith(" 24"))
