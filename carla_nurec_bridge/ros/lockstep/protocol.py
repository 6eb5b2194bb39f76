"""Lock-step: the owner of time waits until every participant has answered a frame.

The owner holds a ``Barrier``, each other node a ``Participant``. Before the run a participant
answers with stamp zero: level OK when everything it publishes is matched with its readers, level
WARN with what is missing. The owner's latched run state starts and ends the run.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import String

from ...core.errors import ProtocolError
from ...core.run_contract.run_summary import Phase
from ...core.run_contract.topics import TOPICS
from ..messages.convert import nanoseconds_of, stamp_message
from ..publishers.qos import profile

_DONE = TOPICS["lockstep_done"]
_RUN = TOPICS["lockstep_run"]
_ANNOUNCE_PERIOD_S = 0.2


@dataclass(frozen=True)
class RunState:
    """What the owner says about the run; frame k is at ``t0_ns + k * dt_ns``.

    ``origin_s`` is CARLA's elapsed time at frame 0, by which followers find the stamps.
    """

    run_id: str
    state: Phase
    reason: str
    frames: int
    t0_ns: int
    dt_ns: int
    origin_s: float = 0.0

    def message(self) -> String:
        """Return the message of ``lockstep/run``."""
        return String(data=json.dumps(asdict(self)))

    @staticmethod
    def parse(message: String) -> RunState:
        """Read a message of ``lockstep/run``; ProtocolError when it is not one."""
        try:
            return RunState(**json.loads(message.data))
        except (ValueError, TypeError) as error:
            raise ProtocolError(
                f"lockstep/run carries no run state but {message.data[:80]!r}; "
                "is another program publishing there?"
            ) from error


@dataclass(frozen=True)
class Answer:
    """One participant's answer to one frame."""

    participant: str
    ok: bool
    message: str
    counts: Mapping[str, int]


class Participant:
    """A node's side of the lock-step.

    ``unready`` returns what still has to be matched before the run may begin (empty: nothing).
    ``state`` is the owner's latest word, None before the first. Callbacks run in the executor.
    """

    def __init__(self, node: Node, unready: Callable[[], Sequence[str]]) -> None:
        self._node = node
        self._unready = unready
        self._changed = threading.Condition()
        self.state: RunState | None = None
        self._done = node.create_publisher(DiagnosticArray, _DONE.name, profile(_DONE.qos))
        # From here on the executor calls; a latched word comes at once, and never again.
        self._run = node.create_subscription(String, _RUN.name, self._on_run, profile(_RUN.qos))
        self._timer = node.create_timer(_ANNOUNCE_PERIOD_S, self._announce)

    @property
    def over(self) -> bool:
        """Whether the owner has finished or aborted the run."""
        return self.state is not None and self.state.state != "running"

    def wait_running(self, timeout_s: float) -> RunState | None:
        """Return the run's state once the owner has started it, None after ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self.state is not None, timeout_s)
            return self.state

    def answer(self, stamp_ns: int, counts: Mapping[str, int], error: str = "") -> None:
        """Answer the frame stamped ``stamp_ns`` (ns); ``error`` says why it failed, if it did."""
        level = DiagnosticStatus.ERROR if error else DiagnosticStatus.OK
        self._publish(stamp_ns, level, error, counts)

    def _announce(self) -> None:
        if self.state is not None:
            self._timer.cancel()
            return
        missing = self._unready()
        level = DiagnosticStatus.WARN if missing else DiagnosticStatus.OK
        self._publish(0, level, "; ".join(missing), {})

    def _publish(self, stamp_ns: int, level: bytes, text: str, counts: Mapping[str, int]) -> None:
        status = DiagnosticStatus(
            level=level,
            name=self._node.get_name(),
            message=text,
            hardware_id=self.state.run_id if self.state else "",
            values=[KeyValue(key=topic, value=str(count)) for topic, count in counts.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp_message(stamp_ns)
        self._done.publish(message)

    def _on_run(self, message: String) -> None:
        state = RunState.parse(message)
        with self._changed:
            self.state = state
            self._changed.notify_all()


class Barrier:
    """The owner's side: collects answers by frame; ``stray`` counts those of no current frame."""

    def __init__(self, node: Node, participants: Sequence[str], run_id: str) -> None:
        self._participants = tuple(participants)
        self._run_id = run_id
        self._unready = dict.fromkeys(self._participants, "has not been heard of")
        self._answers: dict[int, dict[str, Answer]] = {}
        self._changed = threading.Condition()
        self._oldest_ns = 0
        self.stray = 0
        self._run = node.create_publisher(String, _RUN.name, profile(_RUN.qos))
        node.create_subscription(DiagnosticArray, _DONE.name, self._on_done, profile(_DONE.qos))

    def say(self, state: RunState) -> None:
        """Publish the run's state."""
        self._run.publish(state.message())

    def unready(self) -> list[str]:
        """Return a phrase for each participant that is not ready to begin."""
        with self._changed:
            return [f"{name} {text}" for name, text in self._unready.items() if text]

    def wait(
        self, stamp_ns: int, timeout_s: float, complete: Callable[[Mapping[str, Answer]], bool]
    ) -> tuple[dict[str, Answer], list[str]]:
        """Wait for the answers to the frame stamped ``stamp_ns`` (ns).

        Returns the answers and the names of those that are late after ``timeout_s``. An answer
        that says ERROR ends the wait at once. ``complete`` may demand more, once all have
        answered (say, that the counted commands have arrived too); it is asked again on
        ``notify``.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                answers = self._answers.setdefault(stamp_ns, {})
                late = [name for name in self._participants if name not in answers]
                if any(not answer.ok for answer in answers.values()):
                    return dict(answers), late
                if not late and complete(answers):
                    return dict(answers), []
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return dict(answers), late or ["a command that was announced"]

    def forget(self, stamp_ns: int) -> None:
        """Close the frame stamped ``stamp_ns`` (ns): later answers to it are strays."""
        with self._changed:
            self._answers.pop(stamp_ns, None)
            self._oldest_ns = max(self._oldest_ns, stamp_ns + 1)

    def notify(self) -> None:
        """Let a running ``wait`` look again."""
        with self._changed:
            self._changed.notify_all()

    def _on_done(self, message: DiagnosticArray) -> None:
        stamp_ns = nanoseconds_of(message.header.stamp)
        answer = _answer_of(message)
        with self._changed:
            if answer is None or answer.participant not in self._unready:
                self.stray += 1
            elif stamp_ns == 0:
                waits = "" if answer.ok else f"waits: {answer.message}"
                self._unready[answer.participant] = waits
            elif message.status[0].hardware_id != self._run_id or stamp_ns < self._oldest_ns:
                self.stray += 1
            else:
                self._answers.setdefault(stamp_ns, {})[answer.participant] = answer
            self._changed.notify_all()


def _answer_of(message: DiagnosticArray) -> Answer | None:
    """Return the answer that a message is, None for one that no participant sends."""
    if len(message.status) != 1:
        return None
    status = message.status[0]
    try:
        counts = {item.key: int(item.value) for item in status.values}
    except ValueError:
        return None
    return Answer(status.name, status.level == DiagnosticStatus.OK, status.message, counts)
