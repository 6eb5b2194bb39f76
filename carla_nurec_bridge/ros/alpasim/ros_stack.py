"""Any ROS 2 stack as what AlpaSim's driver contract tells and asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ackermann_msgs.msg import AckermannDriveStamped
from rclpy.node import Node

from ...alpasim.codes import Code
from ...alpasim.stack import CameraShot, SessionInfo
from ...core.errors import DeadlineError, InputError, RefusalError
from ...core.frames import Matrix
from ...core.pose_history import PoseHistory
from ...core.run_contract.topics import TOPICS
from ...world.states import EgoState, Vector
from ...world.timed_path import TimedPath
from ..plans.inbox import InboxSettings, PlanInbox
from ..plans.messages import follow_command
from ..plans.sources import Source, plan_kinds
from .session_topics import SessionTopics

_POLL_S = 0.02


@dataclass(frozen=True)
class StackSettings:
    """How a stack's answers are taken.

    * inbox: which frames they answer.
    * wheelbase_m, horizon_s: what a command of speed and steering angle leads to.
    * hold: where no plan comes in time, answer with the one before while that reaches far enough.
    """

    inbox: InboxSettings
    wheelbase_m: float
    horizon_s: float
    hold: bool


class RosStack:
    """The stack behind the topics (``alpasim.stack.Stack``)."""

    def __init__(self, node: Node, settings: StackSettings) -> None:
        self._node = node
        self._settings = settings
        self._lock = threading.Lock()
        self._poses_lock = threading.Lock()
        self._poses = PoseHistory()
        self._last: TimedPath | None = None
        self._open = self._mounted = False
        self.topics = SessionTopics(node)
        self.inbox: PlanInbox[TimedPath] = PlanInbox(node, settings.inbox, self._sources())

    def open(self, session: SessionInfo, limit_s: float) -> None:
        """Wait until somebody answers plans and all readers are connected."""
        with self._lock:
            self._open, self._last = True, None
            self.topics.begin(session)
        deadline = time.monotonic() + limit_s
        while missing := self._missing():
            if time.monotonic() > deadline:
                raise RefusalError(
                    Code.UNAVAILABLE, f"the stack is not there after {limit_s:g} s: {missing}"
                )
            time.sleep(_POLL_S)

    def started(self, offset_ns: int) -> None:
        """Say what stamps are AlpaSim's times plus."""
        with self._lock:
            self.topics.started(offset_ns)
            self._mounted = False

    def ego(self, state: EgoState, stamp_ns: int) -> None:
        """Publish where the ego is."""
        with self._poses_lock:
            self._poses.add(stamp_ns, state.map_from_base)
        with self._lock:
            self._mount(stamp_ns)
            self.topics.ego(state, stamp_ns)

    def image(self, shot: CameraShot) -> None:
        """Publish what a camera saw."""
        with self._lock:
            self._mount(shot.closed_ns)
            self.topics.image(shot)

    def route(self, points: Vector, stamp_ns: int) -> None:
        """Publish the way ahead."""
        with self._lock:
            self.topics.route(points, stamp_ns)

    def ground_truth(self, path: TimedPath, stamp_ns: int) -> None:
        """Publish what the recorded vehicle did."""
        with self._lock:
            self.topics.recorded(path, stamp_ns)

    def plan(
        self, stamp_ns: int, until_ns: int, limit_s: float, alive: Callable[[], bool]
    ) -> TimedPath:
        """Return the stack's plan for a stamp; DeadlineError or RefusalError says why not."""
        with self._lock:
            self.topics.clock(stamp_ns)
        plan = self.inbox.wait(stamp_ns, limit_s, alive)
        if not alive():
            raise RefusalError(Code.ABORTED, "the session was closed, or nobody waits any more")
        if plan is None and self._settings.hold and self._last is not None:
            self.inbox.counts["held"] += 1
            plan = self._last
        if plan is None:
            raise DeadlineError(self._nothing_came(stamp_ns, limit_s))
        self._last = plan
        ahead = plan.later_than(stamp_ns)
        if ahead is None or ahead.end_ns < until_ns:
            raise RefusalError(
                Code.FAILED_PRECONDITION,
                f"the stack's plan for {stamp_ns} ns ends at {plan.end_ns} ns, before {until_ns} "
                "ns, until when AlpaSim asks",
            )
        return ahead

    def close(self) -> None:
        """Say that the session is over."""
        self.inbox.wake()
        with self._lock:
            if self._open:
                self._open = False
                self.topics.end()

    def _sources(self) -> list[Source[TimedPath]]:
        """Return what a stack may answer with: a plan, or a command that leads somewhere."""
        s = self._settings
        plans = [kind.at_once(self._pose_at) for kind in plan_kinds()]
        command = Source(
            TOPICS["command_ackermann"].name,
            AckermannDriveStamped,
            lambda m: follow_command(m, self._pose_at, s.wheelbase_m, s.horizon_s),
        )
        return [*plans, command]

    def _missing(self) -> str:
        topics = self.inbox.topics
        if not any(self._node.count_publishers(topic) for topic in topics):
            return f"nobody publishes {' or '.join(topics)}"
        return "; ".join(self.topics.unmatched())

    def _mount(self, stamp_ns: int) -> None:
        if not self._mounted:
            self._mounted = True
            self.topics.mounts(stamp_ns)

    def _pose_at(self, stamp_ns: int) -> Matrix:
        with self._poses_lock:
            if self._poses.last_ns == 0:
                raise InputError("it lies where the ego is, and nobody has told that yet")
            return self._poses.at(stamp_ns)

    def _nothing_came(self, stamp_ns: int, limit_s: float) -> str:
        wanted = f"stamped {stamp_ns} ns"
        if not self._settings.inbox.lockstep:
            wanted = f"at most {self._settings.inbox.max_age_s:g} s older than {stamp_ns} ns"
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.inbox.counts.items()))
        return (
            f"no plan {wanted} came from the stack within {limit_s:g} s "
            f"(its answers so far: {counts or 'none'})"
        )
