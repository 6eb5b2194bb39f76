"""Lock-step over ROS: the owner of time waits until every participant has answered a frame.

The owner holds a ``Barrier``, each other node a ``Participant``; who may go on when is decided in
``core/lockstep``. Until it is a member a participant announces itself, with what it still lacks;
the owner's latched run state starts and ends the run and says who takes part.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from std_msgs.msg import String

from ...core.lockstep.attendance import Attendance
from ...core.lockstep.patience import Abort, Ask, FrameWait, GoOn
from ...core.lockstep.roster import Roster
from ...core.lockstep.words import (
    Announcement,
    Answer,
    Asked,
    Declaration,
    Farewell,
    Heard,
    Member,
    RunState,
)
from ...core.run_contract.topics import TOPICS
from ..publishers.qos import profile
from ..sending.arrival import let_arrive
from .wire import done_message, done_word, run_message, run_state

_DONE = TOPICS["lockstep_done"]
_RUN = TOPICS["lockstep_run"]
_ANNOUNCE_PERIOD_S = 0.2
_HEARD_S = 0.5
_UNAWARE_S = 1.0
_CHECK_S = 1.0


class Participant:
    """A node's side of the lock-step; callbacks run in the executor, the rest in any thread."""

    def __init__(
        self,
        node: Node,
        unready: Callable[[], Sequence[str]],
        *,
        period_frames: int = 1,
        deadline_s: float = 0.0,
        reads: Sequence[str] = (),
        hears_all: bool = False,
    ) -> None:
        """Announce the node as a participant.

        * unready: phrases for what has to be there before it takes part; empty: nothing.
        * period_frames: it answers the frames whose number this divides.
        * deadline_s: wall time for its answers; 0 for the owner's.
        * reads: keys of the owner's topics that it needs from its first frame on.
        * hears_all: nobody takes part whom it has not ``heard``.
        """
        self._unready = unready
        self._changed = threading.Condition()
        topics = tuple(TOPICS[key].name for key in reads)
        incarnation = f"{time.time_ns():016x}{uuid.uuid4().hex[:4]}"
        self._attendance = Attendance(
            Declaration(node.get_name(), incarnation, period_frames, deadline_s, topics, hears_all)
        )
        self._done = node.create_publisher(DiagnosticArray, _DONE.name, profile(_DONE.qos))
        # From here on the executor calls; a latched word comes at once, and never again.
        self._timer = node.create_timer(_ANNOUNCE_PERIOD_S, self._announce)
        self._run = node.create_subscription(String, _RUN.name, self._on_run, profile(_RUN.qos))

    @property
    def state(self) -> RunState | None:
        """The owner's latest word; None before the first."""
        with self._changed:
            return self._attendance.state

    @property
    def first_frame(self) -> int | None:
        """The frame from which on it takes part; None while the owner has not said so."""
        with self._changed:
            return self._attendance.first_frame

    @property
    def over(self) -> bool:
        """Whether the owner has finished or aborted the run, or this node has left it."""
        with self._changed:
            return self._attendance.over

    def wait_running(self, timeout_s: float) -> RunState | None:
        """Return the run's state once the owner has started it, None after ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self._attendance.state is not None, timeout_s)
            return self._attendance.state

    def owes(self, stamp_ns: int) -> bool | None:
        """Say whether a frame is this node's to answer; None while nobody has told."""
        with self._changed:
            return self._attendance.owes(stamp_ns)

    def begin(self, stamp_ns: int) -> bool:
        """Say whether a frame is to be worked on now; each is begun at most once, in order."""
        with self._changed:
            return self._attendance.begin(stamp_ns)

    def answer(self, stamp_ns: int, counts: Mapping[str, int], error: str = "") -> None:
        """Answer the frame stamped ``stamp_ns`` (ns); ``error`` says why it failed, if it did."""
        with self._changed:
            answer = self._attendance.answer(stamp_ns, counts, error)
            self._say([] if answer is None else [answer])

    def heard(self, other: Declaration) -> None:
        """Tell the owner that another one's announcement has come."""
        with self._changed:
            self._say([self._attendance.heard(other)])

    def leave(self) -> None:
        """Tell the owner that this node answers no more, and give it a moment to hear it.

        ROS tells of a node's end too, but in a message that may be lost, and again after 20 s.
        """
        with self._changed:
            if self._attendance.left:
                return
            self._say([self._attendance.farewell()])
        let_arrive([self._done], _HEARD_S)

    def _announce(self) -> None:
        with self._changed:
            if not self._attendance.outside:
                self._timer.cancel()  # each call takes the executor some milliseconds
                return
        waits = "; ".join(self._unready())
        with self._changed:
            word = self._attendance.announcement(waits)
            self._say([] if word is None else [word])

    def _say(self, words: Sequence[Announcement | Answer | Farewell | Heard]) -> None:
        for word in words:
            self._done.publish(done_message(word))

    def _on_run(self, message: String) -> None:
        state = run_state(message)
        with self._changed:
            self._say(self._attendance.hear(state))
            if self._attendance.outside and self._timer.is_canceled():
                self._timer.reset()
            self._changed.notify_all()


class Barrier:
    """The owner's side: hears the others, and holds a frame open until they have answered."""

    def __init__(self, node: Node, participants: Sequence[str], run_id: str) -> None:
        """Await ``participants``, once ``listen`` is called; others may join at any time."""
        self._node = node
        self._roster = Roster(participants, run_id)
        self._changed = threading.Condition()
        self._state: RunState | None = None
        self._number = 0
        self._told_s = 0.0
        self._run = node.create_publisher(String, _RUN.name, profile(_RUN.qos))

    def listen(self) -> None:
        """Hear the others from now on; to be called when all that is read of them is subscribed to.

        Readers are told to others in the order in which they were made: whoever is heard here knows
        of all of them, and nothing that it sends is lost.
        """
        qos = profile(_DONE.qos)
        self._node.create_subscription(DiagnosticArray, _DONE.name, self._on_done, qos)

    @property
    def stray(self) -> int:
        """How many words belonged to no frame, run or participant of now."""
        with self._changed:
            return self._roster.strays

    @property
    def members(self) -> tuple[Member, ...]:
        """Who takes part."""
        with self._changed:
            return self._roster.members

    @property
    def left(self) -> frozenset[str]:
        """Who has said farewell, and does not want to take part again."""
        with self._changed:
            return self._roster.left

    @property
    def commanded(self) -> bool:
        """Whether somebody takes part who sends commands."""
        with self._changed:
            return self._roster.commanded

    def say(self, state: RunState) -> None:
        """Publish the run's state, with who takes part."""
        self._state = state
        self._tell(None)

    def news(self) -> list[str]:
        """Return the sentences about who came and left, each once."""
        with self._changed:
            told = [*self._roster.news]
            self._roster.news.clear()
            return told

    def unready(self) -> list[str]:
        """Return a phrase for each required participant that is not ready to begin."""
        with self._changed:
            return self._roster.unready()

    def reads(self) -> dict[str, tuple[str, ...]]:
        """Return by name which topics those want who are about to take part."""
        with self._changed:
            return {of.name: of.reads for of in self._roster.wanting()}

    def open(self, frame: int, stamp_ns: int) -> None:
        """Open a frame before anything of it is published, and admit who is ready."""
        with self._changed:
            changed = self._roster.open(frame, stamp_ns)
        if changed:
            self._tell(None, frame)

    def wait(
        self,
        patience: Callable[[Roster], FrameWait],
        complete: Callable[[Mapping[str, Answer]], bool],
        on_ask: Callable[[Asked], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> GoOn | Abort:
        """Wait for the answers to the open frame and close it; return how that ended.

        * patience: makes the rule by which it is decided.
        * complete: may demand more, once all have answered (say, that the counted commands have
          arrived too); it is asked again on ``notify``.
        * on_ask: hears who is late, each time that they are asked again.
        * check: is called every second or so, and raises what is to end the wait.
        """
        began_s = time.monotonic()
        rule = patience(self._roster)
        while True:
            check()
            with self._changed:
                verdict = rule.verdict(time.monotonic() - began_s, complete)
                if isinstance(verdict, GoOn | Abort):
                    self._roster.close()
                    return verdict
                if not isinstance(verdict, Ask):
                    left_s = began_s + verdict.until_s - time.monotonic()
                    self._changed.wait(min(max(left_s, 0.001), _CHECK_S))
                    continue
            self._tell(verdict.asked, verdict.asked.frame)
            on_ask(verdict.asked)

    def notify(self) -> None:
        """Let a running ``wait`` look again."""
        with self._changed:
            self._changed.notify_all()

    def _tell(self, asked: Asked | None, frame: int | None = None) -> None:
        with self._changed:
            if self._state is None:
                return
            self._number += 1
            self._told_s = time.monotonic()
            frames = self._state.frames if frame is None else frame
            state = replace(
                self._state, number=self._number, members=self.members, asked=asked, frames=frames
            )
            self._run.publish(run_message(state))

    def _on_done(self, message: DiagnosticArray) -> None:
        word = done_word(message)
        with self._changed:
            self._roster.hear(word)
            self._changed.notify_all()
            if isinstance(word, Announcement):
                self._admit_again(word.of)

    def _admit_again(self, declaration: Declaration) -> None:
        """Tell a member anew that it is one, if it does not know after a second."""
        unaware = any(member.of == declaration for member in self._roster.members)
        if unaware and time.monotonic() - self._told_s > _UNAWARE_S:
            self._node.get_logger().warning(
                f"{declaration.name} has not heard that it takes part; it is told again"
            )
            self._tell(None, self._roster.frame)
