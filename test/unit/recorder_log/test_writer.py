"""Recordings written frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.recorder_log import LogWriter, read_log, write_log
from carla_nurec_bridge.recorder_log.layouts import PacketKind
from carla_nurec_bridge.recorder_log.reader import parse_log
from carla_nurec_bridge.recorder_log.writer import encode_number, encode_packet


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(real_recording: bytes) -> None:
    writer = LogWriter("/dev/full", "Town01", 0)
    frame = encode_packet(150, bytes(20_000))
    with pytest.raises(RunError, match=r"/dev/full ends here: No space left"):
        writer.write_frame(0.05, [frame])
    with pytest.raises(RunError, match="/dev/full is cut"):
        writer.close()
    writer.close()
    with pytest.raises(InputError, match="cannot write the recording /dev/full: No space left"):
        write_log(parse_log(real_recording, "real.log"), "/dev/full")
