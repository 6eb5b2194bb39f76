"""The owner's side of lock-step: who takes part, and who owes which open frame an answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .words import Announcement, Answer, Declaration, Farewell, Heard, Member

_NEWS_KEPT = 1000
_EARLY_FRAMES = 2


@dataclass
class OpenFrame:
    """A frame whose answers are yet to come, or have come; ``due`` may give one.

    Once it is ``settled`` the next one may be made: only who may be behind is waited for.
    """

    number: int
    stamp_ns: int
    due: tuple[Member, ...]
    answers: dict[str, Answer] = field(default_factory=dict)
    settled: bool = False


@dataclass(frozen=True)
class Owed:
    """An answer that has not come; the next frame must wait for it if it is ``needed``."""

    frame: int
    member: Member
    needed: bool


class Roster:
    """Members, those who want to become some, and the answers to the open frames.

    Frames are opened one by one. Those before the newest are open for members that may be so far
    ``behind_frames``. Everything goes by stamps and names: what is said twice, late, early or by
    somebody else changes nothing and is counted in ``strays`` or ``repeated``. Members come and go
    between two frames; one that leaves, or is started anew, owes no open frame anything any more.
    Not to be shared between threads.
    """

    def __init__(self, required: Sequence[str], run_id: str) -> None:
        """Await the participants named in ``required``; others may come at any time."""
        self._required = tuple(required)
        self._run_id = run_id
        self._wanting: dict[str, Announcement] = {}
        self._members: dict[str, Member] = {}
        self._gone: dict[str, str] = {}
        self._heard: set[Heard] = set()
        self._silent: frozenset[str] = frozenset()
        self._kept_out: set[Declaration] = set()
        self._open: list[OpenFrame] = []
        self._commanding: set[str] = set()
        self.frame = -1
        self.strays = 0
        self.repeated = 0
        self.news: deque[str] = deque(maxlen=_NEWS_KEPT)

    @property
    def members(self) -> tuple[Member, ...]:
        """Who takes part, in the order in which they act within a frame."""
        names = list(self._members)
        first = [name for name in self._required if name in self._members]
        return tuple(self._members[n] for n in first + [n for n in names if n not in first])

    @property
    def left(self) -> frozenset[str]:
        """Who has left, and does not want to take part again."""
        return frozenset(self._gone.keys() - self._members.keys() - self._wanting.keys())

    @property
    def commanded(self) -> bool:
        """Whether somebody takes part, or is yet to come, who has told of commands."""
        return bool(self._commanding)

    @property
    def open_frames(self) -> tuple[OpenFrame, ...]:
        """The frames that are open, the oldest first."""
        return tuple(self._open)

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The answers to the newest frame by who gave them, until it is settled."""
        newest = self._open[-1] if self._open else None
        return {} if newest is None or newest.settled else newest.answers

    def unready(self) -> list[str]:
        """Return a phrase for each required participant that is not ready to begin."""
        phrases = []
        for name in self._required:
            wanting = self._wanting.get(name)
            if name in self._members:
                continue
            if wanting is None:
                phrases.append(f"{name} has not been heard of")
            elif wanting.waits:
                phrases.append(f"{name} waits: {wanting.waits}")
            else:
                phrases += [f"{deaf} does not hear {name} yet" for deaf in self._deaf_to(wanting)]
        return phrases

    def wanting(self) -> tuple[Declaration, ...]:
        """Return those who want to become members."""
        return tuple(each.of for each in self._wanting.values())

    def hear(self, word: Announcement | Answer | Farewell | Heard | None) -> None:
        """Take what somebody says; None is what nobody could understand."""
        match word:
            case Announcement():
                self._announced(word)
            case Farewell():
                self._says_farewell(word)
            case Answer():
                self._answered(word)
            case Heard():
                self._heard.add(word)
            case _:
                self.strays += 1

    def open(self, frame: int, stamp_ns: int) -> bool:
        """Open a frame, admit who is ready, and say whether the members have changed."""
        ready = [each.of for each in self._wanting.values() if self._is_ready(each)]
        self._tell_of_deaf(ready)
        for declaration in ready:
            del self._wanting[declaration.name]
            self._members[declaration.name] = Member(declaration, frame)
            if frame > 0:
                self.news.append(f"{declaration.name} takes part from frame {frame} on")
        self.frame = frame
        due = tuple(m for m in self.members if m.of.is_due(frame))
        self._open.append(OpenFrame(frame, stamp_ns, due))
        return bool(ready)

    def close(self, *, whole: bool = False) -> None:
        """Wait no more for what was needed: answers that still come to it are strays.

        * whole: nothing stays open for those who may be behind either.
        """
        owing = self.owing(whole=whole)
        self._silent = frozenset(owed.member.of.name for owed in owing if owed.needed)
        later = {(owed.frame, owed.member) for owed in owing if not owed.needed}
        for frame in self._open:
            frame.settled = True
            frame.due = tuple(
                m for m in frame.due if m.of.name in frame.answers or (frame.number, m) in later
            )
        numbers = {number for number, _ in later}
        self._open = [frame for frame in self._open if frame.number in numbers]

    def owing(self, *, whole: bool = False) -> tuple[Owed, ...]:
        """Return the answers that are yet to come, those to the oldest frame first.

        * whole: nobody may be behind; who has told of commands never may.
        """
        return tuple(
            Owed(
                frame.number,
                m,
                whole
                or m.of.name in self._commanding
                or frame.number + m.of.behind_frames <= self.frame,
            )
            for frame in self._open
            for m in frame.due
            if self._members.get(m.of.name) is m and m.of.name not in frame.answers
        )

    def patience_s(self, member: Member, frame: int, frame_s: float, first_frame_s: float) -> float:
        """Return how long, in wall time, this member's answer to a frame may take."""
        limit_s = member.of.deadline_s or frame_s
        early = frame - member.from_frame <= _EARLY_FRAMES * member.of.period_frames
        return max(limit_s, first_frame_s) if early else limit_s

    def _is_ready(self, word: Announcement) -> bool:
        if self.frame < 0 and word.of.name in self._required:
            return True
        return not word.waits and not self._deaf_to(word)

    def _deaf_to(self, word: Announcement) -> list[str]:
        """Return who has to hear what a candidate sends, and has not said that it does.

        Who did not answer the last frame may have crashed, and keeps nobody out.
        """
        name, incarnation = word.of.name, word.of.incarnation
        candidates = [each.of for each in self._wanting.values() if not each.waits]
        listeners = [of for of in (*(m.of for m in self.members), *candidates) if of.hears_all]
        return [
            of.name
            for of in listeners
            if of.name != name
            and of.name not in self._silent
            and Heard(of.name, of.incarnation, name, incarnation) not in self._heard
        ]

    def _tell_of_deaf(self, ready: Sequence[Declaration]) -> None:
        """Say once of each candidate that it is not heard yet."""
        for word in self._wanting.values():
            if word.of not in ready and not word.waits and word.of not in self._kept_out:
                self._kept_out.add(word.of)
                self.news.append(f"{self._deaf_to(word)[0]} does not hear {word.of.name} yet")

    def _announced(self, word: Announcement) -> None:
        name, incarnation = word.of.name, word.of.incarnation
        if incarnation and incarnation <= self._gone.get(name, ""):
            return
        member, wanting = self._members.get(name), self._wanting.get(name)
        if member is not None and member.of.incarnation == incarnation:
            return  # it has not heard yet that it was admitted
        for known in (each.of.incarnation for each in (member, wanting) if each is not None):
            if incarnation < known:
                self.strays += 1
                return
        if member is not None:
            self._remove(member, "was started anew")
        self._wanting[name] = word

    def _says_farewell(self, word: Farewell) -> None:
        name, incarnation = word.participant, word.incarnation
        member, wanting = self._members.get(name), self._wanting.get(name)
        self._gone[name] = max(incarnation, self._gone.get(name, ""))
        if member is not None and member.of.incarnation == incarnation:
            self._remove(member, "has left")
        if wanting is not None and wanting.of.incarnation <= incarnation:
            del self._wanting[name]

    def _remove(self, member: Member, why: str) -> None:
        name = member.of.name
        del self._members[name]
        self._gone[name] = max(member.of.incarnation, self._gone.get(name, ""))
        self._commanding.discard(name)
        for frame in self._open:
            frame.answers.pop(name, None)
        self.news.append(f"{name} {why} at frame {self.frame}")

    def _answered(self, word: Answer) -> None:
        name = word.participant
        frame = next((f for f in self._open if f.stamp_ns == word.stamp_ns), None)
        due = frame.due if frame is not None else ()
        member = next((m for m in due if m.of.name == name), None)
        if (
            word.run_id != self._run_id
            or frame is None
            or member is None
            or self._members.get(name) is not member
            or word.incarnation != member.of.incarnation
        ):
            self.strays += 1
        elif name in frame.answers:
            self.repeated += 1
        else:
            frame.answers[name] = word
            if any(topic.startswith("command/") for topic in word.counts):
                self._commanding.add(name)
