"""Record a run: every topic into a bag, one camera into control videos, those into a Cosmos job."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile

from ..core.errors import BridgeError, InputError
from ..core.rig.rig import load_rig
from ..core.run_contract.run_summary import (
    RecordedControls,
    RecordedVideo,
    RecorderSummary,
    write_summary,
)
from ..core.run_contract.streams import AGENT, RECORDER, plan_streams
from ..core.run_contract.timebase import seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..cosmos import NEEDED, ControlFeed, FeedSource
from ..labels.messages import labelled_frame
from ..opendrive import parse
from ..recording import (
    AssembledFrame,
    BagOptions,
    OfferedQos,
    RecordingSession,
    decode,
)
from ..ros.lockstep.protocol import Participant
from ..ros.parameters.declare import load
from ..ros.parameters.recorder import RecorderParameters, job_options
from ..ros.publishers.offered_qos import offered_qos
from ..ros.publishers.publishers import message_class
from ..ros.publishers.qos import profile
from ..ros.runtime.control_sources import (
    CARLA_ENGINE,
    MAP,
    WEATHER,
    control_options,
    control_sources,
)
from ..ros.runtime.runtime import Spinner, run
from ..ros.services.cosmos_job_services import CosmosJobServices, RecordedClip

CONTROLS = "controls"
_READ_DEPTH = 100
_STALL_S = 2.0
_POLL_S = 0.05
_LAST_ANSWERS_S = 2.0


class CosmosRecorder:
    """The recorder's parts, wired; callbacks run in the executor, the rest in the main thread."""

    def __init__(self, node: Node, p: RecorderParameters) -> None:
        self._node, self._p = node, p
        rig = load_rig(p.rig)
        self._options, notes = control_options(p)
        for note in notes:
            node.get_logger().warning(note)
        self._run_dir = Path(p.run_dir)
        self._streams = plan_streams(rig, seconds_to_ns(p.dt_s), p.participants)
        planned = {stream.key for stream in self._streams}
        self._events = tuple(
            row
            for key, row in TOPICS.items()
            if row.in_bag and key not in planned and row.cadence in ("event", "answer")
        )
        topics = (*(s.topic for s in self._streams), *(e.name for e in self._events))
        self._names = tuple(node.resolve_topic_name(topic) for topic in topics)
        self._rows = (*(s.row for s in self._streams), *self._events)
        self._lock = threading.Lock()
        self._progress_s = time.monotonic()
        self._session = RecordingSession(
            self._run_dir / "bag",
            self._streams,
            self._events,
            self._names,
            seconds_to_ns(p.dt_s),
            BagOptions(p.metadata_version, p.chunk_kib * 1024, p.flush_s, p.compression),  # type: ignore[arg-type]
            self._offered,
        )
        self._feed: ControlFeed | None = None
        self._sources = control_sources(rig, self._streams, p)
        self._opendrive = ""
        self._world: dict[str, Any] = {}
        self._over = False
        self._summary: RecorderSummary | None = None
        self._participant = Participant(node, lambda: ())
        for number, (name, row) in enumerate(zip(self._names, self._rows, strict=True)):
            qos = _reader_profile(profile(row.qos))
            callback = partial(self._take, number)
            node.create_subscription(message_class(row.type), name, callback, qos, raw=True)

    def work(self, spinner: Spinner) -> int:
        """Record until the owner ends the run; return the exit code."""
        if self._participant.wait_running(self._p.start_s) is None:
            raise InputError(f"no run was started within {self._p.start_s:g} s")
        warned = False
        while not self._participant.over:
            spinner.check()
            time.sleep(_POLL_S)
            with self._lock:
                self._session.flush_if_due()
                stalled = time.monotonic() - self._progress_s > _STALL_S
                missing = self._session.missing()
            if stalled and not warned and missing:
                self._node.get_logger().warning(f"waiting for {', '.join(missing)}")
            warned = stalled
        state = self._participant.state
        assert state is not None
        self._await_answers(state.frames if state.state == "finished" else 0)
        return 0 if state.state == "finished" else 1

    @property
    def clip(self) -> RecordedClip | None:
        """The finished control videos; None when there are none, or not yet."""
        if not self._over or self._feed is None or self._sources is None:
            return None
        camera = self._sources.camera
        return RecordedClip(self._run_dir / CONTROLS, f"{camera.name}_optical_frame")

    def close(self) -> None:
        """End bag and videos and leave the summary; what arrives later is not recorded."""
        with self._lock:
            if self._over:
                return
            self._over = True
            state = self._participant.state
            self._session.close()
            videos = self._feed.close() if self._feed else ()
        frames = max(0, self._session.frames - 1)
        if state is not None and state.state == "finished":
            frames = state.frames
        streams = self._session.counts(frames)
        self._summary = RecorderSummary(
            run_id=state.run_id if state else None,
            state=state.state if state else None,
            reason=state.reason if state else None,
            frames=frames,
            t0_ns=state.t0_ns if state else None,
            dt_ns=seconds_to_ns(self._p.dt_s),
            streams=streams,
            controls=RecordedControls(
                camera=self._sources.camera.name if self._sources else None,
                directory=str(self._run_dir / CONTROLS) if self._feed else None,
                videos={v.kind: RecordedVideo(**v.to_json()) for v in videos},
            ),
            timings=self._session.timings.summary(),
            counts={topic: stream.recorded for topic, stream in streams.items()},
        )
        write_summary(self._p.run_dir, RECORDER, self._summary)

    def note_jobs(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Add to the summary what became of the clip's jobs."""
        if jobs and self._summary is not None:
            summary = self._summary.model_copy(update={"jobs": tuple(jobs)})
            write_summary(self._p.run_dir, RECORDER, summary)

    def _take(self, number: int, data: bytes) -> None:
        with self._lock:
            if self._over:
                return
            try:
                frames = self._session.take(number, data)
                for frame in frames:
                    self._record_controls(frame)
            except BridgeError as error:
                if self._p.lockstep and self._participant.state is not None:
                    stamp = self._session.stamp_ns()
                    self._participant.answer(stamp, {}, f"{self._names[number]}: {error}")
                raise
            if frames:
                self._progress_s = time.monotonic()
        for frame in frames if self._p.lockstep else ():
            self._participant.answer(frame.stamp_ns, self._counts(frame))

    def _counts(self, frame: AssembledFrame) -> dict[str, int]:
        """Return the messages of this frame by topic, without those held from before."""
        return {
            self._session.topic(message.topic): 1
            for message in frame.messages
            if message.stamp_ns == frame.stamp_ns
            and self._rows[message.topic].cadence in ("frame", "sensor")
        }

    def _record_controls(self, frame: AssembledFrame) -> None:
        sources = self._sources
        if sources is None:
            return
        found: dict[str, Any] = {}
        for message in frame.messages:
            row = self._rows[message.topic]
            key = WEATHER if row is TOPICS[WEATHER] else sources.needed.get(message.topic)
            if key is None:
                continue
            content: Any = decode(message.data, row.type)
            if key == MAP:
                self._opendrive = self._usable(content.data)
                self._world["opendrive_sha256"] = hashlib.sha256(content.data.encode()).hexdigest()
            elif key == WEATHER:
                self._world["weather"] = json.loads(content.data)
            elif message.stamp_ns == frame.stamp_ns:
                found[key] = content
        if not found.keys() >= set(NEEDED):
            return
        if self._feed is None:
            topics = {key: self._names[number] for number, key in sources.needed.items()}
            source = FeedSource(
                sources.camera,
                topics,
                CARLA_ENGINE,
                sources.rgb_engine,
                self._opendrive,
                world=self._world,
                seed=self._p.seed if self._p.seed >= 0 else None,
            )
            self._feed = ControlFeed(self._run_dir / CONTROLS, source, self._options)
        with self._session.timings.stage("controls"):
            self._feed.add(labelled_frame(sources.camera, frame.number, frame.stamp_ns, found))

    def _usable(self, opendrive: str) -> str:
        """Return the map's text; without one that can be read a clip has no drawing of it."""
        try:
            parse(opendrive)
        except BridgeError as error:
            self._node.get_logger().warning(f"control videos without hdmap: {error}")
            return ""
        return opendrive

    def _await_answers(self, frames: int) -> None:
        """Give the last commands, which no frame waits for, a moment to arrive."""
        deadline_s = time.monotonic() + _LAST_ANSWERS_S
        while AGENT in self._p.participants and frames and time.monotonic() < deadline_s:
            with self._lock:
                if self._session.answered() >= self._session.expected_answers(frames):
                    return
            time.sleep(_POLL_S)

    def _offered(self, number: int) -> tuple[OfferedQos, ...]:
        """Return what the publishers of a topic offer; without any, what ours would."""
        ours = profile(self._rows[number].qos)
        infos = self._node.get_publishers_info_by_topic(self._names[number])
        found = {offered_qos(info.qos_profile, ours) for info in infos}
        return tuple(sorted(found, key=repr)) or (offered_qos(ours, ours),)


def _reader_profile(ours: QoSProfile) -> QoSProfile:
    """Return the profile with room for a burst: a recorder must lose nothing."""
    ours.depth = max(ours.depth, _READ_DEPTH)
    return ours


def _work(node: Node, spinner: Spinner) -> int:
    parameters = load(node, RecorderParameters)
    recorder, desk = (
        CosmosRecorder(node, parameters),
        CosmosJobServices(node, job_options(parameters)),
    )
    try:
        code = recorder.work(spinner)
        recorder.close()
        clip = recorder.clip
        if code == 0 and clip is not None:
            try:
                desk.serve(clip)
            finally:
                recorder.note_jobs(desk.jobs)
        return code
    finally:
        spinner.close()
        recorder.close()


def main(args: list[str] | None = None) -> int:
    """Run the recorder until the run ends; return its exit code."""
    return run(RECORDER, _work, args)


if __name__ == "__main__":
    sys.exit(main())
