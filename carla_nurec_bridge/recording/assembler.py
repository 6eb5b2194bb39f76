"""Sort messages that arrive in any order into frames, and say when a frame is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..core.run_contract.streams import Stream
from ..core.run_contract.topic import Topic


@dataclass(frozen=True)
class Message:
    """One serialized message: index into the assembler's topics, log time, canonical bytes."""

    topic: int
    stamp_ns: int
    data: bytes


@dataclass(frozen=True)
class AssembledFrame:
    """What is to be written at once, in order.

    ``messages`` begins with answers and events held from before. ``missing`` names the topics
    that never came; it is empty unless the frame was given up, or its producer did not send them.
    """

    number: int
    stamp_ns: int
    messages: tuple[Message, ...]
    missing: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The size of all messages."""
        return sum(len(message.data) for message in self.messages)


@dataclass
class Arrivals:
    """Per topic: all messages, and those with a stamp seen before, too late, or off the plan."""

    messages: int = 0
    repeated: int = 0
    late: int = 0
    unplanned: int = 0


@dataclass(frozen=True)
class _Short:
    """Captures of a topic that went out with one frame, of which so many were sent: not all."""

    topic: int
    captures: tuple[int, ...]
    sent: int


@dataclass
class _Open:
    waiting: set[int]
    messages: dict[int, bytes] = field(default_factory=dict)
    unsent: set[int] = field(default_factory=set)


class FrameAssembler:
    """Frames in the making.

    Topics are the planned streams followed by ``events``, rows without an expectation. Frame 0
    also waits for every latched stream. Answers (commands) and events are held and written with
    the next frame, so that the order within a bag does not depend on who was faster. At most
    ``window`` frames, and as many as sensor data may be under way, are open; beyond, the oldest is
    given up as it is.
    """

    def __init__(
        self, streams: Sequence[Stream], events: Sequence[Topic], dt_ns: int, window: int = 40
    ) -> None:
        self._streams = tuple(streams)
        self._dt_ns = dt_ns
        self._window = window + max((s.delivery.most_frames for s in streams), default=0)
        self.rows: tuple[Topic, ...] = (*(s.row for s in streams), *events)
        self.names = (*(s.topic for s in streams), *(e.name for e in events))
        self.arrivals = tuple(Arrivals() for _ in self.rows)
        self.t0_ns: int | None = None
        self._clock = next(i for i, s in enumerate(streams) if s.key == "clock")
        self._early: list[tuple[int, int | None, bytes]] = []
        self._open: dict[int, _Open] = {}
        self._next = self._next_delivered = 0
        self._came: dict[int, Counter[str]] = {}
        self._held: list[Message] = []
        self._latched: dict[int, bytes] = {}
        self._given_up: set[tuple[int, int]] = set()
        self._short: list[_Short] = []

    def add(self, topic: int, stamp_ns: int | None, data: bytes) -> list[AssembledFrame]:
        """Take one message; return the frames that it completed, oldest first.

        The first clock message defines frame 0; what arrives earlier waits for it.
        """
        self.arrivals[topic].messages += 1
        if self.t0_ns is None:
            self._early.append((topic, stamp_ns, data))
            if topic != self._clock or stamp_ns is None:
                return []
            self.t0_ns = stamp_ns
            early, self._early = self._early, []
            for each in early:
                self._place(*each)
        else:
            self._place(topic, stamp_ns, data)
        return self._complete()

    def sent(self, producer: str, stamp_ns: int, counts: Mapping[str, int]) -> list[AssembledFrame]:
        """Take how many messages (by topic) of its sensors a producer has sent with a frame.

        What a sensor that failed did not send is not waited for. Returns the frames that this
        completed, oldest first.
        """
        if self.t0_ns is None:
            return []
        frame = (stamp_ns - self.t0_ns) // self._dt_ns
        if frame > self._next + self._window:
            return []
        for topic, stream in enumerate(self._streams):
            if stream.producer != producer or not stream.sensor:
                continue
            numbers = range(max(0, frame - stream.delivery.most_frames), frame + 1)
            captures = tuple(
                k for k in numbers if stream.due(k) and stream.delivery.frame_of(k) == frame
            )
            if counts.get(stream.topic, 0) < len(captures):
                self._short.append(_Short(topic, captures, counts.get(stream.topic, 0)))
        return self._complete()

    def delivered(self) -> list[tuple[int, Mapping[str, int]]]:
        """Return stamp and messages by topic of each frame for which nothing is outstanding now.

        Sensor data of its stamp may still be under way, and those of older frames have come.
        """
        done: list[tuple[int, Mapping[str, int]]] = []
        while self._next_delivered in self._open or self._next_delivered < self._next:
            frame = self._next_delivered
            if any(self._overdue(number, frame) for number in self._open if number <= frame):
                break
            done.append((self._stamp(frame), self._came.pop(frame, Counter())))
            self._next_delivered += 1
        return done

    def stamp_ns(self) -> int:
        """Return the stamp of the frame in the making, 0 while no clock message has come."""
        return 0 if self.t0_ns is None else self._stamp(self._next)

    def arrived(self, topic: int) -> int:
        """Return how many messages of a topic have come that belong to the plan."""
        arrivals = self.arrivals[topic]
        return arrivals.messages - arrivals.unplanned

    def missing(self) -> tuple[str, ...]:
        """Return the topics that the oldest open frame still waits for."""
        if self.t0_ns is None:
            return (self.names[self._clock],)
        opened = self._open.get(self._next)
        return self._names_of(opened.waiting) if opened else ()

    def drain(self) -> list[AssembledFrame]:
        """Give up every open frame and return what there is, held answers last."""
        if self.t0_ns is None:
            return []
        last = max(self._open, default=0)
        frames = [self._release(number, last) for number in sorted(self._open)]
        stamp_ns = self._stamp(self._next)
        tail = self._take_held(None)
        return [*frames, AssembledFrame(self._next, stamp_ns, tail)] if tail else frames

    def _event_ns(self, stamp_ns: int | None) -> int:
        """Return the log time of an event: its stamp, if that lies within the run.

        Another belongs to the newest frame that has a clock; one for which all has come is over.
        """
        last_ns = self._stamp(self._next + self._window)
        if stamp_ns is not None and self._stamp(0) <= stamp_ns <= last_ns:
            return stamp_ns
        begun = (number for number, one in self._open.items() if self._clock in one.messages)
        return self._stamp(max(begun, default=self._next))

    def _stamp(self, frame: int) -> int:
        assert self.t0_ns is not None
        return self.t0_ns + frame * self._dt_ns

    def _names_of(self, topics: set[int]) -> tuple[str, ...]:
        return tuple(self.names[topic] for topic in sorted(topics))

    def _place(self, topic: int, stamp_ns: int | None, data: bytes) -> None:
        assert self.t0_ns is not None
        if topic >= len(self._streams):
            self._held.append(Message(topic, self._event_ns(stamp_ns), data))
            return
        stream = self._streams[topic]
        if stream.period_ticks == 0:
            self._place_latched(topic, data)
            return
        assert stamp_ns is not None
        frame, rest = divmod(stamp_ns - self.t0_ns, self._dt_ns)
        planned = rest == 0 and frame >= 0 and stream.due(frame)
        if stream.row.cadence == "answer":
            self.arrivals[topic].unplanned += not planned
            self._held.append(Message(topic, stamp_ns, data))
            return
        opened = self._frame(frame) if planned and frame >= self._next else None
        if opened is not None and topic in opened.waiting:
            opened.waiting.discard(topic)
            opened.messages[topic] = data
            self._came.setdefault(stream.delivery.frame_of(frame), Counter())[stream.topic] += 1
        elif (frame, topic) in self._given_up:
            self._given_up.discard((frame, topic))
            self.arrivals[topic].late += 1
            self._held.append(Message(topic, stamp_ns, data))
        elif planned:
            # A paused owner repeats its clock; any other repeat is kept and shows in the counts.
            self.arrivals[topic].repeated += 1
            if topic != self._clock:
                self._held.append(Message(topic, stamp_ns, data))
        else:
            self.arrivals[topic].unplanned += 1
            self._held.append(Message(topic, stamp_ns, data))

    def _place_latched(self, topic: int, data: bytes) -> None:
        if self._next > 0 or topic in self._latched:
            self.arrivals[topic].unplanned += 1
            self._held.append(Message(topic, self._stamp(self._next), data))
            return
        self._latched[topic] = data
        self._frame(0).waiting.discard(topic)

    def _frame(self, number: int) -> _Open:
        if number not in self._open:
            due = {
                i
                for i, s in enumerate(self._streams)
                if s.due(number) and s.row.cadence != "answer"
            }
            if number == 0:
                due |= {i for i, s in enumerate(self._streams) if s.period_ticks == 0}
                due -= set(self._latched)
            self._open[number] = _Open(due)
        return self._open[number]

    def _complete(self) -> list[AssembledFrame]:
        self._short = [short for short in self._short if not self._settle(short)]
        frames = []
        while self._open:
            oldest = min(self._open)
            done = not self._open[oldest].waiting and oldest == self._next
            if not done and len(self._open) <= self._window:
                break
            frames.append(self._release(oldest, max(self._open)))
        return frames

    def _settle(self, short: _Short) -> bool:
        """Wait no more for what was not sent, once the rest has come; say whether it has."""
        here = [k for k in short.captures if k >= self._next]
        if not all(k in self._open for k in here):
            return False
        waiting = [self._open[k] for k in here if short.topic in self._open[k].waiting]
        if len(short.captures) - len(waiting) < short.sent:
            return False
        for one in waiting:
            one.waiting.discard(short.topic)
            one.unsent.add(short.topic)
        return True

    def _overdue(self, number: int, frame: int) -> set[int]:
        """Return what frame ``number`` waits for that goes out with ``frame`` or before it."""
        waiting = self._open[number].waiting
        return {i for i in waiting if self._streams[i].delivery.frame_of(number) <= frame}

    def _release(self, number: int, last: int) -> AssembledFrame:
        """Give out a frame; what goes out after the ``last`` one is not missed."""
        missing = self._names_of(self._overdue(number, last) | self._open[number].unsent)
        opened = self._open.pop(number)
        stamp_ns = self._stamp(number)
        latched = self._latched if number == 0 else {}
        own = [Message(topic, stamp_ns, data) for topic, data in sorted(latched.items())]
        own += [Message(topic, stamp_ns, data) for topic, data in sorted(opened.messages.items())]
        held = self._take_held(stamp_ns)
        self._next = number + 1
        self._given_up |= {(number, topic) for topic in opened.waiting | opened.unsent}
        return AssembledFrame(number, stamp_ns, (*held, *own), missing)

    def _take_held(self, before_ns: int | None) -> tuple[Message, ...]:
        """Return held messages older than ``before_ns`` (None: all), by stamp and topic."""
        ready = [m for m in self._held if before_ns is None or m.stamp_ns < before_ns]
        self._held = [m for m in self._held if before_ns is not None and m.stamp_ns >= before_ns]
        return tuple(sorted(ready, key=lambda message: (message.stamp_ns, message.topic)))
