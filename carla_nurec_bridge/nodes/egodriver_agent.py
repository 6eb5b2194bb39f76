"""The node ``egodriver_agent``: a policy of AlpaSim's driver contract drives in our runs."""

from __future__ import annotations

import sys
import uuid
from functools import partial
from pathlib import Path as FilePath

from rclpy.node import Node

from ..agents.tracking import PlanTracker
from ..alpasim.policy import PolicyClient
from ..core.errors import BridgeError
from ..core.rig.rig import load_rig
from ..core.run_contract.run_summary import EgodriverSummary
from ..core.run_contract.streams import EGODRIVER, plan_agent
from ..core.run_contract.timebase import TickClock, period_in_ticks, seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.timings import Timings
from ..recording.read_back.messages import ego_state
from ..ros.alpasim.rig_images import RigImages
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.lockstep.way_driver import OnTheWay, WayDriver
from ..ros.lockstep.way_told import Told
from ..ros.messages.ego import drive_command_message
from ..ros.parameters.declare import load
from ..ros.parameters.egodriver import EgodriverParameters
from ..ros.plans.messages import timed_path_message
from ..ros.publishers.publishers import Publishers
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..world.states import EgoState
from ..world.timed_path import TimedPath

_COMMAND, _PLAN = TOPICS["command_ackermann"].name, TOPICS["plan"].name


class EgodriverNode:
    """The node's parts; messages arrive in the executor, the policy is asked in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: EgodriverParameters) -> None:
        self._p = p
        self._spinner = spinner
        dt_ns = seconds_to_ns(p.dt_s)
        self._period_ticks = period_in_ticks(1.0 / p.period_s, dt_ns, "the policy's period")
        participants = p.participants or (EGODRIVER,)
        self._publishers = Publishers(node, plan_agent(EGODRIVER), events=("plan",))
        latency = p.sensor_latency(p.seed)
        self._images = RigImages(node, load_rig(p.rig), dt_ns, participants, latency)
        self._way: WayDriver[PlanTracker] = WayDriver(node)
        self._connected = False
        self._next = 0
        self._timings = Timings()
        self._participation = Participation(
            node,
            spinner,
            p,
            keys=("odometry",),
            unready=partial(self._unready, participants),
        )

    def work(self) -> int:
        """Drive until the run is over; return the exit code."""
        p = self._p
        with PolicyClient(p.target, p.start_s, allow_remote=p.remote) as policy:
            self._connected = True
            state = self._participation.wait_begin()
            self._way.wait(p.start_s, self._spinner.check)
            cameras = self._images.cameras(p.start_s, self._spinner.check)
            scene = FilePath(p.scene).stem if p.scene else ""
            policy.start(str(uuid.uuid4()), scene, p.seed, cameras, p.start_s)
            clock = TickClock(state.t0_ns, state.dt_ns)
            with self._participation.taking_part(EGODRIVER, partial(self._summary, policy)):
                for frame in self._participation.turns():
                    if frame is not None:
                        self._turn(policy, frame, clock)
        return self._participation.leave(EGODRIVER, self._summary(policy))

    def _unready(self, participants: tuple[str, ...]) -> list[str]:
        if not self._connected:
            return [f"the policy server {self._p.target} has not answered yet"]
        return self._publishers.unmatched(participants)

    def _turn(self, policy: PolicyClient, frame: JoinedFrame, clock: TickClock) -> None:
        """Drive one frame; what fails is the answer to it."""
        try:
            counts = self._drive(policy, frame, clock)
        except BridgeError as error:
            if not self._p.lockstep:
                raise
            self._participation.answer(frame.stamp_ns, {}, str(error))
        else:
            self._participation.answer(frame.stamp_ns, counts)

    def _drive(self, policy: PolicyClient, frame: JoinedFrame, clock: TickClock) -> dict[str, int]:
        stamp_ns, number = frame.stamp_ns, clock.frame_at(frame.stamp_ns)
        way = self._way.current(self._tracker_of)
        ego = ego_state(frame.messages["odometry"], way.told.vehicle.body)
        way.route.advance(ego.map_from_base)
        with self._timings.stage("images"):
            images = self._images.of_frame(
                number, stamp_ns, self._p.frame_s, self._spinner.check, whole=self._p.lockstep
            )
        with self._timings.stage("observations"):
            policy.ego(ego, stamp_ns, self._p.frame_s)
            for one in images:
                policy.image(
                    one.camera.logical_id, one.image, one.opened_ns, one.closed_ns, self._p.frame_s
                )
        counts = {_COMMAND: 1}
        if self._is_asked(number):
            plan = self._ask(policy, way, ego, stamp_ns, clock)
            way.driver.take(plan)
            if plan is not None:
                self._publishers.publish(_PLAN, timed_path_message(plan, stamp_ns))
                counts[_PLAN] = 1
        with self._timings.stage("track"):
            tracked = way.driver.step(stamp_ns, ego.map_from_base, ego.speed_mps)
        self._publishers.publish(_COMMAND, drive_command_message(tracked.target, stamp_ns))
        return counts

    def _tracker_of(self, told: Told) -> PlanTracker:
        return PlanTracker(told.vehicle, self._p.dt_s)

    def _is_asked(self, number: int) -> bool:
        """Whether the policy is asked at a frame: not before it has seen something."""
        blind = bool(self._images.names) and not self._images.came
        return not blind and number >= self._next

    def _ask(
        self,
        policy: PolicyClient,
        way: OnTheWay[PlanTracker],
        ego: EgoState,
        stamp_ns: int,
        clock: TickClock,
    ) -> TimedPath | None:
        """Return a plan; None, where it is empty, lets the ego stand."""
        p = self._p
        until_ns = stamp_ns + self._period_ticks * clock.dt_ns
        limit_s = p.frame_s if self._next else p.first_plan_s
        with self._timings.stage("policy"):
            ahead = way.route.ahead(ego.map_from_base, p.route_m)
            policy.route(ahead, stamp_ns, p.frame_s)
            plan = policy.drive(stamp_ns, until_ns, limit_s)
        self._next = clock.frame_at(stamp_ns) + self._period_ticks
        return plan

    def _summary(self, policy: PolicyClient) -> EgodriverSummary:
        return EgodriverSummary(
            participant=EGODRIVER,
            agent="egodriver",
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            **self._way.figures(),
            skipped_frames=self._participation.joiner.skipped,
            policy=policy.name,
            sent=dict(policy.sent),
            missing_images=self._images.missing,
            tracked=dict(self._way.driver.counts) if self._way.driver else {},
        )


def _work(node: Node, spinner: Spinner) -> int:
    return EgodriverNode(node, spinner, load(node, EgodriverParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(EGODRIVER, _work, args)


if __name__ == "__main__":
    sys.exit(main())
