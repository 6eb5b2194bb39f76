"""How long the owner waits for the answers to a frame, and what it does then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .roster import Roster
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
    """Make the next frame; ``late`` names who has not answered this one."""

    late: tuple[str, ...] = ()
    failed: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Abort:
    """End the run: ``failed`` says ERROR, or ``late`` are over their time of ``limit_s``."""

    late: tuple[str, ...] = ()
    failed: Answer | None = None
    limit_s: float = 0.0


class FrameWait:
    """The wait for the answers to one frame, decided by wall time and by what has come.

    * ``abort``: ends the run at the first ERROR and the first who is late.
    * ``hold``: goes on when everybody has answered or is late; the last command holds.
    * ``wait``: waits on, and asks again after each deadline.

    With ``abort`` and ``hold`` those who owe an answer are asked for it once before they are late,
    at a third of the shortest limit: one that was lost is given again.
    An ERROR does not end the wait for the others, but with ``abort``. Announced commands are
    waited for as long as answers; with ``wait``, two deadlines more.
    """

    def __init__(
        self, roster: Roster, policy: Policy, *, frame_s: float, first_frame_s: float
    ) -> None:
        self._roster = roster
        self._policy = policy
        self._limits_s = (frame_s, first_frame_s)
        self._ask_s: float | None = None
        self._asks = 0

    def verdict(
        self, elapsed_s: float, complete: Callable[[Mapping[str, Answer]], bool]
    ) -> Wait | Ask | GoOn | Abort:
        """Say what is to be done ``elapsed_s`` (wall time) after the frame was opened.

        * complete: whether what the answers announce has arrived; topics have no order.
        """
        roster = self._roster
        answers, owing = roster.answers, roster.owing()
        failed = tuple(answer for answer in answers.values() if not answer.ok)
        if failed and self._policy == "abort":
            return Abort(failed=failed[0])
        if not owing and complete(answers):
            return GoOn(failed=failed)
        limits = {m.of.name: roster.patience_s(m, *self._limits_s) for m in owing}
        if not owing:
            limits = {COMMAND: self._command_limit_s()}
        late = tuple(name for name, limit_s in limits.items() if elapsed_s >= limit_s)
        if self._policy == "wait":
            return self._ask(elapsed_s, late, limits, failed)
        if late and self._policy == "abort":
            return Abort(late=late, limit_s=min(limits[name] for name in late))
        if len(late) == len(limits):
            return GoOn(late, failed)
        until_s = min(limit_s for limit_s in limits.values() if limit_s > elapsed_s)
        if owing and not self._asks:
            early_s = min(limits.values()) / _EARLY
            if elapsed_s >= early_s:
                self._asks = 1
                return Ask(Asked(roster.frame, tuple(limits), 0))
            until_s = min(until_s, early_s)
        return Wait(until_s)

    def _command_limit_s(self) -> float:
        members = [m for m in self._roster.members if m.of.name in self._roster.answers]
        limits = [self._roster.patience_s(member, *self._limits_s) for member in members]
        return max(limits, default=self._limits_s[0])

    def _ask(
        self,
        elapsed_s: float,
        late: tuple[str, ...],
        limits: Mapping[str, float],
        failed: tuple[Answer, ...],
    ) -> Wait | Ask | GoOn:
        if not late:
            return Wait(min(limits.values()))
        if self._ask_s is None or elapsed_s >= self._ask_s:
            if late == (COMMAND,) and self._asks >= _ASKS_FOR_COMMANDS:
                return GoOn(late, failed)
            self._asks += 1
            self._ask_s = elapsed_s + min(limits[name] for name in late)
            return Ask(Asked(self._roster.frame, late, self._asks))
        later = (limit_s for limit_s in limits.values() if limit_s > elapsed_s)
        return Wait(min([self._ask_s, *later]))
