"""Record a run: serialized messages in, whole frames into the bag, counts and hashes out."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..core.errors import DeadlineError
from ..core.run_contract.run_summary import StreamCount
from ..core.run_contract.streams import Stream, expected_count
from ..core.run_contract.topic import Topic
from ..core.timings import Timings
from .assembler import AssembledFrame, FrameAssembler, Message
from .bag import BagOptions, BagWriter
from .plan import plan_of
from .qos import OfferedQos
from .serialized import Canonicaliser, peek_stamp_ns
from .tally import Tally

_TOLD_OF = 64
"""Frames for which it is known whether a producer has told what it sent."""
WRITE_UNDER_WAY_S = 5.0
"""Wall time that closing waits for a write of another thread."""


class RecordingSession:
    """The bag of one run.

    Topics are numbered: the planned ``streams``, then ``events``. ``names`` are their resolved
    names in the same order; ``offered`` returns what a topic's publishers offer and is asked
    when its first message is written. One thread calls ``take`` and what tells how far the run is,
    another may ``write`` meanwhile.
    """

    def __init__(
        self,
        directory: Path,
        streams: Sequence[Stream],
        events: Sequence[Topic],
        names: Sequence[str],
        dt_ns: int,
        options: BagOptions,
        offered: Callable[[int], tuple[OfferedQos, ...]],
    ) -> None:
        self._streams = tuple(streams)
        self._names = tuple(names)
        self._assembler = FrameAssembler(streams, events, dt_ns)
        self._tallies = [Tally() for _ in self._names]
        self._missed = [0] * len(self._names)
        self._told: Counter[str] = Counter()
        self._told_of: dict[str, deque[int]] = {}
        self._in_chunk: list[Message] = []
        self._offered = offered
        self._channels: dict[int, int] = {}
        self.timings = Timings()
        self._canonical = [Canonicaliser(row.type) for row in self._assembler.rows]
        self.frames = 0
        plan = plan_of(streams, self._names[: len(self._streams)], dt_ns)
        self._bag = BagWriter(directory, options, plan.to_json())
        self._at_bag = threading.Lock()

    def record(self, topic: int, data: bytes) -> list[AssembledFrame]:
        """Record one serialized message: write the frames that it completes and return them."""
        frames = self.take(topic, data)
        for frame in frames:
            self.write(frame)
        return frames

    def take(self, topic: int, data: bytes) -> list[AssembledFrame]:
        """Take one serialized message; return the frames that it completes, for ``write``."""
        row = self._assembler.rows[topic]
        with self.timings.stage("take"):
            clean = self._canonical[topic](data)
            frames = self._assembler.add(topic, peek_stamp_ns(clean, row), clean)
        return self._whole(frames)

    def sent(self, producer: str, stamp_ns: int, counts: Mapping[str, int]) -> list[AssembledFrame]:
        """Take how many messages (by topic) a producer says that it has sent with a frame.

        Returns the frames that wait for nothing more. What is said again counts once.
        """
        told_of = self._told_of.setdefault(producer, deque(maxlen=_TOLD_OF))
        if stamp_ns not in told_of:
            told_of.append(stamp_ns)
            events = self._assembler.names[len(self._streams) :]
            self._told.update({topic: counts[topic] for topic in events if topic in counts})
        return self._whole(self._assembler.sent(producer, stamp_ns, counts))

    def write(self, frame: AssembledFrame) -> None:
        """Write a frame to the bag; RunError when the disk refuses."""
        with self._at_bag, self.timings.stage("write"):
            self._write(frame)

    def delivered(self) -> list[tuple[int, Mapping[str, int]]]:
        """Return stamp and messages by topic of each frame that has now had all it was to have."""
        return self._assembler.delivered()

    def missing(self) -> tuple[str, ...]:
        """Return the topics that the frame in the making still waits for."""
        return self._assembler.missing()

    def topic(self, number: int) -> str:
        """Return the name that the topic table or the plan gives to a numbered topic."""
        return self._assembler.names[number]

    def stamp_ns(self) -> int:
        """Return the stamp of the frame in the making, 0 before the first clock message."""
        return self._assembler.stamp_ns()

    def answered(self) -> int:
        """Return how many answers (commands) of the plan have arrived so far."""
        return sum(self._assembler.arrived(i) for i in self._answers())

    def expected_answers(self, frames: int) -> int:
        """Return how many answers a run of ``frames`` ticks must have."""
        return sum(expected_count(self._streams[i], frames) for i in self._answers())

    def never_came(self) -> dict[str, int]:
        """Return by topic without a plan how many messages were told of and have not come."""
        events = range(len(self._streams), len(self._names))
        lacking = {self._names[i]: self._lacking(i) for i in events}
        return {name: count for name, count in lacking.items() if count}

    def flush_if_due(self) -> None:
        """Close the open chunk of the bag when it is old enough; call it often.

        Who writes at the moment is not waited for.
        """
        if self._at_bag.acquire(blocking=False):
            try:
                self._bag.flush_if_due()
                self._count_flushed()
            finally:
                self._at_bag.release()

    def close(self) -> None:
        """Write what is left, incomplete frames too, and end the bag; once more does nothing.

        DeadlineError when a ``write`` of another thread does not end: then nothing is touched.
        """
        if not self._at_bag.acquire(timeout=WRITE_UNDER_WAY_S):
            raise DeadlineError(
                f"{self._bag.path} is still being written to after {WRITE_UNDER_WAY_S:g} s: its "
                "disk does not answer; once it does, carla-nurec bag recover gives the bag an index"
            )
        try:
            for frame in self._assembler.drain():
                self._write(frame)
            for topic in range(len(self._names)):
                self._channel(topic)
        finally:
            try:
                self._bag.close()
            finally:
                self._count_flushed()
                self._at_bag.release()

    def lost(self) -> dict[str, int]:
        """Return by topic how many messages that were taken are not in the bag, where any are."""
        lost = {name: self._lost(i) for i, name in enumerate(self._names)}
        return {name: count for name, count in lost.items() if count}

    def counts(self, frames: int) -> dict[str, StreamCount]:
        """Return by topic what a run of ``frames`` ticks expected and what the bag has of it.

        Before ``close`` the chunk in the making counts as lost.
        """
        result = {}
        for i, (name, tally) in enumerate(zip(self._names, self._tallies, strict=True)):
            stream = self._streams[i] if i < len(self._streams) else None
            row, arrivals = self._assembler.rows[i], self._assembler.arrivals[i]
            repeated = 0 if row.qos == "clock" else arrivals.repeated
            extra = min(repeated + arrivals.unplanned, tally.messages)
            result[name] = StreamCount(
                type=row.type,
                producer=stream.producer if stream else None,
                expected=expected_count(stream, frames) if stream else None,
                recorded=tally.messages - extra,
                extra=extra,
                bytes=tally.size_bytes,
                missed=self._missed[i] if stream else self._lacking(i),
                lost=self._lost(i),
                under_way=stream.delivery.under_way(frames) if stream else 0,
                repeated=arrivals.repeated,
                late=arrivals.late,
                sha256=tally.sha256 if row.reproducible and tally.messages else None,
            )
        return result

    def _lacking(self, topic: int) -> int:
        told = self._told[self._assembler.names[topic]]
        return max(0, told - self._assembler.arrivals[topic].messages)

    def _answers(self) -> list[int]:
        return [i for i, s in enumerate(self._streams) if s.row.cadence == "answer"]

    def _whole(self, frames: list[AssembledFrame]) -> list[AssembledFrame]:
        for frame in frames:
            self.frames = frame.number + 1
        return frames

    def _write(self, frame: AssembledFrame) -> None:
        for message in frame.messages:
            self._in_chunk.append(message)
            self._bag.write(self._channel(message.topic), message.stamp_ns, message.data)
            self._count_flushed()
        for name in frame.missing:
            self._missed[self._assembler.names.index(name)] += 1

    def _count_flushed(self) -> None:
        """Count and hash what the disk has taken: whole chunks, as the bag hands them over."""
        if self._bag.unflushed == 0:
            for message in self._in_chunk:
                self._tallies[message.topic].add(message.stamp_ns, message.data)
            self._in_chunk.clear()

    def _lost(self, topic: int) -> int:
        """Return how many messages were taken and are in no chunk; a clock's repeats need not."""
        arrivals = self._assembler.arrivals[topic]
        repeated = arrivals.repeated if self._assembler.rows[topic].qos == "clock" else 0
        return arrivals.messages - repeated - self._tallies[topic].messages

    def _channel(self, topic: int) -> int:
        if topic not in self._channels:
            row = self._assembler.rows[topic]
            self._channels[topic] = self._bag.add_stream(
                self._names[topic], row.type, self._offered(topic)
            )
        return self._channels[topic]
