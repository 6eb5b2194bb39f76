"""What owner and participants of a lock-step say to each other, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..run_contract.run_summary import Phase

MOST_BEHIND_FRAMES = 8
"""So far behind may be who only watches: fewer frames than a participant keeps waiting."""


@dataclass(frozen=True)
class Declaration:
    """What a participant says of itself.

    * incarnation: says which of several processes of that name it is, so that a node that was
      started anew is not taken for the one before: the greater text is the later. It may be empty;
      then a second one of that name is not told from the first.
    * period_frames: it answers the frames whose number this divides.
    * deadline_s: wall time for its answer; 0 for the owner's.
    * reads: topics of the owner that have to reach it from its first frame on.
    * hears_all: what any participant sends has to reach it; it says of each whether it does.
    * behind_frames: it only watches: its answer may come so many frames after that of who drives.
    """

    name: str
    incarnation: str = ""
    period_frames: int = 1
    deadline_s: float = 0.0
    reads: tuple[str, ...] = ()
    hears_all: bool = False
    behind_frames: int = 0

    def is_due(self, frame: int) -> bool:
        """Say whether it answers this frame."""
        return frame % self.period_frames == 0


@dataclass(frozen=True)
class Announcement:
    """A participant wants to take part; ``waits`` says what it lacks, empty when it is ready."""

    of: Declaration
    waits: str = ""


@dataclass(frozen=True)
class Heard:
    """Who ``hears_all`` has heard another's announcement, and so will hear all that it sends."""

    participant: str
    incarnation: str
    other: str
    other_incarnation: str = ""


@dataclass(frozen=True)
class Farewell:
    """A participant leaves; it answers no frame any more."""

    participant: str
    incarnation: str = ""


@dataclass(frozen=True)
class Answer:
    """One participant's answer to the frame stamped ``stamp_ns``; ``counts`` by topic."""

    participant: str
    stamp_ns: int
    run_id: str
    ok: bool = True
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    incarnation: str = ""


@dataclass(frozen=True)
class Member:
    """A participant that was admitted, and the first frame that it answers."""

    of: Declaration
    from_frame: int


@dataclass(frozen=True)
class Asked:
    """Who is asked for answers to a frame, in the order in which they act.

    ``times`` counts; at 0 they are not late yet.
    """

    frame: int
    names: tuple[str, ...]
    times: int


@dataclass(frozen=True)
class RunState:
    """What the owner says about the run; frame k is at ``t0_ns + k * dt_ns``.

    * origin_s: CARLA's elapsed time at frame 0, by which followers find the stamps.
    * number: counts the words of a run; an older one than the last is no news.
    * begun: whether a frame has been opened: who joins from then on must have heard one whole.
    * lockstep: whether anybody is waited for; else ``members`` is empty and all may look on.
    * asked: whose answers are asked for again.
    """

    run_id: str
    state: Phase
    reason: str
    frames: int
    t0_ns: int
    dt_ns: int
    origin_s: float = 0.0
    number: int = 0
    begun: bool = False
    lockstep: bool = True
    members: tuple[Member, ...] = ()
    asked: Asked | None = None

    def frame_at(self, stamp_ns: int) -> int:
        """Return the number of the frame with this stamp."""
        return (stamp_ns - self.t0_ns) // self.dt_ns

    def member(self, name: str, incarnation: str) -> Member | None:
        """Return a participant's place among the members, None without one."""
        for member in self.members:
            if (member.of.name, member.of.incarnation) == (name, incarnation):
                return member
        return None
