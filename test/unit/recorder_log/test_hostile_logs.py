"""Broken recordings end in a sentence or in their whole part, never in anything else."""

from __future__ import annotations

import contextlib
import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log import mapped, read_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.export.csv_export import COLUMNS, csv_rows
from carla_nurec_bridge.recorder_log.export.json_export import json_lines
from carla_nurec_bridge.recorder_log.layouts import RECORDS, PacketKind
from carla_nurec_bridge.recorder_log.log import Log
from carla_nurec_bridge.recorder_log.queries import blocked_rows, collision_rows
from carla_nurec_bridge.recorder_log.reader import parse_log
from carla_nurec_bridge.recorder_log.records import (
    EventAdd,
    WalkerBones,
    encode_event_add,
    encode_walker_bones,
)
from carla_nurec_bridge.recorder_log.statistics import actor_summaries, frame_events, packet_uses
from carla_nurec_bridge.recorder_log.trajectories import trajectories
from carla_nurec_bridge.recorder_log.writer import (
    encode_fixed,
    encode_header,
    encode_packet,
    encode_varying,
    write_log,
)

FRAMES = 4


def frame_bytes(number: int, elapsed_s: float, *packets: bytes) -> bytes:
    start = struct.pack("<Qdd", number, 0.05, elapsed_s)
    return b"".join([encode_packet(0, start), *packets, encode_packet(1, b"")])


@pytest.fixture(scope="module")
def short(real_recording: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The first frames of the real recording: every packet kind of CARLA 0.9.13."""
    log = parse_log(real_recording, "real.log")
    path = tmp_path_factory.mktemp("short") / "short.log"
    write_log(Log(**{**log.__dict__, "frames": log.frames[:FRAMES]}), path)
    return path.read_bytes()


def use(log: Log) -> None:
    """Do all that is done with a log."""
    file_info(log, show_all=True)
    trajectories(log)
    for frame in log.frames:
        list(frame_events(log, frame))
    packet_uses(log)
    actor_summaries(log)
    collision_rows(log, "a", "a")
    blocked_rows(log, 0.1)
    json.loads("".join(json_lines(log)))
    for row in csv_rows(log):
        assert len(row) == len(COLUMNS)


@pytest.mark.parametrize("seed", range(120))
def test_flipped_bytes(short: bytes, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(short)
    for _ in range(rng.choice((1, 1, 3, 30))):
        data[rng.randrange(len(data))] = rng.choice((0, 0xFF, rng.randrange(256)))
    with contextlib.suppress(InputError):
        use(parse_log(bytes(data), "fuzz.log"))


@pytest.mark.parametrize("seed", range(30))
def test_cut_off_anywhere(short: bytes, seed: int) -> None:
    cut = random.Random(seed).randrange(len(short))
    try:
        log = parse_log(short[:cut], "cut.log")
    except InputError:
        assert cut < 30_000, "only a file without one whole frame is refused"
        return
    whole = parse_log(short, "whole.log")
    assert [f.elapsed_s for f in log.frames] == [
        f.elapsed_s for f in whole.frames[: len(log.frames)]
    ]
    assert (log.note is None) == (cut in {f.packets[-1].offset for f in whole.frames})
    use(log)


def test_a_cut_file_is_used_up_to_its_last_whole_frame(short: bytes) -> None:
    log = parse_log(short[:-40], "cut.log")
    assert len(log.frames) == FRAMES - 1
    assert log.note is not None
    assert f"the {FRAMES - 1} whole frames before it are used" in log.note


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a CARLA recording"),
        (b"PK\x03\x04" + bytes(200), "is not a CARLA recording"),
        (encode_header("Town01", 0), "no whole frame"),
        (encode_header("Town01", 0)[:20], "the header is broken"),
    ],
)
def test_wrong_kinds_of_file(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "wrong.log"
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_log(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the recording .*none\.log"):
        read_log(tmp_path / "none.log")
    with pytest.raises(InputError, match="cannot read the recording"):
        read_log(tmp_path)


def test_a_count_that_lies_is_named() -> None:
    packet = encode_packet(PacketKind.POSITION, struct.pack("<H", 3) + bytes(28))
    data = encode_header("Town01", 0) + frame_bytes(1, 0.0, packet)
    with pytest.raises(InputError, match="POSITION of frame 1 is broken"):
        parse_log(data, "lying.log")


@pytest.mark.parametrize("told", [3, 15, 999])
def test_a_length_of_a_text_that_lies_is_noted(told: int) -> None:
    """The frames before it are whole; who appears with it cannot be known."""
    event = EventAdd(7, 1, (0.0,) * 3, (0.0,) * 3, 1, "vehicle.audi.tt", ())  # type: ignore[arg-type]
    packet = encode_varying(PacketKind.EVENT_ADD, [event], encode_event_add)
    at = packet.index(b"vehicle.audi.tt") - 2
    lying = packet[:at] + struct.pack("<H", told) + packet[at + 2 :]
    bones = WalkerBones(7, (("crl_hips__C", (0.0,) * 3, (0.0,) * 3),))  # type: ignore[arg-type]
    walker = encode_varying(PacketKind.WALKER_BONES, [bones], encode_walker_bones)
    at = walker.index(b"crl_hips__C") - 2
    stumbling = walker[:at] + struct.pack("<H", told - 4 if told == 15 else told) + walker[at + 2 :]
    head = encode_header("Town01", 0) + frame_bytes(1, 0.0, packet) + frame_bytes(2, 0.1)
    for kind, broken in (("EVENT_ADD", lying), ("WALKER_BONES", stumbling)):
        log = parse_log(head + frame_bytes(3, 0.2, broken) + frame_bytes(4, 0.3), "lying.log")
        if told == 15:  # the truth
            assert (log.note, len(log.frames)) == (None, 4)
            continue
        assert log.note is not None
        assert f"{kind} of frame 3 is broken" in log.note
        assert "the 2 whole frames before it are used" in log.note


def test_a_first_text_that_lies_is_named() -> None:
    data = bytearray(encode_header("Town01", 0) + frame_bytes(1, 0.0))
    data[2] = 9
    with pytest.raises(InputError, match="the header is broken"):
        parse_log(bytes(data), "lying.log")


def test_a_tail_of_zeros_is_no_millions_of_packets() -> None:
    data = encode_header("Town01", 0) + frame_bytes(1, 0.0) + bytes(5_000_000)
    log = parse_log(data, "zeros.log")
    assert len(log.frames) == 1
    assert log.note is not None


def test_a_mapped_file_is_the_same_recording(short: bytes, tmp_path: Path, monkeypatch) -> None:
    """Pages are let go of all the time here, and the file is written anew while it is in use."""
    monkeypatch.setattr(mapped, "_READ_BYTES", 0)
    monkeypatch.setattr(mapped, "_HELD_BYTES", 0)
    path = tmp_path / "mapped.log"
    path.write_bytes(short)
    log, whole = read_log(path), parse_log(short, str(path))
    assert isinstance(log.data, mapped.MappedFile)
    write_log(log, path)
    use(log)
    assert file_info(log, show_all=True) == file_info(whole, show_all=True)
    assert actor_summaries(log) == actor_summaries(whole)
    assert path.read_bytes() == short


def test_recordings_of_any_size_cost_little_memory(short: bytes, tmp_path: Path) -> None:
    """A sparse file of 5 GiB: a recording, then two packets of an unknown kind."""
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.write(short)
        for size in (3 << 30, 2 << 30):
            file.write(struct.pack("<BI", 120, size))
            file.seek(size, os.SEEK_CUR)
        file.truncate()
    code = (
        "import sys; from carla_nurec_bridge.cli.main import main; "
        "code = main(['log', 'actors', sys.argv[1]]); "
        # getrusage would count what the test process had when it forked.
        "[line] = [x for x in open('/proc/self/status') if x.startswith('VmHWM:')]; "
        "print(line.split()[1], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.splitlines()[-1]) < 300_000  # kilobytes
    assert "vehicle" in done.stdout or "lincoln" in done.stdout


def test_a_huge_size_is_no_allocation() -> None:
    data = encode_header("Town01", 0) + frame_bytes(1, 0.0)
    data += struct.pack("<BI", 2, 0xFFFFFFFF) + b"\xff" * 10
    log = parse_log(data, "huge.log")
    assert len(log.frames) == 1
    assert log.note is not None


def test_a_recording_of_carla_0_10_is_told_apart() -> None:
    packet = encode_packet(PacketKind.POSITION, struct.pack("<H", 2) + bytes(104))
    data = encode_header("Town01", 0) + frame_bytes(1, 0.0, packet)
    with pytest.raises(InputError, match=r"CARLA 0\.10"):
        parse_log(data, "ue5.log")


def test_positions_must_be_numbers() -> None:
    records = np.zeros(2, RECORDS[PacketKind.POSITION])
    records["location"][1, 2] = np.nan
    data = encode_header("Town01", 0)
    data += frame_bytes(1, 0.0, encode_fixed(PacketKind.POSITION, records))
    with pytest.raises(InputError, match="frame 1 holds a position that is no number"):
        parse_log(data, "nan.log")


def test_time_does_not_run_backwards() -> None:
    data = encode_header("Town01", 0) + frame_bytes(1, 5.0) + frame_bytes(2, 4.0)
    log = parse_log(data, "back.log")
    assert [frame.frame_id for frame in log.frames] == [1]
    assert log.note is not None
    assert "frame 2 is at 4.0 s" in log.note


def test_frames_before_a_broken_packet_are_used(tmp_path: Path) -> None:
    whole = encode_header("Town01", 0) + frame_bytes(1, 0.0) + frame_bytes(2, 0.05)
    broken = encode_packet(PacketKind.POSITION, b"\2\0")
    log = parse_log(whole + frame_bytes(3, 0.1, broken) + frame_bytes(4, 0.15), "mid.log")
    assert log.note is not None
    assert log.note.startswith("POSITION of frame 3 is broken")
    assert log.note.endswith("the 2 whole frames before it are used")
    write_log(log, tmp_path / "kept.log")
    assert (tmp_path / "kept.log").read_bytes() == whole
    with pytest.raises(InputError, match="POSITION of frame 1 is broken"):
        parse_log(encode_header("Town01", 0) + frame_bytes(1, 0.0, broken), "first.log")


def test_unknown_packets_are_kept(tmp_path: Path) -> None:
    data = encode_header("Town01", 0) + frame_bytes(1, 0.0, encode_packet(150, b"mine"))
    write_log(parse_log(data, "own.log"), tmp_path / "own.log")
    assert (tmp_path / "own.log").read_bytes() == data


def test_numbers_of_development_builds_are_told_apart() -> None:
    door = np.zeros(1, RECORDS[PacketKind.VEHICLE_DOOR])
    wheels = struct.pack("<HII", 1, 7, 1) + struct.pack("<Bff", 0, 4.0, 90.0)
    swapped = (encode_packet(21, struct.pack("<H", 1) + door.tobytes()), encode_packet(22, wheels))
    log = parse_log(encode_header("T", 0) + frame_bytes(1, 0.0, *swapped), "dev.log")
    assert len(log.records(log.frames[0], PacketKind.VEHICLE_DOOR)) == 1
    assert log.wheels(log.frames[0])[0].wheels == ((0, 4.0, 90.0),)


def test_positions_lacking(tmp_path: Path) -> None:
    path = tmp_path / "still.log"
    path.write_bytes(encode_header("Town01", 0) + frame_bytes(1, 0.0))
    use(read_log(path))


def test_what_never_ends_is_refused() -> None:
    with pytest.raises(InputError, match="/dev/zero is no file and gives more than 32 MiB"):
        mapped.open_bytes(Path("/dev/zero"))


@pytest.mark.parametrize("size", [0, 10, 11, 5000])
def test_files_of_any_size_are_there_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(mapped, "_READ_BYTES", 10)
    content = (b"0123456789" * 500)[:size]
    (tmp_path / "x.log").write_bytes(content)
    assert mapped.open_bytes(tmp_path / "x.log")[:] == content
