"""Record a run: every topic into a bag, one camera into control videos, those into a Cosmos job."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.serialization import deserialize_message

from ..core.errors import BridgeError
from ..core.lockstep.words import Announcement, Answer, Farewell, Heard
from ..core.machine.interrupts import uninterrupted
from ..core.rig.rig import load_rig
from ..core.run_contract.streams import AGENTS, RECORDER
from ..core.run_contract.timebase import seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.teardown import Teardown
from ..recording import AssembledFrame, BagOptions, RecordingSession
from ..ros.lockstep.participation import Participation
from ..ros.lockstep.wire import done_word
from ..ros.parameters.declare import load
from ..ros.parameters.recorder import RecorderParameters, job_options
from ..ros.recorder.control_process import ControlProcess
from ..ros.recorder.controls import ControlRecorder
from ..ros.recorder.frame_writer import FrameWriter
from ..ros.recorder.mismatch_watch import MismatchWatch
from ..ros.recorder.summary import summary_of
from ..ros.recorder.topics import recorded_topics
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..ros.services.cosmos_job_services import CosmosJobServices

_STALL_S = 2.0
_POLL_S = 0.05
_LAST_ANSWERS_S = 2.0


class CosmosRecorder:
    """The recorder's parts, wired; callbacks run in the executor, the rest in the main thread.

    A frame is answered when the queue of the writer holds it.
    """

    def __init__(
        self, node: Node, spinner: Spinner, p: RecorderParameters, process: ControlProcess
    ) -> None:
        self._p = p
        self._log = node.get_logger()
        rig = load_rig(p.rig)
        topics = self._topics = recorded_topics(node, rig, p)
        self._mismatches = MismatchWatch(partial(topics.mismatched, node), self._log.warning)
        self.controls = ControlRecorder(rig, topics, p, process, self._log.warning)
        self.controls.wait_ready(p.start_s)  # before anybody hears that the recorder is there
        self._participation = Participation(
            node, spinner, p, hears_all=True, behind_frames=p.frames_behind
        )
        self._lock = threading.Lock()
        self._progress_s = time.monotonic()
        # Opens the bag: nothing that may fail comes after it.
        self._session = RecordingSession(
            Path(p.run_dir) / "bag",
            topics.streams,
            topics.events,
            topics.names,
            seconds_to_ns(p.dt_s),
            BagOptions(p.metadata_version, p.chunk_kib * 1024, p.flush_s, p.compression),  # type: ignore[arg-type]
            partial(topics.offered, node),
        )
        self._writer = FrameWriter(self._write, self._session.timings)
        self._over = self._closed = False
        topics.subscribe(node, self._take)

    def work(self) -> int:
        """Record until the owner ends the run; return the exit code."""
        self._participation.wait_begin(limit_s=self._p.start_s)
        warned = False
        for _ in self._participation.turns():
            self._writer.check(self._session.flush_if_due)
            now_s = time.monotonic()
            self._mismatches.look_if_due(now_s)
            with self._lock:
                stalled = now_s - self._progress_s > _STALL_S
                missing = self._session.missing()
            if stalled and not warned and missing:
                self._log.warning(f"waiting for {', '.join(missing)}")
                self._mismatches.look()
            warned = stalled and (warned or bool(missing))
        self._await_answers()
        self._mismatches.look()
        return 0 if self._participation.finished else 1

    def close(self) -> None:
        """End bag and videos and leave the summary; what arrives later is not recorded.

        The writer's thread ends first, and what it still holds is left alone: all of it together
        takes less time than a supervisor gives.
        """
        if self._closed:
            return
        self._closed = True
        self.stop_taking()
        with self._lock:  # the callback under way has brought its frames
            pass
        Teardown.in_order(
            ("the frames to be written", self._writer.finish),
            ("the bag", self._session.close),
            ("the control videos", self._close_videos),
            ("what was lost", self._tell_lost),
            ("the summary", self.leave),
        ).close()

    def stop_taking(self) -> None:
        """Take no more messages; a callback that waits for room in the queue waits no more."""
        self._over = True
        self._writer.stop_waiting()

    def _close_videos(self) -> None:
        self._writer.wait_for_encoders()
        self.controls.close()

    def _tell_lost(self) -> None:
        lost = self._session.lost()
        if lost:
            self._log.error(f"taken, and not in the bag: {_total(lost)}")
        if lacking := self._session.never_came():
            self._log.error(f"sent by those who take part, and never heard: {_total(lacking)}")

    def leave(self, jobs: Sequence[Mapping[str, Any]] = ()) -> None:
        """Leave the summary, with what became of the clip's jobs."""
        state, dt_ns = self._participation.state, seconds_to_ns(self._p.dt_s)
        summary = summary_of(
            self._session, self.controls.summary, state, dt_ns, self._mismatches.found, jobs
        )
        self._participation.leave(RECORDER, summary)

    def _take(self, number: int, data: bytes) -> None:
        with self._lock:
            if self._over:
                return
            with self._answering(f"{self._topics.names[number]}: "):
                frames = self._session.take(number, data)
                if self._topics.rows[number] is TOPICS["lockstep_done"]:
                    frames += self._hear(done_word(deserialize_message(data, DiagnosticArray)))
            self._writer.put(frames)
            delivered = self._session.delivered()
            if delivered:
                self._progress_s = time.monotonic()
            failure = self._writer.failure
        for stamp_ns, counts in delivered:
            self._participation.answer(stamp_ns, {} if failure else counts, failure)
            self._writer.answered(failure)

    @contextmanager
    def _answering(self, about: str) -> Iterator[None]:
        """Answer the frame in the making with the error of the block; ``about`` begins it."""
        try:
            yield
        except BridgeError as error:
            if self._participation.state is not None:
                self._participation.answer(self._session.stamp_ns(), {}, f"{about}{error}")
            raise

    def _write(self, frame: AssembledFrame) -> None:
        self._session.write(frame)
        self.controls.add(frame, self._session.timings)

    def _hear(self, word: Announcement | Answer | Farewell | Heard | None) -> list[AssembledFrame]:
        """Say who is heard; wait no more for what a participant did not send with its answer."""
        if isinstance(word, Announcement) and word.of.name != RECORDER:
            self._participation.heard(word.of)
        if not isinstance(word, Answer):
            return []
        return self._session.sent(word.participant, word.stamp_ns, word.counts)

    def _await_answers(self) -> None:
        """Give the last commands, which no frame waits for, a moment to arrive."""
        state = self._participation.state
        frames = state.frames if state is not None and self._participation.finished else 0
        agents = frames > 0 and not set(AGENTS).isdisjoint(self._p.participants)
        deadline_s = time.monotonic() + (_LAST_ANSWERS_S if frames else 0.0)
        while time.monotonic() < deadline_s:
            with self._lock:
                wanted = self._session.expected_answers(frames) if agents else 0
                if self._session.answered() >= wanted and not self._session.never_came():
                    return
            time.sleep(_POLL_S)


def _total(counts: Mapping[str, int]) -> str:
    """Return how many messages that are, and of which topics."""
    topics = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{sum(counts.values())} messages ({topics})"


def _work(process: ControlProcess, node: Node, spinner: Spinner) -> int:
    p = load(node, RecorderParameters)
    jobs = CosmosJobServices(node, job_options(p))
    with Teardown() as teardown:
        with uninterrupted():  # else a bag that has just been opened is never closed
            recorder = teardown.keep("the recorder", CosmosRecorder(node, spinner, p, process))
        teardown.keep("the executor", spinner)
        teardown.add("what waits for the writer", recorder.stop_taking)
        code = recorder.work()
        recorder.close()
        clip = recorder.controls.clip
        if code == 0 and clip is not None:
            try:
                jobs.serve(clip)
            finally:
                if jobs.jobs:
                    recorder.leave(jobs.jobs)
        return code


def main(args: list[str] | None = None) -> int:
    """Run the recorder until the run ends; return its exit code."""
    with ControlProcess() as process:
        return run(RECORDER, partial(_work, process), args)


if __name__ == "__main__":
    sys.exit(main())
