"""Recordings written frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log import LogWriter, read_log
from carla_nurec_bridge.recorder_log.layouts import PacketKind
from carla_nurec_bridge.recorder_log.writer import encode_number


def test_durations_are_patched_when_the_next_frame_begins(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "new.log", "Town01", 1_700_000_000)
    deltas = [0.05, 0.1, 0.025, 0.05]
    for delta in deltas:
        writer.write_frame(delta, [encode_number(PacketKind.VISUAL_TIME, delta)])
    writer.close()
    writer.close()
    log = read_log(tmp_path / "new.log")
    assert (log.version, log.map_name, log.date_s) == (1, "Town01", 1_700_000_000)
    assert [f.frame_id for f in log.frames] == [1, 2, 3, 4]
    assert [f.duration_s for f in log.frames] == [0.1, 0.025, 0.05, -1.0]
    assert [f.elapsed_s for f in log.frames] == [0.0, 0.1, 0.1 + 0.025, 0.1 + 0.025 + 0.05]
    assert log.number(log.frames[1], PacketKind.VISUAL_TIME) == 0.1


def test_a_closed_writer_refuses(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "new.log", "Town01", 0)
    writer.close()
    with pytest.raises(InputError, match="is closed"):
        writer.write_frame(0.05, [])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the recording"):
        LogWriter(tmp_path / "file" / "new.log", "Town01", 0)
