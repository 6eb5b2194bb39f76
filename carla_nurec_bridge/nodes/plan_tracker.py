"""The node ``plan_tracker``: it drives where the plans of a stack without a controller lead."""

from __future__ import annotations

import sys

from rclpy.node import Node

from ..agents.tracking import (
    MpcSettings,
    PlanLimits,
    PlanTracker,
    TrackerSettings,
    check_plan,
)
from ..core.errors import InputError
from ..core.pose_history import PoseHistory
from ..core.run_contract.run_summary import PlanHealth, PlanTrackerSummary
from ..core.run_contract.streams import TRACKER, plan_agent
from ..core.run_contract.timebase import TickClock, period_in_ticks, seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.timings import Timings
from ..recording.read_back.messages import ego_state
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.lockstep.way_driver import WayDriver
from ..ros.lockstep.way_told import Told
from ..ros.messages.ego import drive_command_message
from ..ros.parameters.declare import load
from ..ros.parameters.tracker import TrackerParameters
from ..ros.plans.inbox import InboxSettings, PlanInbox
from ..ros.plans.sources import PlanAt, plan_kinds
from ..ros.publishers.publishers import Publishers
from ..ros.runtime.diagnostics import Diagnostics
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..world.states import EgoState

_COMMAND = TOPICS["command_ackermann"].name
_DIAGNOSTICS_FRAMES = 20
_PATIENCE = 0.8
"""So much of a frame's deadline a plan is waited for: the owner is to hear why none came."""


class PlanTrackerNode:
    """The node's parts; messages arrive in the executor, driving happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: TrackerParameters) -> None:
        self._p = p
        self._node = node
        self._spinner = spinner
        dt_ns = seconds_to_ns(p.dt_s)
        self._period_ticks = (
            period_in_ticks(1.0 / p.period_s, dt_ns, "the planner's period") if p.lockstep else 1
        )
        self._publishers = Publishers(node, plan_agent(TRACKER))
        self._diagnostics = Diagnostics(node)
        self._way: WayDriver[PlanTracker] = WayDriver(node)
        self._poses = PoseHistory()
        self._plan: PlanAt | None = None
        self._missing = self._frames = 0
        self._timings = Timings()
        self._inbox: PlanInbox[PlanAt] = PlanInbox(
            node,
            InboxSettings(p.lockstep, p.max_age_s),
            [kind.later() for kind in plan_kinds()],
        )
        self._participation = Participation(
            node, spinner, p, keys=("odometry",), unready=self._unready
        )

    def work(self) -> int:
        """Drive until the run is over; return the exit code."""
        state = self._participation.wait_begin()
        self._way.wait(self._p.start_s, self._spinner.check)
        clock = TickClock(state.t0_ns, state.dt_ns)
        with self._participation.taking_part(TRACKER, self._summary):
            for frame in self._participation.turns():
                if frame is not None:
                    self._drive(frame, clock.frame_at(frame.stamp_ns))
        return self._participation.leave(TRACKER, self._summary())

    def _unready(self) -> list[str]:
        topics = self._inbox.topics
        if not any(self._node.count_publishers(topic) for topic in topics):
            return [f"nobody publishes {' or '.join(topics)}"]
        return self._publishers.unmatched(self._p.participants or (TRACKER,))

    def _drive(self, frame: JoinedFrame, number: int) -> None:
        way = self._way.current(self._tracker_of)
        ego = ego_state(frame.messages["odometry"], way.told.vehicle.body)
        way.route.advance(ego.map_from_base)
        self._poses.add(frame.stamp_ns, ego.map_from_base)
        problem = self._hear_plan(way.driver, ego, frame.stamp_ns, number)
        with self._timings.stage("track"):
            tracked = way.driver.step(frame.stamp_ns, ego.map_from_base, ego.speed_mps)
        self._publishers.publish(_COMMAND, drive_command_message(tracked.target, frame.stamp_ns))
        self._participation.answer(frame.stamp_ns, {_COMMAND: 1}, problem)
        self._frames += 1
        if number % _DIAGNOSTICS_FRAMES == 0 or problem:
            self._diagnostics.publish(frame.stamp_ns, self._health(), problem or tracked.why)

    def _hear_plan(self, tracker: PlanTracker, ego: EgoState, stamp_ns: int, number: int) -> str:
        """Give the tracker the plan of this frame, if one is due; return what is wrong with it."""
        if self._p.lockstep and number % self._period_ticks:
            return ""
        limit_s = _PATIENCE * self._p.frame_s if self._p.lockstep else 0.0
        with self._timings.stage("plan"):
            heard = self._inbox.wait(stamp_ns, limit_s, lambda: True)
        if heard is None:
            self._missing += 1
            why = f"no plan for the frame of {stamp_ns} ns came within {limit_s:g} s"
            if not self._p.lockstep:
                why = f"there is no plan that is at most {self._p.max_age_s:g} s old"
            tracker.lose(why)
            self._plan = None
            self._spinner.check()
            return why if self._p.lockstep else ""
        if heard is self._plan:
            return ""
        self._plan = heard
        try:
            plan = heard(self._poses.at)
            limits = PlanLimits(self._p.max_speed_mps, self._p.max_offset_m)
            check_plan(plan, stamp_ns, ego.map_from_base, limits)
        except InputError as error:
            self._inbox.refuse(f"the plan for the frame of {stamp_ns} ns", error)
            return f"the plan for the frame of {stamp_ns} ns was refused: {error}"
        tracker.take(plan)
        return ""

    def _tracker_of(self, told: Told) -> PlanTracker:
        p = self._p
        settings = TrackerSettings(
            hold_s=p.hold_s,
            brake_mps2=p.brake_mps2,
            mpc=MpcSettings(deadline_s=0.0 if p.lockstep else p.solver_s),
        )
        return PlanTracker(told.vehicle, p.dt_s, settings)

    def _health(self) -> PlanHealth:
        heard = self._inbox.counts
        ways = self._way.driver.counts if self._way.driver else {}
        return PlanHealth(
            frames=self._frames,
            plans_accepted=heard["accepted"] + heard["replaced"] - heard["refused"],
            plans_refused=heard["refused"],
            plans_late=heard["late"],
            plans_missing=self._missing,
            solved=ways.get("solved", 0),
            held=ways.get("held", 0),
            braked=ways.get("braked", 0),
        )

    def _summary(self) -> PlanTrackerSummary:
        return PlanTrackerSummary(
            **(self._health().model_dump() | self._way.figures()),
            participant=TRACKER,
            agent=TRACKER,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            skipped_frames=self._participation.joiner.skipped,
        )


def _work(node: Node, spinner: Spinner) -> int:
    return PlanTrackerNode(node, spinner, load(node, TrackerParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(TRACKER, _work, args)


if __name__ == "__main__":
    sys.exit(main())
