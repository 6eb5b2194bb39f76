"""The way of a participant through a run: join, wait, frame by frame, answer, leave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Protocol, final

from rclpy.node import Node

from ...core.errors import DeadlineError
from ...core.lockstep.frame_gate import FrameGate
from ...core.lockstep.stall import Stall
from ...core.lockstep.words import Declaration, RunState
from ...core.machine.collector import keep_loaded
from ...core.machine.standstill import Standstill
from ...core.run_contract.run_summary import NodeSummary, write_summary
from ..publishers.subscriptions import subscribe
from ..runtime.spinner import Spinner
from .joiner import JoinedFrame, Joiner
from .participant import Participant

_POLL_S = 0.05
_AWAY_S = 4.0
_FAULT_S = 25.0


class ParticipantParameters(Protocol):
    """What every participant is told."""

    @property
    def lockstep(self) -> bool:
        """Whether every frame is answered and none skipped."""

    @property
    def start_s(self) -> float:
        """Wall time until the run must begin, in lock-step."""

    @property
    def run_dir(self) -> str:
        """Folder for the summary; empty for none."""


@final
class Participation:
    """A node's part in a run, used by its main thread; messages arrive in the executor's.

    Frames are the joined messages of ``keys``. Without lock-step it gets the newest frame and
    answers nothing.
    """

    def __init__(
        self,
        node: Node,
        spinner: Spinner,
        p: ParticipantParameters,
        *,
        keys: Sequence[str] = (),
        unready: Callable[[], Sequence[str]] = tuple,
        period_frames: int = 1,
        deadline_s: float = 0.0,
        hears_all: bool = False,
        behind_frames: int = 0,
    ) -> None:
        """Join: listen to the topics, and tell the owner what is missing until the run begins.

        * spinner: the executor's thread; what ends it ends the loop.
        * keys: topics whose messages make a frame.
        * unready: phrases for what has to be there before the run may begin.
        * period_frames: it is given, and answers, the frames whose number this divides.
        * deadline_s: wall time for its answers; 0 for the owner's.
        * hears_all: nobody takes part whom it has not ``heard``.
        * behind_frames: how many frames it may be behind those who drive.
        """
        self._spinner = spinner
        self._p = p
        self._keys = keys
        self._unready = unready
        self.joiner = Joiner(keys, keep_all=p.lockstep)
        self._participant = Participant(
            node,
            self._lacks,
            period_frames=period_frames,
            deadline_s=deadline_s,
            reads=keys,
            hears_all=hears_all,
            behind_frames=behind_frames,
        )
        self._gate: FrameGate[JoinedFrame] = FrameGate(
            self._participant.owes, self._participant.begin
        )
        self._stall = Stall(_AWAY_S)
        self._standstill = Standstill(node.get_logger().warning, self._stands, _FAULT_S)
        for key in keys:
            subscribe(node, key, partial(self.joiner.hear, key))
        if p.lockstep:
            self._standstill.open()

    @contextmanager
    def taking_part(self, name: str, summary: Callable[[], NodeSummary]) -> Iterator[None]:
        """Leave the run, and what is known of it, where a person ends the block.

        Who fails in it is missed, as the policy says.
        """
        try:
            yield
        except KeyboardInterrupt:
            if self._p.lockstep:
                self._participant.leave()  # nobody waits for what a summary takes
            self._standstill.close()
            write_summary(self._p.run_dir, name, summary())
            raise

    @property
    def state(self) -> RunState | None:
        """The owner's latest word; None before the first."""
        return self._participant.state

    @property
    def finished(self) -> bool:
        """Whether the run has come to the end that was asked for."""
        return self.state is not None and self.state.state == "finished"

    def wait_begin(
        self, meanwhile: Callable[[], None] = lambda: None, *, limit_s: float | None = None
    ) -> RunState:
        """Wait until the owner begins the run; DeadlineError when it does not in time.

        * meanwhile: is called a few times a second.
        * limit_s: wall time; None for that of the parameters in lock-step, and none without.
        """
        if limit_s is None:
            limit_s = self._p.start_s if self._p.lockstep else inf
        deadline = time.monotonic() + limit_s
        while (state := self._participant.wait_running(_POLL_S)) is None:
            self._spinner.check()
            meanwhile()
            if time.monotonic() > deadline:
                raise DeadlineError(f"no carla_ego started a run within {limit_s:g} s")
        keep_loaded()
        return state

    def _lacks(self) -> list[str]:
        """Return what is missing: who joins a run that goes on must have heard a whole frame.

        In a pause before frame 0 there is none to be heard.
        """
        lacks = [*self._unready()]
        if self.state is not None and self.state.begun and not self.joiner.had_whole:
            lacks.append("no frame has come whole yet")
        return lacks

    def turns(self) -> Iterator[JoinedFrame | None]:
        """Yield the frames that are due until the run is over, and None now and then between.

        The next may come before one has been answered, if it may be behind.
        """
        while not self._participant.over:
            self._spinner.check()
            frame = self.joiner.next(_POLL_S)
            if self._p.lockstep:
                if frame is not None:
                    self._gate.add(frame)
                frame = self._gate.next()
            yield frame

    def wake(self) -> None:
        """Have ``turns`` go on at once, if need be without a frame; for any thread."""
        self.joiner.wake()

    def _stands(self) -> str:
        """Return what keeps it from getting on; empty: nothing that it knows of."""
        if self._stall.look(self._spinner.rounds if self._spinner.runs else None):
            return "the executor is at one callback, or in the middleware,"
        state = self.state
        if state is None or self._participant.over:
            return ""
        if (at_work_ns := self._participant.at_work_ns) is not None:
            return f"at work on frame {state.frame_at(at_work_ns)}"
        if (untaken_ns := self.joiner.untaken_ns) is not None:
            number = state.frame_at(untaken_ns)
            return f"frame {number} has come, and the node is not ready for it,"
        if (lacking := self.joiner.lacking()) is not None:
            stamp_ns, topics = lacking
            return f"frame {state.frame_at(stamp_ns)} waits for {', '.join(topics)}"
        if self._gate.undecided:
            return "a frame has come, and the owner has not said who answers it,"
        first = self._participant.first_frame
        if first is not None and self._keys and not self.joiner.had_whole:
            return f"it takes part from frame {first} on, of which nothing has come,"
        return ""

    def answer(self, stamp_ns: int, counts: Mapping[str, int], error: str = "") -> None:
        """Tell what was published at a frame by topic, or why that failed."""
        if self._p.lockstep:
            self._participant.answer(stamp_ns, counts, error)

    def heard(self, other: Declaration) -> None:
        """Tell the owner that another's announcement has come, and so all that it will send will.

        To be called for each, by who ``hears_all``.
        """
        if self._p.lockstep:
            self._participant.heard(other)

    def leave(self, name: str, summary: NodeSummary) -> int:
        """Leave the run and the summary of the node ``name``; return its exit code.

        That is 1 for an aborted run.
        """
        write_summary(self._p.run_dir, name, summary)
        if self._p.lockstep:
            self._participant.leave()
        self._standstill.close()
        return 0 if self.finished else 1
