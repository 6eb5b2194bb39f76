"""When the owner of time may go on: at the start, and after each frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from rclpy.node import Node

from ...core.errors import DeadlineError, RunError
from ...core.lockstep.patience import Abort, FrameWait, Policy
from ...core.lockstep.roster import Roster
from ...core.lockstep.stall import Stall
from ...core.lockstep.words import Answer, Asked, RunState
from ...core.run_contract.streams import EGO, RECORDER
from ..parameters.ego import EgoParameters
from ..runtime.spinner import Spinner
from .barrier import Barrier
from .commands import CommandInbox

_POLL_S = 0.1
_TELL_S = 5.0
_GOODBYE_S = 0.5
_DEAF_S = 20.0


class LockstepOwner:
    """Holds the run until everybody is there; ``late`` counts late answers by participant."""

    def __init__(
        self, node: Node, spinner: Spinner, parameters: EgoParameters, run_id: str
    ) -> None:
        """Open the barrier; ``listen`` is to follow.

        * spinner: the executor's thread; what ends it ends every wait.
        * run_id: marks the answers that belong to this run.
        """
        self._node = node
        self._spinner = spinner
        self._p = parameters
        self.participants = parameters.participants or (EGO,)
        others = [n for n in self.participants if n != EGO] if parameters.lockstep else []
        self._barrier = Barrier(node, others, run_id)
        self.late: dict[str, int] = {}

    @property
    def stray(self) -> int:
        """How many answers belonged to no current frame."""
        return self._barrier.stray

    @property
    def told_again(self) -> int:
        """How often a member did not know that it was one."""
        return self._barrier.told_again

    def listen(self) -> None:
        """Hear the others from now on; all that is read of them is subscribed to by now."""
        self._barrier.listen()

    def notify(self) -> None:
        """Look again: a command has arrived."""
        self._barrier.notify()

    def say(self, state: RunState) -> None:
        """Tell everybody how the run stands."""
        self._barrier.say(state)

    def wait_ready(
        self, unmatched: Callable[[Sequence[str], Mapping[str, Sequence[str]]], list[str]]
    ) -> None:
        """Wait until every participant and every reader of our streams is connected."""
        if not self._p.lockstep:
            return
        deadline = time.monotonic() + self._p.start_s
        told_s = time.monotonic()
        while True:
            self._spinner.check()
            missing = self._barrier.unready() + unmatched(self.participants, self._barrier.reads())
            if not missing:
                return
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"the run cannot begin after {self._p.start_s:g} s: {'; '.join(missing[:4])}"
                )
            if time.monotonic() - told_s > _TELL_S:
                told_s = time.monotonic()
                self._node.get_logger().info(f"waiting: {'; '.join(missing[:4])}")
            time.sleep(_POLL_S)

    def open(self, frame: int, stamp_ns: int) -> None:
        """Open a frame before anything of it is published; who is ready takes part from it on."""
        if not self._p.lockstep:
            return
        self._barrier.open(frame, stamp_ns)
        for text in self._barrier.news():
            self._node.get_logger().info(text)

    def wait_answers(
        self,
        inbox: CommandInbox,
        on_wait: Callable[[str], None],
        check_sent: Callable[[], None],
        *,
        whole: bool = False,
    ) -> None:
        """Wait for the answers that the next frame needs, as the policy says.

        ``abort`` raises DeadlineError or RunError, ``hold`` goes on with the last command,
        ``wait`` waits on and calls ``on_wait`` with a phrase after each deadline. When the last
        who has commanded the ego has left, it stands still.

        * check_sent: raises what keeps the frame from being published.
        * whole: until nobody is behind any more; nothing to do once all have answered all frames.
        """
        if not self._p.lockstep or (whole and self._barrier.answered):
            self._spinner.check()
            return

        stall = Stall(_DEAF_S)

        def check() -> None:
            self._spinner.check()
            check_sent()
            if stall.look(self._spinner.rounds):
                raise RunError(
                    f"{EGO} itself has heard nobody for {_DEAF_S:g} s: a callback of its own does "
                    "not end, or the middleware"
                )

        def asked(who: Asked) -> None:
            if not who.times:
                text = f"asks for answers to frame {who.frame}: {_list(who)}"
                self._node.get_logger().info(text)
                return
            self._count(*who.names)
            on_wait(f"waiting for {_list(who)}")

        commanded = self._barrier.commanded
        ended = self._barrier.wait(
            partial(self._patience, whole=whole),
            lambda answers: _commands_arrived(answers, inbox),
            asked,
            check,
        )
        if commanded and not self._barrier.commanded:
            inbox.forget()
        for text in self._barrier.news():
            self._node.get_logger().info(text)
        if isinstance(ended, Abort):
            if ended.failed is not None:
                self._count(ended.failed.participant)
                name, text = ended.failed.participant, ended.failed.message
                raise RunError(f"{name} failed at frame {ended.frame}: {text}")
            self._count(*ended.late)
            names = ", ".join(ended.late)
            raise DeadlineError(
                f"{names} did not answer frame {ended.frame} within {ended.limit_s:g} s"
            )
        self._count(*ended.late, *(answer.participant for answer in ended.failed))

    def _patience(self, roster: Roster, *, whole: bool) -> FrameWait:
        p = self._p
        return FrameWait(
            roster,
            cast("Policy", p.policy),
            frame_s=p.frame_s,
            first_frame_s=p.first_frame_s,
            whole=whole,
        )

    def _count(self, *names: str) -> None:
        for name in names:
            self.late[name] = self.late.get(name, 0) + 1

    def wait_gone(self, *, finished: bool) -> None:
        """Let the others leave first, so that they hear how the run ended."""
        patience_s = _GOODBYE_S
        if finished:
            patience_s = self._p.end_s if self._p.lockstep else 0.0
        deadline = time.monotonic() + patience_s
        members = (member.of.name for member in self._barrier.members)
        others = {*self.participants, *members} - {EGO}
        while time.monotonic() < deadline:
            if not (others - self._barrier.left) & set(self._node.get_node_names()):
                return
            time.sleep(_POLL_S)


def _list(who: Asked) -> str:
    return ", ".join(who.names)


def _commands_arrived(answers: Mapping[str, Answer], inbox: CommandInbox) -> bool:
    """Say whether the commands that were announced have arrived; topics have no order."""
    return all(
        inbox.arrived(topic) >= count
        for name, answer in answers.items()
        if name != RECORDER
        for topic, count in answer.counts.items()
        if topic.startswith("command/")
    )
