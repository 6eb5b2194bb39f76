"""The node ``closed_loop_eval``: scores the drive tick by tick, by what any stack would be told."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from rclpy.node import Node

from ..core.errors import DeadlineError
from ..core.run_contract.run_summary import EvalSummary
from ..core.run_contract.streams import AGENTS, EVAL, plan_scores
from ..core.run_contract.topics import TOPICS
from ..core.teardown import Teardown
from ..core.timings import Timings
from ..recording.read_back.drive_reader import EACH_FRAME
from ..report.scores.live import LiveScores
from ..report.scores.seen import from_above
from ..report.scores.write import folder_of_scores, write_scores
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.messages.scores import report_message, tick_message
from ..ros.parameters.closed_loop_eval import EvalParameters
from ..ros.parameters.declare import load
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.subscriptions import subscribe
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner

_TOLD = ("tf_static", "map_opendrive", "robot_description")
_TICK, _SCORES = TOPICS["scores_tick"].name, TOPICS["scores"].name
_POLL_S = 0.05


class EvalNode:
    """The node's parts; messages arrive in the executor, scoring happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: EvalParameters) -> None:
        self._p = p
        self._spinner = spinner
        self._log = node.get_logger()
        participants = p.participants or (EVAL,)
        self._needed = (*_TOLD, *(("route",) if set(AGENTS) & set(participants) else ()))
        self._scores = LiveScores(p.asked(), p.run_dir or "the run")
        self._publishers = Publishers(node, plan_scores(), events=("scores",))
        self._timings = Timings()
        self._over = False
        self._totals: dict[str, float | None] = {}
        self._participation = Participation(
            node,
            spinner,
            p,
            keys=(*EACH_FRAME, *p.ground_truth),
            unready=lambda: [*self._publishers.unmatched(participants), *self._lacks()],
        )
        for key in (*_TOLD, "route"):
            subscribe(node, key, partial(self._scores.tell, key))
        subscribe(node, "plan", self._scores.plan)

    def work(self) -> int:
        """Score until the run is over; return the exit code."""
        self._participation.wait_begin(self._prepare)
        self._wait_told()
        with self._participation.taking_part(EVAL, self._summary):
            for frame in self._participation.turns():
                if frame is not None:
                    self._score(frame)
        return self._participation.leave(EVAL, self._summary())

    def close(self) -> None:
        """Write and publish the scores of what was driven; a second call does nothing."""
        if self._over:
            return
        self._over = True
        if not self._scores.ticks:
            return
        scored = self._scores.scored()
        self._totals = {score.name: score.value for score in scored.report.scores}
        self._publishers.publish(_SCORES, report_message(scored.report))
        if self._p.run_dir:
            with self._timings.stage("files"):
                folder = folder_of_scores(Path(self._p.run_dir))
                write_scores(folder, scored, from_above(scored), parquet=self._p.parquet)
        shown = (f"{n} {'-' if v is None else format(v, '.4g')}" for n, v in self._totals.items())
        self._log.info(f"scores of {self._scores.ticks} ticks: {', '.join(shown)}")

    def _prepare(self) -> None:
        """Take the map and the route once they have come, before the run begins."""
        if not self._scores.begun and not self._scores.lacks(self._needed):
            self._scores.begin()

    def _lacks(self) -> list[str]:
        if self._scores.begun:
            return []
        return self._scores.lacks(self._needed) or ["the map is not ready"]

    def _wait_told(self) -> None:
        deadline = time.monotonic() + self._p.start_s
        while not self._scores.begun:
            self._spinner.check()
            self._prepare()
            if time.monotonic() > deadline:
                raise DeadlineError(f"{', '.join(self._lacks())} within {self._p.start_s:g} s")
            time.sleep(_POLL_S)

    def _score(self, frame: JoinedFrame) -> None:
        with self._timings.stage("score"):
            told = self._scores.add(frame.stamp_ns, frame.messages)
        self._publishers.publish(_TICK, tick_message(told))
        self._participation.answer(frame.stamp_ns, {_TICK: 1})

    def _summary(self) -> EvalSummary:
        self.close()
        return EvalSummary(
            participant=EVAL,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            scores=self._totals,
            ticks=self._scores.ticks,
            skipped_frames=self._participation.joiner.skipped,
        )


def _work(node: Node, spinner: Spinner) -> int:
    with Teardown() as teardown:
        evaluation = EvalNode(node, spinner, load(node, EvalParameters))
        teardown.keep("the scores", evaluation)
        return evaluation.work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(EVAL, _work, args)


if __name__ == "__main__":
    sys.exit(main())
