"""What a session tells of its bag is what the bag has, also on a disk that is full."""

from __future__ import annotations

import re
import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.run_contract.streams import EGO, Stream
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.recording import (
    BagOptions,
    BagReader,
    OfferedQos,
    RecordingSession,
    recover_bag,
)

DT_NS = 10
CLOCK = Stream("/clock", "clock", EGO, 1, True)


def session_at(folder: Path) -> RecordingSession:
    options = BagOptions(chunk_bytes=400, flush_s=1e9)
    offered = (OfferedQos(),)
    return RecordingSession(folder, (CLOCK,), (), ["/clock"], DT_NS, options, lambda _: offered)


def clock(frame: int) -> bytes:
    return b"\0\1\0\0" + struct.pack("<iI", 1, frame * DT_NS)


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file become larger: what is beyond is refused, as by a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def check_against(bag_folder: Path, session: RecordingSession, taken: int) -> int:
    """Compare all that is told with the bag; return the bag's number of clock messages."""
    with BagReader(bag_folder) as bag:
        tally = bag.tallies()["/clock"]
    told = session.counts(taken - 1)["/clock"]
    assert told.recorded + told.extra == tally.messages
    assert told.bytes == tally.size_bytes
    assert told.sha256 == tally.sha256
    assert told.lost == taken - tally.messages
    assert session.lost() == ({"/clock": told.lost} if told.lost else {})
    return tally.messages


@pytest.mark.parametrize("beyond", [0, 100, 420, 500])
def test_what_a_full_disk_did_not_take_is_lost_and_told(tmp_path: Path, beyond: int) -> None:
    session = session_at(tmp_path / "bag")
    file = tmp_path / "bag/bag_0.mcap"
    taken = 0
    while file.stat().st_size < 3000:  # some chunks find room
        session.record(0, clock(taken))
        taken += 1
    size_bytes = file.stat().st_size
    with room_for(size_bytes + beyond):
        first = None
        while first is None and taken < 1000:
            try:
                session.record(0, clock(taken))
            except RunError as error:
                first = str(error)
            taken += 1
        assert first is not None
        assert re.search(r"cannot write .*bag_0\.mcap: File too large.*recover", first)
        with pytest.raises(RunError, match="File too large"):
            session.record(0, clock(taken))
        taken += 1
    assert file.stat().st_size == size_bytes, "no half chunk is left"
    session.flush_if_due()
    session.close()
    recover_bag(tmp_path / "bag")
    assert check_against(tmp_path / "bag", session, taken) < taken


def test_a_disk_that_is_full_at_the_end_costs_the_last_chunk_and_no_other(tmp_path: Path) -> None:
    session = session_at(tmp_path / "bag")
    for frame in range(15):
        session.record(0, clock(frame))
    size_bytes = (tmp_path / "bag/bag_0.mcap").stat().st_size
    with room_for(size_bytes), pytest.raises(RunError, match="File too large"):
        session.close()
    recover_bag(tmp_path / "bag")
    assert 0 < check_against(tmp_path / "bag", session, 15) < 15


def test_a_disk_without_room_for_the_index_costs_no_message(tmp_path: Path) -> None:
    session = session_at(tmp_path / "bag")
    for frame in range(15):
        session.record(0, clock(frame))
    size_bytes = (tmp_path / "bag/bag_0.mcap").stat().st_size
    with room_for(size_bytes + 700), pytest.raises(RunError, match="cannot finish"):
        session.close()
    recover_bag(tmp_path / "bag")
    assert check_against(tmp_path / "bag", session, 15) == 15


def test_a_clock_that_is_repeated_is_not_lost(tmp_path: Path) -> None:
    session = session_at(tmp_path / "bag")
    for frame in range(15):
        session.record(0, clock(frame))
    session.record(0, clock(14))  # as a paused owner does
    session.close()
    assert check_against(tmp_path / "bag", session, 15) == 15


def test_what_participants_tell_of_and_nobody_heard_is_counted(tmp_path: Path) -> None:
    event = TOPICS["manual_override"]
    names = ["/clock", f"/{event.name}"]
    options = BagOptions(chunk_bytes=400, flush_s=1e9)
    session = RecordingSession(
        tmp_path / "bag", (CLOCK,), (event,), names, DT_NS, options, lambda _: (OfferedQos(),)
    )
    stamp_ns = 10**9
    for frame in range(3):
        session.record(0, clock(frame))
        if frame > 0:  # that of frame 0 was sent before we were known
            session.record(1, b"\0\1\0\0\1")
        for _ in range(2):  # an answer may be given again
            session.sent("agent", stamp_ns + frame * DT_NS, {event.name: 1})
    assert session.never_came() == {names[1]: 1}
    session.close()
    counts = session.counts(2)
    assert (counts[names[1]].recorded, counts[names[1]].missed) == (2, 1)
    assert not counts[names[1]].complete
    assert counts["/clock"].complete
