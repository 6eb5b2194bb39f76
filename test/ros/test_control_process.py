"""The process that makes control videos: what goes to it, what comes back, and how it ends."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rclpy.serialization import serialize_message
from recorded_messages import RIG, message_of

from carla_nurec_bridge.core.errors import BridgeError, DeadlineError, RunError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.heartbeat import STATUS_FD
from carla_nurec_bridge.core.run_contract.streams import EGO, RECORDER, plan_streams
from carla_nurec_bridge.cosmos.clip.feed import ControlFeed, FeedSource
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.labels.messages import labelled_frame
from carla_nurec_bridge.recording import decode
from carla_nurec_bridge.ros.messages.bulk import BulkMessage
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder import control_process
from carla_nurec_bridge.ros.recorder.control_maker import ControlOrder
from carla_nurec_bridge.ros.recorder.control_memory import Piece
from carla_nurec_bridge.ros.recorder.control_process import ControlProcess
from carla_nurec_bridge.ros.recorder.control_sources import control_sources

pytestmark = pytest.mark.ros

DT_NS = 100_000_000


class Run:
    """What a recorder with the small rig would hand over."""

    def __init__(self, folder: Path) -> None:
        rig_file = folder / "rig.yaml"
        rig_file.write_text(RIG)
        rig = load_rig(rig_file)
        self.streams = plan_streams(rig, DT_NS, (EGO, RECORDER))
        parameters = RecorderParameters(run_dir=str(folder))
        sources = control_sources(rig, self.streams, parameters)
        assert sources is not None
        self.sources = sources
        topics = {key: f"/{key}" for key in sources.needed.values()}
        self.order = ControlOrder(sources, topics, folder / "controls", ControlOptions(), 7)

    def pieces(self, frame: int, *without: str) -> list[Piece]:
        """Return the messages of a frame that control videos need."""
        found = []
        for number, key in self.sources.needed.items():
            stream = self.streams[number]
            if key in without or (stream.period_ticks == 0 and frame > 0):
                continue
            message = message_of(stream, frame * DT_NS, frame)
            bulky = isinstance(message, BulkMessage)
            data = message.serialized() if bulky else serialize_message(message)
            found.append(Piece(key, stream.row.type, bytes(data)))
        return found

    def hand_over(self, process: ControlProcess, frames: int, *, first: int = 0) -> None:
        """Hand over the first frames, or those from ``first`` on."""
        for frame in range(first, frames):
            process.add(frame, frame * DT_NS, self.pieces(frame))


@pytest.fixture
def process() -> Iterator[ControlProcess]:
    with ControlProcess() as made:
        yield made


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def is_there(pid: int) -> bool:
    """Tell whether a process is there; one that nobody has waited for is."""
    return Path(f"/proc/{pid}").exists()


def test_videos_are_those_that_one_process_would_make(
    run: Run, process: ControlProcess, tmp_path: Path
) -> None:
    heard: list[str] = []
    process.begin(run.order, heard.append)
    process.wait_ready(120.0)
    run.hand_over(process, 12)
    videos = process.close(60.0)

    source = FeedSource(run.sources.camera, run.order.topics, "CARLA", seed=7)
    feed = ControlFeed(tmp_path / "here", source, ControlOptions())
    for frame in range(12):
        messages = {piece.key: decode(piece.data, piece.type) for piece in run.pieces(frame)}
        messages.pop("map_opendrive", None)
        feed.add(labelled_frame(run.sources.camera, frame, frame * DT_NS, messages))
    expected = {file.kind: file.sha256 for file in feed.close()}
    assert {kind: video.sha256 for kind, video in videos.items()} == expected
    assert {video.frames for video in videos.values()} == {12}
    assert ["without hdmap" in text for text in heard] == [True], "the map of this run is none"
    assert (run.order.folder / "manifest.json").exists()


def test_a_frame_that_lacks_something_is_not_in_the_videos(
    run: Run, process: ControlProcess
) -> None:
    process.begin(run.order, lambda _: None)
    for frame in range(4):
        process.add(frame, frame * DT_NS, run.pieces(frame, *(("depth",) if frame == 2 else ())))
    assert {video.frames for video in process.close(60.0).values()} == {3}


def test_what_goes_wrong_is_raised_here_in_its_own_words(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    for _ in range(2):
        process.add(1, DT_NS, run.pieces(1))
    videos = process.close(60.0)
    assert {video.frames for video in videos.values()} == {1}, "those before it are whole"
    manifest = json.loads((run.order.folder / "manifest.json").read_text())
    lists = ("stamps_ns", "source_frames", "map_from_camera_xyz_xyzw")
    assert [len(manifest[name]) for name in lists] == [1, 1, 1]
    with pytest.raises(RunError, match=r"stamped 100000000 ns comes after 100000000 ns"):
        process.check()
    process.check()  # it is told once


def test_after_a_frame_that_failed_none_is_taken(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    process.add(0, 0, run.pieces(0))
    broken = [
        piece._replace(data=piece.data[:40]) if piece.key == "semantic" else piece
        for piece in run.pieces(1)
    ]
    process.add(1, DT_NS, broken)
    with pytest.raises(BridgeError):
        run.hand_over(process, 9, first=2)
    assert {video.frames for video in process.close(60.0).values()} == {1}


def test_without_frames_there_are_no_videos(run: Run, process: ControlProcess) -> None:
    assert process.close(60.0) == {}
    process.begin(run.order, lambda _: None)
    assert process.close(60.0) == {}


def test_a_frame_for_which_there_is_no_memory_is_told(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    process.add(0, 0, run.pieces(0))
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))
    try:
        with pytest.raises(RunError, match=r"no memory for \d+ bytes of a frame: [A-Z]"):
            process.add(1, DT_NS, run.pieces(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert {video.frames for video in process.close(60.0).values()} == {1}


def test_the_memory_of_frames_is_given_back(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    run.hand_over(process, 60)
    process.close(60.0)
    maps = Path(f"/proc/{process._pid}/maps").read_text()
    assert maps.count("frame of control videos") <= 1, "the last one may still be named somewhere"


def test_it_keeps_nothing_open_that_others_wait_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    monkeypatch.setenv(STATUS_FD, str(write))
    with ControlProcess() as process:
        process.begin(run.order, lambda _: None)
        process.wait_ready(120.0)
        os.close(write)
        assert os.read(read, 1) == b"", "the supervisor sees that the recorder has gone"
    os.close(read)


def test_one_that_was_killed_is_told(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    process.wait_ready(120.0)
    os.kill(process._pid, signal.SIGKILL)
    with pytest.raises(RunError, match=r"control videos has ended \(SIGKILL\)"):
        run.hand_over(process, 100)


def test_encoders_that_stand_still_are_told_and_ended(
    run: Run, process: ControlProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_process, "_ROOM_S", 0.2)
    monkeypatch.setattr(control_process, "_END_S", 0.2)
    process.begin(run.order, lambda _: None)
    process.wait_ready(120.0)
    pid = process._pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(DeadlineError, match=r"no encoder took another frame within 0.2 s"):
        run.hand_over(process, 100)
    process.end()
    assert not is_there(pid)


def test_it_is_deaf_to_what_ends_its_recorder(run: Run, process: ControlProcess) -> None:
    process.begin(run.order, lambda _: None)
    process.wait_ready(120.0)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process._pid, number)
    process.add(0, 0, run.pieces(0))
    assert {video.frames for video in process.close(60.0).values()} == {1}


def test_without_an_order_it_ends_with_its_recorder() -> None:
    process = ControlProcess()
    pid = process._pid
    assert is_there(pid)
    process.end()
    assert not is_there(pid)
    process.end()
