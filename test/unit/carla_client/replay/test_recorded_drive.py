"""Frames of a replayed recording against the recorded way, by a replayer that acts by CARLA's rule.

The replayer below is written from that rule alone: it puts an actor between where it was in the
frame processed before and where it is in the frame found, not at all from a time factor of 2 on.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.replay.recorded_drive import (
    RecordedDrive,
    ReplayWish,
    plan_replay,
)
from carla_nurec_bridge.carla_client.replay.recordings import RecordingInfo, open_recording
from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.recorder_log import LogWriter, read_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.layouts import RECORDS, ActorKind, PacketKind
from carla_nurec_bridge.recorder_log.records import Attribute, EventAdd, encode_event_add
from carla_nurec_bridge.recorder_log.writer import encode_fixed, encode_varying

_HERO = 7
_UNIFORM = [0.05] * 200
_MIXED = [0.02, 0.05, 0.1, 0.033, 0.07] * 37


def _way_m(time_s: float) -> float:
    """Return a way whose speed swings between 2 and 18 m/s."""
    return float(10.0 * time_s + 8.0 * np.sin(time_s))


def _record(path: Path, steps_s: list[float], appears: int = 0, goes: int = 10**9) -> Path:
    hero = EventAdd(
        _HERO,
        ActorKind.VEHICLE,
        (0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        0,
        "vehicle.a",
        (Attribute(3, "role_name", "hero"),),
    )
    writer, time_s = LogWriter(path, "town", 0), 0.0
    for number, step_s in enumerate([0.0, *steps_s]):
        time_s += step_s
        packets = []
        if number == appears:
            packets.append(encode_varying(PacketKind.EVENT_ADD, [hero], encode_event_add))
        if number == goes:
            gone = np.array([(_HERO,)], RECORDS[PacketKind.EVENT_DEL])
            packets.append(encode_fixed(PacketKind.EVENT_DEL, gone))
        rows = [(_HERO, (100.0 * _way_m(time_s), 0.0, 0.0), (0.0, 0.0, 0.0))]
        here = np.array(rows if appears <= number < goes else [], RECORDS[PacketKind.POSITION])
        packets.append(encode_fixed(PacketKind.POSITION, here))
        writer.write_frame(step_s, packets)
    writer.close()
    return path


class _Server:
    """A session, its client and its world in one: CARLA's replayer on a line."""

    def __init__(self, path: Path, tick_s: float = 0.05) -> None:
        log = read_log(path)
        self.client = self.world = self
        self.delta_s = float(np.float32(tick_s))  # as CARLA keeps it
        self._text = file_info(log, show_all=False)
        self._frames = [(f.elapsed_s, f.duration_s) for f in log.frames]
        places = [log.records(f, PacketKind.POSITION)["location"][:, 0] / 100 for f in log.frames]
        self._places = [float(found[0]) if len(found) else None for found in places]
        self._factor, self._now_s, self._found = 1.0, 0.0, -1
        self._before: float | None = None
        self.shown_m: float | None = None

    def show_recorder_file_info(self, path: str, show_all: bool) -> str:
        return self._text

    def use_map(self, name: str) -> None:
        assert name == "town"

    def set_replayer_ignore_hero(self, value: bool) -> None: ...
    def set_replayer_ignore_spectator(self, value: bool) -> None: ...
    def stop_replayer(self, keep_actors: bool) -> None: ...

    def set_replayer_time_factor(self, factor: float) -> None:
        self._factor = factor

    def replay_file(self, path: str, start_s: float, *rest: Any) -> str:
        self._process(start_s)
        self._before = None
        return "Total time recorded: 10"

    def tick(self) -> Any:
        self._process(self._now_s + self.delta_s * self._factor)
        stamp = SimpleNamespace(delta_seconds=self.delta_s)
        return SimpleNamespace(timestamp=stamp, find=self._state)

    def _state(self, actor_id: int) -> Any:
        if actor_id != _HERO or self.shown_m is None:
            return None
        place = SimpleNamespace(location=SimpleNamespace(x=self.shown_m, y=0.0))
        return SimpleNamespace(get_transform=lambda: place)

    def get_actors(self) -> list[Any]:
        if self._places[self._found] is None:
            return []
        attributes = {"role_name": "hero"}
        return [SimpleNamespace(id=_HERO, type_id="vehicle.a", attributes=attributes)]

    def _process(self, time_s: float) -> None:
        self._now_s = time_s
        for number in range(max(self._found, 0), len(self._frames)):
            elapsed_s, duration_s = self._frames[number]
            if duration_s > 0.0 and time_s < elapsed_s + duration_s:
                if number != self._found:
                    self._before = self._places[self._found] if self._found >= 0 else None
                    self._found = number
                here, before = self._places[number], self._before
                share = (time_s - elapsed_s) / duration_s if self._factor < 2.0 else 0.0
                between = here is not None and before is not None
                self.shown_m = before + share * (here - before) if between else here
                return


def _ways(log: Path, wish: ReplayWish) -> tuple[np.ndarray, np.ndarray, str]:
    """Return where the hero is shown in each frame, where it was recorded, and the end in words."""
    session = _Server(log)
    plan = plan_replay(session, wish)  # type: ignore[arg-type]
    session.delta_s = float(np.float32(plan.dt_ns / 1e9 / plan.ticks))
    drive = RecordedDrive(session, plan)  # type: ignore[arg-type]
    drive.open()
    shown = [session.shown_m]
    while not drive.over:
        for _ in range(plan.ticks):
            drive.before_tick()
            drive.after_tick(session.tick())
        shown.append(session.shown_m)
    frames = read_log(log).frames
    times_s = np.array([frame.elapsed_s for frame in frames])
    moments_s = plan.begin_s + plan.step_s * np.arange(len(shown))
    recorded = np.interp(moments_s, times_s, [_way_m(time_s) for time_s in times_s])
    assert len(shown) == plan.frames + 1
    assert moments_s[-1] <= times_s[-2] + 1e-9 < moments_s[-1] + plan.step_s + 1e-6
    return np.array(shown, float), recorded, plan.end


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("start_s", [0.0, 3.03, -2.0])
@pytest.mark.parametrize("dt_ms", [20, 33, 50, 100, 250])
@pytest.mark.parametrize("steps_s", [_UNIFORM, _MIXED], ids=["uniform", "mixed"])
def test_every_frame_is_its_moment_of_the_recording(
    steps_s: list[float], dt_ms: int, start_s: float, factor: float, tmp_path: Path
) -> None:
    log = _record(tmp_path / "ten.log", steps_s)
    wish = ReplayWish(log, "hero", dt_ms * 1_000_000, start_s, factor)
    shown, recorded, _ = _ways(log, wish)
    np.testing.assert_allclose(shown, recorded, atol=0.005)


def test_the_end_is_said(tmp_path: Path) -> None:
    log = _record(tmp_path / "ten.log", _UNIFORM)
    *_, end = _ways(log, ReplayWish(log, "hero", 50_000_000, 3.0))
    assert end == (
        "the recording ended after 139 frames: ten.log lasts 10 s, and was shown from 3 to 9.95 s"
    )


def test_a_start_beyond_the_end_is_refused(tmp_path: Path) -> None:
    log = _record(tmp_path / "ten.log", _UNIFORM)
    with pytest.raises(InputError, match=r"ten.log lasts 10 s; a start at 12 s leaves no frame"):
        plan_replay(_Server(log), ReplayWish(log, "hero", 50_000_000, 12.0))  # type: ignore[arg-type]


def test_an_ego_that_comes_later_and_goes_earlier_bounds_the_replay(tmp_path: Path) -> None:
    log = _record(tmp_path / "ten.log", _UNIFORM, appears=20, goes=100)
    session = _Server(log)
    plan = plan_replay(session, ReplayWish(log, "hero", 50_000_000))  # type: ignore[arg-type]
    assert plan.begin_s == pytest.approx(1.0)
    assert plan.notes == ("'hero' appears at 1 s: the replay begins there",)
    assert plan.begin_s + plan.frames * plan.step_s == pytest.approx(4.95)
    assert plan.end.endswith("from 1 to 4.95 s, where 'hero' goes")
    drive = RecordedDrive(session, plan)  # type: ignore[arg-type]
    drive.open()
    while not drive.over:
        drive.before_tick()
        drive.after_tick(session.tick())
        assert session.get_actors()
    with pytest.raises(InputError, match="from 1 to 5 s only"):
        plan_replay(session, ReplayWish(log, "hero", 50_000_000, 6.0))  # type: ignore[arg-type]


def _go_on(drive: RecordedDrive, session: _Server, ticks: int) -> None:
    for _ in range(ticks):
        drive.before_tick()
        drive.after_tick(session.tick())


def test_a_step_that_somebody_changes_is_noticed(tmp_path: Path) -> None:
    log = _record(tmp_path / "ten.log", _UNIFORM)
    session = _Server(log)
    plan = plan_replay(session, ReplayWish(log, "hero", 50_000_000))  # type: ignore[arg-type]
    drive = RecordedDrive(session, plan)  # type: ignore[arg-type]
    drive.open()
    session.delta_s = 0.005
    with pytest.raises(ProtocolError, match="time step"):
        _go_on(drive, session, 20)


def test_frames_that_no_ticks_divide_are_refused(tmp_path: Path) -> None:
    log = _record(tmp_path / "ten.log", _UNIFORM)
    with pytest.raises(InputError, match="choose another dt_s"):
        plan_replay(_Server(log), ReplayWish(log, "hero", 100_000_007))  # type: ignore[arg-type]


def test_a_recording_that_is_cut_says_so_where_it_is_played(
    tmp_path: Path, real_recording: bytes
) -> None:
    path = tmp_path / "cut.log"
    for data, notes in ((real_recording, 0), (real_recording[: len(real_recording) // 2], 1)):
        path.write_bytes(data)
        told = open_recording(RecordingInfo(str(path), "Town01", 847, 60.0, ())).notes
        assert len(told) == notes
    assert "whole frames before it are used" in told[0]
