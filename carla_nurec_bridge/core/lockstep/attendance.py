"""A participant's side of lock-step: which frames it owes, and what it has answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .words import Announcement, Answer, Asked, Declaration, Farewell, Heard, RunState

_KEPT = 64
_ASKS_FOR_FRAMES = 2


class Attendance:
    """What one participant knows of the run, and the answers that it has given.

    An answer is given once for a frame; it is said again when the owner asks for it, and kept
    until the owner has told from which frame on this participant is a member, ``first_frame``.
    ``left`` says whether it has said farewell. Not to be shared between threads.
    """

    def __init__(self, of: Declaration) -> None:
        self.of = of
        self.state: RunState | None = None
        self.first_frame: int | None = None
        self._answers: dict[int, Answer] = {}
        self._begun_ns = -1
        self._at_work: set[int] = set()
        self._asks: tuple[Asked | None, int] = (None, 0)
        self.left = False

    @property
    def over(self) -> bool:
        """Whether the owner has finished or aborted the run, or this participant has left it."""
        return self.left or (self.state is not None and self.state.state != "running")

    @property
    def outside(self) -> bool:
        """Whether the owner has yet to admit it."""
        free = self.state is not None and not self.state.lockstep
        return self.first_frame is None and not free and not self.over

    def announcement(self, waits: str) -> Announcement | None:
        """Return what it says of itself; None once it is a member, or the run is over."""
        return Announcement(self.of, waits) if self.outside else None

    def heard(self, other: Declaration) -> Heard:
        """Return what the owner is told when another's announcement has come."""
        return Heard(self.of.name, self.of.incarnation, other.name, other.incarnation)

    def farewell(self) -> Farewell:
        """Leave: no frame is begun or answered any more; return what the owner is told."""
        self.left = True
        return Farewell(self.of.name, self.of.incarnation)

    def hear(self, state: RunState) -> list[Answer]:
        """Take the owner's word; return what is to be said now.

        A word that is older than the last one heard is no news.
        """
        before = self.state
        if before is not None and before.run_id == state.run_id:
            if state.number < before.number:
                return []
        elif before is not None:
            self._answers, self._begun_ns, self.first_frame = {}, -1, None
            self._at_work.clear()
        self.state = state
        was_outside = self.first_frame is None
        member = state.member(self.of.name, self.of.incarnation)
        self.first_frame = None if member is None else member.from_frame
        if self.left or member is None:
            return []
        held = [a for a in self._answers.values() if self.owes(a.stamp_ns)] if was_outside else []
        return [replace(answer, run_id=state.run_id) for answer in held] + self._asked(state)

    def owes(self, stamp_ns: int) -> bool | None:
        """Say whether a frame is its to answer; None while it does not know."""
        if self.state is None or self.outside:
            return None
        if self.over:
            return False
        frame = self.state.frame_at(stamp_ns)
        if not self.of.is_due(frame):
            return False
        return self.first_frame is None or frame >= self.first_frame

    @property
    def at_work_ns(self) -> int | None:
        """The stamp of the oldest frame that was begun and is not answered, None without one."""
        return min(self._at_work, default=None)

    def begin(self, stamp_ns: int) -> bool:
        """Say whether a frame is to be worked on now: it is owed, new, and not behind another."""
        if not self.owes(stamp_ns) or stamp_ns <= self._begun_ns or stamp_ns in self._answers:
            return False
        self._begun_ns = stamp_ns
        self._at_work.add(stamp_ns)
        return True

    def answer(self, stamp_ns: int, counts: Mapping[str, int], error: str = "") -> Answer | None:
        """Answer a frame; return what is to be said now, None for nothing (yet).

        * counts: messages by topic that were published at it.
        * error: why it failed, if it did.
        """
        if stamp_ns in self._answers or self.over:
            return None
        self._at_work.discard(stamp_ns)
        run_id = self.state.run_id if self.state is not None else ""
        of = self.of
        answer = Answer(of.name, stamp_ns, run_id, not error, error, dict(counts), of.incarnation)
        self._answers[stamp_ns] = answer
        while len(self._answers) > _KEPT:
            del self._answers[min(self._answers)]
        return answer if self.owes(stamp_ns) else None

    def _asked(self, state: RunState) -> list[Answer]:
        """Say an answer again that got lost; say so where the frame itself did."""
        asked = state.asked
        if asked is None or self.of.name not in asked.names:
            return []
        stamp_ns = state.t0_ns + asked.frame * state.dt_ns
        if stamp_ns in self._answers:
            return [self._answers[stamp_ns]]
        if stamp_ns in self._at_work:
            return []
        if stamp_ns < self._begun_ns:  # a later frame has come before it: it is never begun
            return self._lost(asked.frame, stamp_ns)
        if asked.names[0] != self.of.name:
            return []  # those who act before it may still have to send what it needs
        last, times = self._asks
        if asked != last:
            times = times + 1 if last is not None and last.frame == asked.frame else 1
            self._asks = (asked, times)
        return self._lost(asked.frame, stamp_ns) if times >= _ASKS_FOR_FRAMES else []

    def _lost(self, frame: int, stamp_ns: int) -> list[Answer]:
        lost = self.answer(stamp_ns, {}, f"frame {frame} did not arrive whole")
        return [lost] if lost is not None else []
