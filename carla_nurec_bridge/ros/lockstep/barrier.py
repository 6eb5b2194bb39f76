"""The side of the owner of time in lock-step: it waits until every participant has answered.

Who may go on when is decided in ``core/lockstep``; the participants' side is ``Participant``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from std_msgs.msg import String

from ...core.lockstep.patience import Abort, Ask, FrameWait, GoOn
from ...core.lockstep.roster import Roster
from ...core.lockstep.words import Announcement, Answer, Asked, Declaration, Member, RunState
from ...core.run_contract.topics import TOPICS
from ..publishers.qos import profile
from .wire import done_word, run_message

_DONE = TOPICS["lockstep_done"]
_RUN = TOPICS["lockstep_run"]
_UNAWARE_S = 1.0
_LONGER = 2.0
_CHECK_S = 1.0


class Barrier:
    """The owner's side: hears the others, and holds frames open until they have answered."""

    def __init__(self, node: Node, participants: Sequence[str], run_id: str) -> None:
        """Await ``participants``, once ``listen`` is called; others may join at any time."""
        self._node = node
        self._roster = Roster(participants, run_id)
        self._changed = threading.Condition()
        self._state: RunState | None = None
        self._number = 0
        self._asked: Asked | None = None
        self._told_s = 0.0
        self._again_s = _UNAWARE_S
        self._unaware = (-1, "")
        self.told_again = 0
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
    def answered(self) -> bool:
        """Whether everybody has answered all frames."""
        with self._changed:
            return not self._roster.open_frames

    @property
    def commanded(self) -> bool:
        """Whether somebody takes part who sends commands."""
        with self._changed:
            return self._roster.commanded

    def say(self, state: RunState) -> None:
        """Publish the run's state, with who takes part."""
        self._state = state
        self._tell()

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
            first = self._roster.frame < 0
            if self._roster.open(frame, stamp_ns) or first:
                self._again_s = _UNAWARE_S
                self._tell(frame)

    def wait(
        self,
        patience: Callable[[Roster], FrameWait],
        complete: Callable[[Mapping[str, Answer]], bool],
        on_ask: Callable[[Asked], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> GoOn | Abort:
        """Wait for the answers that the next frame needs; return how that ended.

        Frames that have had all their answers are closed then.

        * patience: makes the rule by which it is decided.
        * complete: may demand more, once all have answered (say, that the counted commands have
          arrived too); it is asked again on ``notify``.
        * on_ask: hears each time who is asked for an answer.
        * check: is called at each look, once a second at least, and raises what is to end the wait.
        """
        began_s = time.monotonic()
        rule = patience(self._roster)
        while True:
            check()
            with self._changed:
                verdict = rule.verdict(time.monotonic() - began_s, complete)
                if isinstance(verdict, GoOn | Abort):
                    self._roster.close(whole=rule.whole)
                    self._asked = None
                    return verdict
                if not isinstance(verdict, Ask):
                    left_s = began_s + verdict.until_s - time.monotonic()
                    self._changed.wait(min(max(left_s, 0.001), _CHECK_S))
                    continue
                self._asked = verdict.asked
                self._tell(verdict.asked.frame)
            on_ask(verdict.asked)

    def notify(self) -> None:
        """Let a running ``wait`` look again."""
        with self._changed:
            self._changed.notify_all()

    def _tell(self, frame: int | None = None) -> None:
        with self._changed:
            if self._state is None:
                return
            self._number += 1
            self._told_s = time.monotonic()
            frames = self._state.frames if frame is None else frame
            state = replace(
                self._state,
                number=self._number,
                begun=self._roster.frame >= 0,
                members=self.members,
                asked=self._asked,
                frames=frames,
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
        """Tell a member anew that it is one, if it does not know after a second, ever rarer.

        One announcement may have been under way when it was told, so the second one counts.
        """
        is_member = any(member.of == declaration for member in self._roster.members)
        if not is_member or time.monotonic() - self._told_s < self._again_s:
            return
        before, self._unaware = self._unaware, (self._number, declaration.name)
        if self._unaware == before:
            self._again_s *= _LONGER
            self.told_again += 1
            self._node.get_logger().warning(
                f"{declaration.name} has not heard that it takes part; it is told again"
            )
            self._tell(self._roster.frame)
