"""Receives a stack's answers: each belongs to the frame whose stamp it carries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ackermann_msgs.msg import AckermannDriveStamped
from nav_msgs.msg import Path
from rclpy.node import Node

from ...core.errors import InputError
from ...core.run_contract.timebase import seconds_to_ns
from ...core.run_contract.topics import TOPICS
from ...world.timed_path import TimedPath
from ..messages.convert import nanoseconds_of
from ..publishers.qos import profile
from .plan_messages import PoseAt, follow_command, read_multi_dof, read_path

TRAJECTORY = "command/trajectory"
"""The topic of trajectory_msgs/MultiDOFJointTrajectory, where that package is installed."""
_KEEP = 16
_POLL_S = 0.05
_TELL_S = 5.0


@dataclass(frozen=True)
class PlanSettings:
    """How answers are taken.

    * lockstep: an answer must carry the stamp of the frame; else the newest one holds.
    * max_age_s: how old that may be, in simulated time.
    * wheelbase_m, horizon_s: what a command of speed and steering angle leads to.
    """

    lockstep: bool
    max_age_s: float
    wheelbase_m: float
    horizon_s: float


class PlanInbox:
    """Hears ``plan``, ``command/trajectory`` and ``command/ackermann``; callbacks in the executor.

    ``counts`` says what became of the answers: accepted, replaced (another one for its stamp came
    before it was asked for), late, refused, unused.
    """

    def __init__(self, node: Node, settings: PlanSettings, pose_at: PoseAt) -> None:
        self._log = node.get_logger()
        self._settings = settings
        self._changed = threading.Condition()
        self._plans: dict[int, TimedPath] = {}
        self._answered_ns = 0
        self.counts: Counter[str] = Counter()
        s = settings
        self._readers = [
            self._hear(node, Path, TOPICS["plan"].name, lambda m: read_path(m, pose_at)),
            self._hear(
                node,
                AckermannDriveStamped,
                TOPICS["command_ackermann"].name,
                lambda m: follow_command(m, pose_at, s.wheelbase_m, s.horizon_s),
            ),
        ]
        if find_spec("trajectory_msgs") is not None:
            kind = import_module("trajectory_msgs.msg").MultiDOFJointTrajectory
            reader = self._hear(node, kind, TRAJECTORY, lambda m: read_multi_dof(m, pose_at))
            self._readers.append(reader)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that a stack may answer on."""
        return tuple(reader.topic_name for reader in self._readers)

    def wait(self, stamp_ns: int, limit_s: float, alive: Callable[[], bool]) -> TimedPath | None:
        """Return the answer to a frame; None when none comes in time or nobody waits any more."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while (plan := self._answer(stamp_ns)) is None:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not alive():
                    break
                self._changed.wait(min(left_s, _POLL_S))
            self._close(stamp_ns)
            return plan

    def wake(self) -> None:
        """Let a running ``wait`` look whether anybody still waits."""
        with self._changed:
            self._changed.notify_all()

    def _answer(self, stamp_ns: int) -> TimedPath | None:
        if self._settings.lockstep:
            return self._plans.get(stamp_ns)
        oldest_ns = stamp_ns - seconds_to_ns(self._settings.max_age_s)
        fresh = [stamp for stamp in self._plans if oldest_ns <= stamp <= stamp_ns]
        return self._plans[max(fresh)] if fresh else None

    def _close(self, stamp_ns: int) -> None:
        """Close a frame: later answers to it are late. Without lock-step the newest one is kept."""
        self._answered_ns = stamp_ns
        over = [stamp for stamp in self._plans if stamp <= stamp_ns]
        kept = set() if self._settings.lockstep else {max(over, default=0)}
        for stamp in over:
            if self._settings.lockstep and stamp < stamp_ns:
                self.counts["unused"] += 1
            if stamp not in kept:
                del self._plans[stamp]

    def _hear(self, node: Node, kind: Any, topic: str, read: Callable[[Any], TimedPath]) -> Any:
        def receive(message: Any) -> None:
            stamp_ns = nanoseconds_of(message.header.stamp)
            try:
                plan = read(message)
            except InputError as error:
                self.counts["refused"] += 1
                self._log.warning(
                    f"a message on {topic} was refused: {error} ({self.counts['refused']} so far)",
                    throttle_duration_sec=_TELL_S,
                )
                return
            self._take(stamp_ns, plan)

        return node.create_subscription(kind, topic, receive, profile("command"))

    def _take(self, stamp_ns: int, plan: TimedPath) -> None:
        with self._changed:
            if self._settings.lockstep and stamp_ns <= self._answered_ns:
                self.counts["late"] += 1
                return
            self.counts["replaced" if stamp_ns in self._plans else "accepted"] += 1
            self._plans[stamp_ns] = plan
            while len(self._plans) > _KEEP:
                del self._plans[min(self._plans)]
                self.counts["unused"] += 1
            self._changed.notify_all()
