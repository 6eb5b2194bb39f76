"""The run of another ``carla_ego``, whose stamps a follower takes."""

from __future__ import annotations

import time

from rclpy.node import Node
from std_msgs.msg import String

from ...core.errors import DeadlineError
from ...core.lockstep.words import RunState
from ...core.run_contract.topics import TOPICS
from ..publishers.qos import profile
from ..runtime.spinner import Spinner
from .wire import run_state

_POLL_S = 0.05


class FollowedRun:
    """Listens to the latched run state on ``topic``."""

    def __init__(self, node: Node, spinner: Spinner, topic: str) -> None:
        """Begin to listen; what ends ``spinner``, the executor's thread, ends the wait."""
        self._spinner = spinner
        self._topic = topic
        self._state: RunState | None = None
        node.create_subscription(String, topic, self._take, profile(TOPICS["lockstep_run"].qos))

    def _take(self, message: String) -> None:
        self._state = run_state(message)

    def wait(self, deadline_s: float) -> RunState:
        """Return the running run; DeadlineError when none is heard of within ``deadline_s``."""
        deadline = time.monotonic() + deadline_s
        while self._state is None or self._state.state != "running":
            self._spinner.check()
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"no running carla_ego was heard on {self._topic} within {deadline_s:g} s; "
                    "parameter follow.run names its topic lockstep/run"
                )
            time.sleep(_POLL_S)
        return self._state
