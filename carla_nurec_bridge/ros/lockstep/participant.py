"""A participant's side of lock-step: it announces itself, and answers what it owes.

Who may go on when is decided in ``core/lockstep``. Until it is a member a participant announces
itself, with what it still lacks; the owner's latched run state starts and ends the run and says who
takes part.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from std_msgs.msg import String

from ...core.lockstep.attendance import Attendance
from ...core.lockstep.words import Announcement, Answer, Declaration, Farewell, Heard, RunState
from ...core.run_contract.topics import TOPICS
from ..publishers.qos import profile
from ..sending.arrival import let_arrive
from .wire import done_message, run_state

_DONE = TOPICS["lockstep_done"]
_RUN = TOPICS["lockstep_run"]
_ANNOUNCE_PERIOD_S = 0.2
_HEARD_S = 0.5


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
        behind_frames: int = 0,
    ) -> None:
        """Announce the node as a participant.

        * unready: phrases for what has to be there before it takes part; empty: nothing.
        * period_frames: it answers the frames whose number this divides.
        * deadline_s: wall time for its answers; 0 for the owner's.
        * reads: keys of the owner's topics that it needs from its first frame on.
        * hears_all: nobody takes part whom it has not ``heard``.
        * behind_frames: how many frames it may be behind those who drive.
        """
        self._log = node.get_logger()
        self._unready = unready
        self._changed = threading.Condition()
        topics = tuple(TOPICS[key].name for key in reads)
        incarnation = f"{time.time_ns():016x}{uuid.uuid4().hex[:4]}"
        self._attendance = Attendance(
            Declaration(
                node.get_name(),
                incarnation,
                period_frames,
                deadline_s,
                topics,
                hears_all,
                behind_frames,
            )
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
    def at_work_ns(self) -> int | None:
        """The stamp of the oldest frame that was begun and is not answered, None without one."""
        with self._changed:
            return self._attendance.at_work_ns

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
            words = self._attendance.hear(state)
            if state.asked is not None and self._attendance.of.name in state.asked.names:
                which = "is said again" if words else "is yet to come"
                self._log.info(f"the answer to frame {state.asked.frame} was asked for: it {which}")
            self._say(words)
            if self._attendance.outside and self._timer.is_canceled():
                self._timer.reset()
            self._changed.notify_all()
