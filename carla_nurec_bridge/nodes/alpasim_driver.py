"""The node ``alpasim_driver``: any ROS 2 stack drives in AlpaSim."""

from __future__ import annotations

import sys
import time
from collections import Counter

from rclpy.node import Node

from ..alpasim.calls import DriverDeadlines, EgodriverCalls
from ..alpasim.contract import SERVICE
from ..alpasim.server import EgodriverServer
from ..core.run_contract.run_summary import AlpasimSummary, DrivenSession, write_summary
from ..ros.alpasim.ros_stack import RosStack, StackSettings
from ..ros.parameters.alpasim import AlpasimParameters
from ..ros.parameters.declare import load
from ..ros.plans.inbox import InboxSettings
from ..ros.runtime.diagnostics import Diagnostics
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner

_NAME = "alpasim_driver"
_POLL_S = 0.1
_TELL_S = 1.0


class AlpasimDriverNode:
    """The node's parts; calls come in gRPC's threads, answers in the executor's."""

    def __init__(self, node: Node, spinner: Spinner, p: AlpasimParameters) -> None:
        self._p = p
        self._node = node
        self._spinner = spinner
        inbox = InboxSettings(p.lockstep, p.max_age_s)
        settings = StackSettings(inbox, p.wheelbase_m, p.horizon_s, hold=p.policy == "hold")
        self._stack = RosStack(node, settings)
        deadlines = DriverDeadlines(p.start_s, p.first_plan_s, p.plan_s)
        self._calls = EgodriverCalls(self._stack, deadlines, p.wait_s, p.idle_s)
        self._diagnostics = Diagnostics(node)
        self._told = 0

    def work(self) -> int:
        """Serve until as many sessions as asked for are over; return the exit code."""
        with EgodriverServer(self._calls, self._p.host, self._p.port) as server:
            self._node.get_logger().info(
                f"{SERVICE} answers on {self._p.host}:{server.port}; stacks answer on "
                f"{' or '.join(self._stack.inbox.topics)}"
            )
            try:
                self._serve(server)
            finally:
                server.close()
                self._tell_ended()
                write_summary(self._p.run_dir, _NAME, self._summary(server))
        return 0

    def _serve(self, server: EgodriverServer) -> None:
        told_at_s = 0.0
        while not self._p.sessions or len(self._calls.ended) < self._p.sessions:
            self._spinner.check()
            self._tell_ended()
            if time.monotonic() - told_at_s > _TELL_S:
                told_at_s = time.monotonic()
                now_ns = self._node.get_clock().now().nanoseconds
                self._diagnostics.publish(now_ns, self._summary(server))
            time.sleep(_POLL_S)

    def _tell_ended(self) -> None:
        """Say in the log what became of each session that is over."""
        ended = self._calls.ended
        for session in ended[self._told :]:
            counts = ", ".join(f"{n} {what}" for what, n in sorted(session.counts.items()))
            self._node.get_logger().info(f"session {session.info.uuid} is over: {counts}")
        self._told = len(ended)

    def _summary(self, server: EgodriverServer) -> AlpasimSummary:
        return AlpasimSummary(
            participant=_NAME,
            counts=self._stack.topics.counts,
            timings={},
            answers=dict(Counter(self._stack.inbox.counts)),
            refusals=dict(server.refusals),
            sessions=tuple(
                DrivenSession(
                    session=one.info.uuid, scene=one.info.scene_id, counts=dict(one.counts)
                )
                for one in self._calls.ended
            ),
        )


def _work(node: Node, spinner: Spinner) -> int:
    return AlpasimDriverNode(node, spinner, load(node, AlpasimParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until it is stopped; return its exit code."""
    return run(_NAME, _work, args)


if __name__ == "__main__":
    sys.exit(main())
