"""A world in which owner and participants of a lock-step meet, and everything may go wrong.

Rosters, attendances, gates, patience and command queues are the real ones; network, time and
workers are what a test makes them: words and frames come in any order, twice or never.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from carla_nurec_bridge.core.lockstep.attendance import Attendance
from carla_nurec_bridge.core.lockstep.command_queue import CommandQueue
from carla_nurec_bridge.core.lockstep.frame_gate import FrameGate
from carla_nurec_bridge.core.lockstep.patience import Abort, Ask, FrameWait, GoOn
from carla_nurec_bridge.core.lockstep.roster import Roster
from carla_nurec_bridge.core.lockstep.words import Announcement, Declaration, RunState

T0, DT = 1_000, 50
TOPIC = "command/ackermann"
ME, EVERYBODY = "owner", ("a", "b", "c")


class Peer:
    """A participant as ``Participation`` makes one: attendance, gate, frames in work.

    These are one, and as many more as it may be behind.
    """

    def __init__(self, name: str, life: int, period: int, behind: int) -> None:
        self.attendance = Attendance(
            Declaration(name, f"{name}{life}", period, behind_frames=behind)
        )
        self.gate: FrameGate[Any] = FrameGate(self.attendance.owes, self.attendance.begin)
        self.life = life
        self.heard_frame = False
        self.working: list[int] = []
        self.worked: list[int] = []

    @property
    def name(self) -> str:
        return self.attendance.of.name

    def waits(self) -> str:
        state = self.attendance.state
        late = state is not None and state.begun and not self.heard_frame
        return "no whole frame yet" if late else ""


@dataclass
class Model:
    """The world; ``actions`` are what may happen next, ``do`` lets it happen."""

    required: tuple[str, ...]
    policy: Any
    frames: int = 2
    periods: dict[str, int] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    volunteers: tuple[str, ...] = ()
    losses: int = 0
    copies: int = 0
    departures: int = 0
    crashes: int = 0
    patience: int = 99

    def __post_init__(self) -> None:
        self.roster = Roster(self.required, "run")
        self.queue: CommandQueue[int] = CommandQueue((TOPIC,), lockstep=True, hold_ns=0)
        self.peers = {name: self._born(name, 0) for name in self.required}
        self.net: list[tuple[str, Any]] = []
        self.rule: FrameWait | None = None
        self.elapsed_s = 0.0
        self.number = 0
        self.phase = "starting"
        self.missed: list[tuple[int, str]] = []
        self.accepted: list[int] = []
        self.acted: list[int] = []
        self.gone: set[str] = set()

    def _born(self, name: str, life: int) -> Peer:
        return Peer(name, life, self.periods.get(name, 1), self.behind.get(name, 0))

    def stamp(self, frame: int) -> int:
        return T0 + frame * DT

    # What may happen

    def actions(self) -> Iterator[tuple[Any, ...]]:
        seen = set()
        for i, message in enumerate(self.net):
            key = repr(message)
            if key in seen:
                continue
            seen.add(key)
            yield ("deliver", i)
            if self.copies:
                yield ("copy", i)
            if self.losses and not self._final(message):
                yield ("lose", i)
        for name, peer in self.peers.items():
            if name in self.gone:
                continue
            if peer.working:
                yield ("work", name)
            if self._announceable(peer):
                yield ("announce", name)
            if self.departures and self.phase != "over" and not peer.attendance.over:
                yield ("leave", name)
            if self.crashes and self.phase != "over":
                yield ("restart", name)
        for name in self.volunteers:
            if name not in self.peers and self.phase != "over":
                yield ("join", name)
        if self.phase == "starting" and not self.roster.unready():
            yield ("begin",)
        if self.phase == "paused" and not self.roster.unready():
            yield ("resume",)
        if self.phase == "between":
            yield ("frame",)
        if self.phase == "waiting" and self.patience:
            yield ("time",)

    def _final(self, message: tuple[str, Any]) -> bool:
        """The last word is latched and reliable; whoever misses it is ended by the supervisor."""
        return isinstance(message[1], RunState) and message[1].state != "running"

    def _announceable(self, peer: Peer) -> bool:
        word = peer.attendance.announcement(peer.waits())
        return word is not None and (ME, word) not in self.net and not self._known(word)

    def _known(self, word: Announcement) -> bool:
        """Whether saying it again changes nothing (it is said again and again)."""
        held = self.roster._wanting.get(word.of.name)
        member = self.roster._members.get(word.of.name)
        return held == word or (member is not None and member.of == word.of)

    def do(self, action: tuple[Any, ...]) -> None:
        match action:
            case ("deliver", i):
                self._deliver(self.net.pop(i))
            case ("copy", i):
                self.copies -= 1
                self._deliver(self.net[i])
            case ("lose", i):
                self.losses -= 1
                self.net.pop(i)
            case ("work", name):
                self._work(self.peers[name])
            case ("announce", name):
                peer = self.peers[name]
                self.net.append((ME, peer.attendance.announcement(peer.waits())))
            case ("leave", name):
                self.departures -= 1
                self.net.append((ME, self.peers[name].attendance.farewell()))
                self.gone.add(name)
            case ("restart", name):
                self.crashes -= 1
                self._replace(name)
            case ("join", name):
                self.peers[name] = self._born(name, 0)
                self._tell_latched(name)
            case ("begin",):
                self._say()
                self.phase = "paused"
            case ("resume",):
                self._open(0)
            case ("frame",):
                self._open(self.roster.frame + 1)
            case ("time",):
                self.patience -= 1
                self._pass_time()
        self._settle()
        self.net.sort(key=repr)
        self.check()

    def _replace(self, name: str) -> None:
        self.gone.discard(name)
        self.peers[name] = self._born(name, self.peers[name].life + 1)
        self.net = [m for m in self.net if m[0] != name]
        self._tell_latched(name)

    # The owner, as LockstepOwner and Barrier are

    def _say(self, state: str = "running", asked: Any = None) -> None:
        self.number += 1
        self.said = RunState(
            "run",
            state,
            "",
            max(self.roster.frame, 0),
            T0,
            DT,
            number=self.number,
            begun=self.roster.frame >= 0,
            members=self.roster.members,
            asked=asked,
        )
        self.net += [(name, self.said) for name in self.peers if name not in self.gone]

    def _tell_latched(self, name: str) -> None:
        if self.phase != "starting":
            self.net.append((name, self.said))

    def _open(self, frame: int) -> None:
        acting = self.queue.acting()
        if acting is not None:
            self.acted.append(acting[0])
        assert frame == self.roster.frame + 1, "frames are made one by one"
        if self.roster.open(frame, self.stamp(frame)) or frame == 0:
            self._say()
        self.queue.open(self.stamp(frame))
        self._wait(whole=False)
        self.net += [
            (name, SimpleNamespace(stamp_ns=self.stamp(frame)))
            for name in self.peers
            if name not in self.gone
        ]

    def _wait(self, *, whole: bool) -> None:
        self.rule = FrameWait(self.roster, self.policy, frame_s=1.0, first_frame_s=1.0, whole=whole)
        self.elapsed_s, self.phase = 0.0, "waiting"

    def _complete(self, answers: Any) -> bool:
        return all(
            self.queue.arrived(topic) >= n
            for a in answers.values()
            for topic, n in a.counts.items()
        )

    def _settle(self) -> None:
        while self.phase == "waiting":
            assert self.rule is not None
            verdict = self.rule.verdict(self.elapsed_s, self._complete)
            if isinstance(verdict, Ask):
                self._say(asked=verdict.asked)
            elif isinstance(verdict, GoOn):
                self._end_frame(verdict)
            elif isinstance(verdict, Abort):
                self.phase = "over"
                self.aborted = verdict
                self._say("aborted")
            else:
                self.until_s = verdict.until_s
                return

    def _end_frame(self, verdict: GoOn) -> None:
        assert self.rule is not None
        whole = self.rule.whole
        owing = self.roster.owing(whole=whole)
        later = {(owed.frame, owed.member.of.name) for owed in owing if not owed.needed}
        for opened in self.roster.open_frames:
            for member in self.roster.members:
                of, at = member.of, (opened.number, member.of.name)
                due = of.is_due(opened.number) and member.from_frame <= opened.number
                if not due or at in later or at in self.missed:
                    continue
                peer, answer = self.peers[of.name], opened.answers.get(of.name)
                if answer is None or not answer.ok:
                    assert answer is not None or of.name in verdict.late, f"{at} was not waited for"
                    self.missed.append(at)
                elif peer.attendance.of.incarnation == of.incarnation:
                    assert opened.number in peer.worked, f"{of.name} skipped {opened.number}"
        assert self.roster.frame - min([at for at, _ in later], default=self.roster.frame) < max(
            [1, *self.behind.values()]
        ), "somebody is further behind than he may be"
        self.roster.close(whole=whole)
        if self.roster.frame < self.frames:
            self.phase = "between"
        elif self.roster.open_frames:
            self._wait(whole=True)
        else:
            self.phase = "over"
            self._say("finished")

    def _pass_time(self) -> None:
        self.elapsed_s = max(self.elapsed_s, self.until_s)

    # The others

    def _deliver(self, message: tuple[str, Any]) -> None:
        to, word = message
        if to == ME:
            if isinstance(word, tuple):
                topic, stamp_ns = word
                if self.queue.offer(topic, stamp_ns, stamp_ns) == "accepted":
                    self.accepted.append(stamp_ns)
            else:
                self.roster.hear(word)
            return
        peer = self.peers[to]
        if to in self.gone:
            return
        if isinstance(word, RunState):
            self.net += [(ME, answer) for answer in peer.attendance.hear(word)]
        else:
            peer.heard_frame = True
            peer.gate.add(word)
        self._take_up(peer)

    def _take_up(self, peer: Peer) -> None:
        room = peer.attendance.of.behind_frames + 1 - len(peer.working)
        if room and (frame := peer.gate.next()) is not None:
            number = (frame.stamp_ns - T0) // DT
            begun = [*peer.worked, *((stamp_ns - T0) // DT for stamp_ns in peer.working)]
            assert not begun or number > begun[-1], "a frame was taken up again"
            peer.working.append(frame.stamp_ns)
            self._take_up(peer)

    def _work(self, peer: Peer) -> None:
        stamp_ns = peer.working.pop(0)
        peer.worked.append((stamp_ns - T0) // DT)
        counts = {}
        if peer.name == "a":
            self.net.append((ME, (TOPIC, stamp_ns)))
            counts = {TOPIC: 1}
        answer = peer.attendance.answer(stamp_ns, counts)
        if answer is not None:
            self.net.append((ME, answer))
        self._take_up(peer)

    def key(self) -> str:
        """Return what makes this world another than one that came about otherwise."""
        roster, queue, rule = self.roster, self.queue, self.rule
        peers = [
            (
                name,
                vars(peer.attendance),
                [frame.stamp_ns for frame in peer.gate._waiting],
                (peer.life, peer.heard_frame, peer.working, peer.worked),
            )
            for name, peer in sorted(self.peers.items())
        ]
        parts = (
            (self.phase, self.net, self.number, sorted(self.gone), self.elapsed_s),
            (self.losses, self.copies, self.departures, self.crashes, self.patience),
            (roster.frame, roster.open_frames, roster._members, roster._commanding),
            sorted(roster._wanting.items()),
            sorted(roster._gone.items()),
            (queue._open_ns, queue._entries, queue._arrived, self.accepted, self.acted),
            (rule._ask_s, rule._asks, rule._asked_early, rule.whole) if rule is not None else None,
            peers,
        )
        return repr(parts)

    # What must hold

    def check(self) -> None:
        """Nothing is applied twice, nothing goes back."""
        assert len(set(self.accepted)) == len(self.accepted), "a command was taken twice"
        assert self.acted == sorted(self.acted), "an older command acted after a newer one"
        for peer in self.peers.values():
            assert peer.worked == sorted(set(peer.worked)), f"{peer.name} did a frame twice"

    def finish(self, limit: int = 400) -> None:
        """Let a fair world run on: everything arrives, whoever is gone silently is started anew.

        AssertionError when it does not come to its end.
        """
        self.losses = self.copies = self.departures = 0
        for _ in range(limit):
            calm = [a for a in self.actions() if a[0] not in FAULTS]
            if calm:
                self.do(calm[0])
            elif self.phase == "over":
                break
            elif self.phase == "waiting":
                owing = {owed.member.of.name for owed in self.roster.owing()}
                for name in sorted(owing & self.gone):
                    self._replace(name)  # its farewell was lost
                self.patience = 1
                self.do(("time",))
            else:
                for name in [n for n in self.required if n in self.gone]:
                    self._replace(name)
        assert self.phase == "over", f"stuck: {self.phase}, frame {self.roster.frame}, {self.net}"
        for name, peer in self.peers.items():
            assert name in self.gone or peer.attendance.over, f"{name} has not ended"


FAULTS = ("time", "restart", "leave", "join", "copy", "lose")
"""What a fair world may leave undone."""


def explore(model: Model, most: int) -> int:
    """Go through every state that can be reached from a model; return how many there are.

    From each one a fair world comes to its end: either something is left to be done that is no
    fault, or it goes on by time alone; nothing that is done takes the world back.
    """
    known, todo = {model.key()}, [pickle.dumps(model)]
    while todo:
        blob = todo.pop()
        actions = list(pickle.loads(blob).actions())
        if all(action[0] in FAULTS for action in actions):
            pickle.loads(blob).finish()
        for action in actions:
            after = pickle.loads(blob)
            after.do(action)
            key = after.key()
            if key not in known:
                known.add(key)
                todo.append(pickle.dumps(after))
                assert len(known) <= most, "more states than expected"
    return len(known)
