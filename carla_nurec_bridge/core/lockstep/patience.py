"""How long the owner waits for the answers to a frame, and what it does then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .roster import Owed, Roster
from .words import Answer, Asked

Policy = Literal["wait", "hold", "abort"]
_ASKS_FOR_COMMANDS = 2
_EARLY = 3.0
COMMAND = "a command that was announced"


@dataclass(frozen=True)
class Wait:
    """Look again when something was said, or ``until_s`` after the frame was opened."""

    until_s: float


@dataclass(frozen=True)
class Ask:
    """Ask for answers, early or late, and wait on."""

    asked: Asked


@dataclass(frozen=True)
class GoOn:
    """Make the next frame; ``late`` names who was waited for in vain, ``failed`` said ERROR."""

    late: tuple[str, ...] = ()
    failed: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Abort:
    """End the run: ``failed`` says ERROR to ``frame``, or ``late`` have had their ``limit_s``."""

    frame: int
    late: tuple[str, ...] = ()
    failed: Answer | None = None
    limit_s: float = 0.0


@dataclass(frozen=True)
class _Due:
    """What is waited for: whose answer to which frame, for how long, and whether it must come."""

    name: str
    frame: int
    limit_s: float
    needed: bool = True


class FrameWait:
    """The wait for the answers that the next frame needs, decided by wall time and by what came.

    * ``abort``: ends the run at the first ERROR and the first who is late.
    * ``hold``: goes on when everybody has answered or is late; the last command holds.
    * ``wait``: waits on, and asks again after each deadline.

    Who may be behind is not waited for, but where that is over; what its answer takes counts anew
    with each wait. With ``abort`` and ``hold`` those who owe an answer are asked for it once before
    they are late, at a third of the shortest limit: one that was lost is given again. Frames are
    asked for one by one, the oldest first.
    An ERROR does not end the wait for the others, but with ``abort``. Announced commands are
    waited for as long as answers; with ``wait``, two deadlines more.
    """

    def __init__(
        self,
        roster: Roster,
        policy: Policy,
        *,
        frame_s: float,
        first_frame_s: float,
        whole: bool = False,
    ) -> None:
        """Wait as ``policy`` says; ``whole``: until nobody is behind any more."""
        self.whole = whole
        self._roster = roster
        self._policy = policy
        self._limits_s = (frame_s, first_frame_s)
        self._ask_s: float | None = None
        self._asks = 0
        self._asked_early: set[int] = set()

    def verdict(
        self, elapsed_s: float, complete: Callable[[Mapping[str, Answer]], bool]
    ) -> Wait | Ask | GoOn | Abort:
        """Say what is to be done ``elapsed_s`` (wall time) after the wait began.

        * complete: whether what the answers announce has arrived; topics have no order.
        """
        roster = self._roster
        owing = roster.owing(whole=self.whole)
        if self._policy == "abort":
            for frame in roster.open_frames:
                for answer in frame.answers.values():
                    if not answer.ok:
                        return Abort(frame.number, failed=answer)
        if any(owed.needed for owed in owing):
            due = [
                _Due(
                    owed.member.of.name,
                    owed.frame,
                    roster.patience_s(owed.member, owed.frame, *self._limits_s),
                    owed.needed,
                )
                for owed in owing
            ]
        elif complete(roster.answers):
            return GoOn(failed=self._failed(owing))
        else:
            due = [_Due(COMMAND, roster.frame, self._command_limit_s())]
        late = [one for one in due if elapsed_s >= one.limit_s]
        if self._policy == "wait":
            return self._ask(elapsed_s, due, late, owing)
        if late and self._policy == "abort":
            names = tuple(one.name for one in late if one.frame == late[0].frame)
            return Abort(late[0].frame, names, limit_s=min(one.limit_s for one in late))
        if all(one in late for one in due if one.needed):
            names = tuple(one.name for one in late if one.needed)
            return GoOn(names, self._failed(owing))
        until_s = min(one.limit_s for one in due if one not in late)
        early = [one for one in due if one.frame not in self._asked_early and one.name != COMMAND]
        if any(one.needed for one in early):
            early_s = min(one.limit_s for one in due) / _EARLY
            if elapsed_s >= early_s:
                first = early[0].frame
                self._asked_early.add(first)
                return Ask(Asked(first, tuple(d.name for d in due if d.frame == first), 0))
            until_s = min(until_s, early_s)
        return Wait(until_s)

    def _failed(self, owing: Sequence[Owed]) -> tuple[Answer, ...]:
        """Return the ERRORs to the frames that are over now."""
        later = {owed.frame for owed in owing if not owed.needed}
        over = (frame for frame in self._roster.open_frames if frame.number not in later)
        return tuple(a for frame in over for a in frame.answers.values() if not a.ok)

    def _command_limit_s(self) -> float:
        roster = self._roster
        members = [m for m in roster.members if m.of.name in roster.answers]
        limits = [roster.patience_s(member, roster.frame, *self._limits_s) for member in members]
        return max(limits, default=self._limits_s[0])

    def _ask(
        self, elapsed_s: float, due: Sequence[_Due], late: Sequence[_Due], owing: Sequence[Owed]
    ) -> Wait | Ask | GoOn:
        if not late:
            return Wait(min(one.limit_s for one in due))
        if self._ask_s is None or elapsed_s >= self._ask_s:
            if late[0].name == COMMAND and self._asks >= _ASKS_FOR_COMMANDS:
                return GoOn((COMMAND,), self._failed(owing))
            asked = [one for one in late if one.frame == late[0].frame]
            self._asks += 1
            self._ask_s = elapsed_s + min(one.limit_s for one in asked)
            return Ask(Asked(late[0].frame, tuple(one.name for one in asked), self._asks))
        later = (one.limit_s for one in due if one.limit_s > elapsed_s)
        return Wait(min([self._ask_s, *later]))
