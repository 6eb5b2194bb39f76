"""Frames come out complete, in order, whatever the order of arrival."""

from __future__ import annotations

import json
import random
import struct
from dataclasses import replace

import pytest

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.lockstep.delivery import Delivery
from carla_nurec_bridge.core.lockstep.latency import Latency
from carla_nurec_bridge.core.run_contract.streams import AGENT, EGO, Stream, expected_count
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.recording import FrameAssembler, Message, peek_stamp_ns
from carla_nurec_bridge.recording.plan import plan_from_record, plan_of

T0, DT = 1000, 10
STREAMS = (
    Stream("/clock", "clock", EGO, 1, True),
    Stream("odometry", "odometry", EGO, 1, True),
    Stream("route", "route", EGO, 0, False),
    Stream("lidar/top/points", "points", EGO, 2, False, "top"),
    Stream("command/ackermann", "command_ackermann", AGENT, 1, True),
)
CLOCK, ODOMETRY, ROUTE, POINTS, COMMAND, EVENT = range(6)


def assembler(window: int = 40) -> FrameAssembler:
    return FrameAssembler(STREAMS, (TOPICS["diagnostics"],), DT, window)


def arrivals(frames: int) -> list[list[tuple[int, int]]]:
    """By frame the (topic, stamp) that a run produces."""
    result = []
    for k in range(frames + 1):
        stamp = T0 + k * DT
        due = [(CLOCK, stamp), (ODOMETRY, stamp), (COMMAND, stamp)]
        due += [(ROUTE, stamp)] if k == 0 else []
        due += [(POINTS, stamp)] if k and k % 2 == 0 else []
        result.append(due)
    return result


@pytest.mark.parametrize("seed", range(8))
def test_order_does_not_depend_on_arrival(seed: int) -> None:
    shuffled = random.Random(seed)
    frames = assembler()
    written: list[Message] = []
    numbers = []
    for due in arrivals(6):
        shuffled.shuffle(due)
        for topic, stamp in due:
            for frame in frames.add(topic, stamp, b"%d-%d" % (topic, stamp)):
                numbers.append(frame.number)
                assert frame.missing == ()
                written += frame.messages
    for frame in frames.drain():
        written += frame.messages
    assert numbers == list(range(7))
    expected = [(ROUTE, T0), (CLOCK, T0), (ODOMETRY, T0)]
    for k in range(1, 7):
        stamp = T0 + k * DT
        expected += [(COMMAND, stamp - DT), (CLOCK, stamp), (ODOMETRY, stamp)]
        expected += [(POINTS, stamp)] if k % 2 == 0 else []
    expected.append((COMMAND, T0 + 60))
    assert [(m.topic, m.stamp_ns) for m in written] == expected


def test_a_frame_waits_for_all_that_is_due_and_names_it() -> None:
    frames = assembler()
    assert frames.missing() == ("/clock",)
    frames.add(CLOCK, T0, b"")
    frames.add(ODOMETRY, T0, b"")
    assert frames.missing() == ("route",)
    assert [f.number for f in frames.add(ROUTE, T0, b"")] == [0]
    frames.add(CLOCK, T0 + DT, b"")
    assert [f.number for f in frames.add(ODOMETRY, T0 + DT, b"")] == [1]


def test_a_repeated_clock_is_counted_and_not_written() -> None:
    frames = assembler()
    for topic in (CLOCK, ODOMETRY, ROUTE):
        frames.add(topic, T0, b"")
    frames.add(CLOCK, T0, b"")
    assert frames.arrivals[CLOCK].repeated == 1
    assert frames.drain() == []


def test_a_lost_message_gives_the_frame_up_and_is_named() -> None:
    frames = assembler(window=2)
    given_up = []
    for k in range(5):
        stamp = T0 + k * DT
        given_up += frames.add(CLOCK, stamp, b"")
        if k == 0:
            given_up += frames.add(ROUTE, stamp, b"")
        if k != 1:
            given_up += frames.add(ODOMETRY, stamp, b"")
        if k in (2, 4):
            given_up += frames.add(POINTS, stamp, b"")
    assert [(f.number, f.missing) for f in given_up] == [
        (0, ()),
        (1, ("odometry",)),
        (2, ()),
        (3, ()),
        (4, ()),
    ]
    frames.add(ODOMETRY, T0 + DT, b"late")
    assert frames.arrivals[ODOMETRY].late == 1


def test_what_no_plan_asks_for_is_kept_and_counted() -> None:
    frames = assembler()
    for topic in (CLOCK, ODOMETRY, ROUTE):
        frames.add(topic, T0, b"")
    frames.add(POINTS, T0 + DT, b"off the rhythm")
    frames.add(POINTS, T0 + 3, b"between two frames")
    frames.add(EVENT, 5, b"from another time")
    assert frames.arrivals[POINTS].unplanned == 2
    assert frames.arrived(POINTS) == 0
    (rest,) = frames.drain()
    assert [m.data for m in rest.messages] == [
        b"between two frames",
        b"off the rhythm",
        b"from another time",
    ]


def test_stamps_are_read_at_the_offset_of_the_table() -> None:
    head = b"\x00\x01\x00\x00"
    stamp = struct.pack("<iI", 12, 345)
    assert peek_stamp_ns(head + stamp + b"rest", TOPICS["odometry"]) == 12_000_000_345
    assert peek_stamp_ns(head + b"\x01\0\0\0" + stamp, TOPICS["tf"]) == 12_000_000_345
    big = b"\x00\x00\x00\x00" + struct.pack(">iI", 12, 345)
    assert peek_stamp_ns(big, TOPICS["odometry"]) == 12_000_000_345
    assert peek_stamp_ns(b"", TOPICS["map_opendrive"]) is None
    with pytest.raises(ProtocolError, match="empty array"):
        peek_stamp_ns(head + bytes(12), TOPICS["tf"])
    with pytest.raises(ProtocolError, match="too short"):
        peek_stamp_ns(head, TOPICS["odometry"])


def test_with_sensor_latency_a_frame_is_answered_when_all_that_goes_out_with_it_has_come() -> None:
    late = Delivery(Latency(DT), DT, "front", 2)
    image = Stream("image", "compressed", EGO, 2, False, "front", late)
    clock = Stream("/clock", "clock", EGO, 1, True)
    assembler = FrameAssembler((clock, image), (), DT)
    answered: list[tuple[int, dict[str, int]]] = []
    whole: list[int] = []

    def come(topic: int, frame: int) -> None:
        whole.extend(one.number for one in assembler.add(topic, T0 + frame * DT, b"x"))
        answered.extend(((at - T0) // DT, dict(n)) for at, n in assembler.delivered())

    for frame in range(3):  # the image of frame 2 goes out with frame 3
        come(0, frame)
    assert [frame for frame, _ in answered] == [0, 1, 2]
    assert whole == [0, 1]
    come(0, 3)
    assert len(answered) == 3
    come(1, 2)
    assert answered[3] == (3, {"/clock": 1, "image": 1})
    assert whole == [0, 1, 2, 3]
    come(0, 4)
    (last,) = assembler.drain()
    assert (last.number, last.missing) == (4, ())  # its image is under way, not missed


def test_what_a_sensor_that_failed_did_not_send_is_missed_at_once() -> None:
    frames = assembler()
    for topic, stamp in ((CLOCK, T0), (ROUTE, T0), (ODOMETRY, T0)):
        frames.add(topic, stamp, b"")
    for k in (1, 2, 3):
        frames.add(CLOCK, T0 + k * DT, b"")
        frames.add(ODOMETRY, T0 + k * DT, b"")
    assert frames.missing() == ("lidar/top/points",)
    assert [at for at, _ in frames.delivered()] == [T0, T0 + DT]
    assert frames.sent(AGENT, T0 + 2 * DT, {}) == []  # which is not whose lidar it is
    assert frames.sent(EGO, T0 + 1 * DT, {}) == []  # no cloud was due
    assert frames.sent(EGO, T0 + 4 * DT, {"lidar/top/points": 1}) == []
    done = frames.sent(EGO, T0 + 2 * DT, {"lidar/top/points": 0})
    assert [(f.number, f.missing) for f in done] == [(2, ("lidar/top/points",)), (3, ())]
    assert [at for at, _ in frames.delivered()] == [T0 + 2 * DT, T0 + 3 * DT]
    assert frames.sent(EGO, T0 + 2 * DT, {}) == []  # asked again, it says the same
    frames.add(POINTS, T0 + 2 * DT, b"")
    assert frames.arrivals[POINTS].late == 1


def test_of_two_that_go_out_at_once_the_one_that_was_not_sent_is_missed() -> None:
    """The clouds of frames 2 and 4 both go out with frame 5: latencies of 3 and of 1 frame."""
    late = Delivery(Latency(DT, 2 * DT, 7), DT, "top", 2)
    together = next(
        seed
        for seed in range(100)
        if {replace(late, latency=Latency(DT, 2 * DT, seed)).frame_of(k) for k in (2, 4)} == {5}
    )
    late = replace(late, latency=Latency(DT, 2 * DT, together))
    for first_told in (True, False):
        frames = FrameAssembler((STREAMS[CLOCK], replace(STREAMS[POINTS], delivery=late)), (), DT)
        for k in range(6):
            frames.add(0, T0 + k * DT, b"")
        assert frames.missing() == ("lidar/top/points",)
        told = {"lidar/top/points": 1}
        done = frames.sent(EGO, T0 + 5 * DT, told) if first_told else []
        assert done == []  # which of the two it is is not known yet
        done = frames.add(1, T0 + 4 * DT, b"")
        done += [] if first_told else frames.sent(EGO, T0 + 5 * DT, told)
        missing = {frame.number: frame.missing for frame in done}
        assert missing == {2: ("lidar/top/points",), 3: (), 4: (), 5: ()}


def test_a_bag_tells_how_late_its_sensors_were() -> None:
    late = Delivery(Latency(3 * DT, 2 * DT, 7), DT, "top", 2)
    streams = (STREAMS[CLOCK], replace(STREAMS[POINTS], delivery=late))
    record = plan_of(streams, ("/clock", "/points"), DT).to_json()
    told = plan_from_record({key: json.dumps(value) for key, value in record.items()})
    assert told is not None
    clock, points = told.streams
    assert clock.delivery.most_frames == 0
    assert [clock.expected(n) for n in (0, 9)] == [1, 10]
    assert points.delivery == late
    # Of the five sweeps up to frame 10 those of the last three frames at least are under way.
    assert points.expected(10) == expected_count(streams[1], 10) == 5 - late.under_way(10) < 4


@pytest.mark.parametrize("behind", [False, True])
def test_an_event_belongs_to_the_frame_that_has_begun_however_far_the_sensors_are(
    behind: bool,
) -> None:
    frames = assembler()
    out = [*frames.add(ROUTE, None, b"route")]
    for frame in range(3):
        out += frames.add(CLOCK, T0 + frame * DT, b"clock")
        if not (behind and frame == 1):
            out += frames.add(ODOMETRY, T0 + frame * DT, b"odometry")
        if frame == 2:
            out += frames.add(EVENT, None, b"of 2, without a stamp")
            out += frames.add(EVENT, T0 + 3 * DT, b"of 3, early")
    if behind:
        out += frames.add(ODOMETRY, T0 + DT, b"odometry")
    out += frames.drain()
    events = [m for frame in out for m in frame.messages if m.topic == EVENT]
    assert [(m.stamp_ns, m.data) for m in events] == [
        (T0 + 2 * DT, b"of 2, without a stamp"),
        (T0 + 3 * DT, b"of 3, early"),
    ]
