"""The node ``egodriver_agent``: a policy of AlpaSim's driver contract drives in our runs."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from pathlib import Path as FilePath

import numpy as np
from nav_msgs.msg import Path
from rclpy.node import Node
from std_msgs.msg import String

from ..agents.agent import DriveTarget
from ..agents.plan_follower import follow_plan
from ..agents.route_ahead import RouteAhead
from ..alpasim.policy import PolicyClient
from ..core.errors import BridgeError, DeadlineError
from ..core.rig.rig import load_rig
from ..core.run_contract.run_summary import EgodriverSummary
from ..core.run_contract.streams import EGODRIVER, plan_agent
from ..core.run_contract.timebase import TickClock, period_in_ticks, seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.timings import Timings
from ..recording.read_back.messages import ego_state
from ..ros.alpasim.plan_messages import timed_path_message
from ..ros.alpasim.rig_images import RigImages
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.messages.convert import vector_array
from ..ros.messages.ego import drive_command_message
from ..ros.parameters.declare import load
from ..ros.parameters.egodriver import EgodriverParameters
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.subscriptions import subscribe
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..world.states import EgoState
from ..world.timed_path import TimedPath
from ..world.vehicle_info import VehicleInfo

_COMMAND, _PLAN = TOPICS["command_ackermann"].name, TOPICS["plan"].name
_POLL_S = 0.05


class EgodriverNode:
    """The node's parts; messages arrive in the executor, the policy is asked in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: EgodriverParameters) -> None:
        self._p = p
        self._spinner = spinner
        dt_ns = seconds_to_ns(p.dt_s)
        self._period_ticks = period_in_ticks(1.0 / p.period_s, dt_ns, "the policy's period")
        participants = p.participants or (EGODRIVER,)
        self._publishers = Publishers(node, plan_agent(EGODRIVER), events=("plan",))
        self._images = RigImages(node, load_rig(p.rig), dt_ns, participants)
        self._vehicle: VehicleInfo | None = None
        self._route: RouteAhead | None = None
        self._told = threading.Event()
        self._plan: TimedPath | None = None
        self._next = 0
        self._timings = Timings()
        self._participation = Participation(
            node,
            spinner,
            p,
            keys=("odometry",),
            unready=lambda: self._publishers.unmatched(participants),
        )
        subscribe(node, "route", self._take_route)
        subscribe(node, "vehicle_info", self._take_vehicle)

    def work(self) -> int:
        """Drive until the run is over; return the exit code."""
        p = self._p
        with PolicyClient(p.target, p.start_s, allow_remote=p.remote) as policy:
            state = self._participation.wait_begin()
            self._wait_told()
            cameras = self._images.cameras(p.start_s, self._spinner.check)
            scene = FilePath(p.scene).stem if p.scene else ""
            policy.start(str(uuid.uuid4()), scene, p.seed, cameras, p.start_s)
            clock = TickClock(state.t0_ns, state.dt_ns)
            with self._participation:
                for frame in self._participation.turns():
                    if frame is not None:
                        self._turn(policy, frame, clock)
        return self._participation.leave(EGODRIVER, self._summary(policy))

    def _wait_told(self) -> None:
        deadline = time.monotonic() + self._p.start_s
        while not self._told.wait(_POLL_S):
            self._spinner.check()
            if time.monotonic() > deadline:
                missing = "route" if self._route is None else TOPICS["vehicle_info"].name
                raise DeadlineError(f"no {missing} came within {self._p.start_s:g} s")

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
        assert self._vehicle is not None
        assert self._route is not None
        stamp_ns, number = frame.stamp_ns, clock.frame_at(frame.stamp_ns)
        ego = ego_state(frame.messages["odometry"], self._vehicle.body)
        self._route.advance(ego.map_from_base)
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
            self._ask(policy, ego, stamp_ns, clock)
            if self._plan is not None:
                self._publishers.publish(_PLAN, timed_path_message(self._plan, stamp_ns))
                counts[_PLAN] = 1
        target = DriveTarget(0.0, 0.0)
        if self._plan is not None:
            target = follow_plan(
                self._plan, stamp_ns, ego.map_from_base, ego.speed_mps, self._vehicle
            )
        self._publishers.publish(_COMMAND, drive_command_message(target, stamp_ns))
        return counts

    def _is_asked(self, number: int) -> bool:
        """Whether the policy is asked at a frame: not before it has seen something."""
        blind = bool(self._images.names) and not self._images.came
        return not blind and number >= self._next

    def _ask(self, policy: PolicyClient, ego: EgoState, stamp_ns: int, clock: TickClock) -> None:
        """Get a plan; one that is empty lets the ego stand."""
        assert self._route is not None
        p = self._p
        until_ns = stamp_ns + self._period_ticks * clock.dt_ns
        limit_s = p.frame_s if self._next else p.first_plan_s
        with self._timings.stage("policy"):
            ahead = self._route.ahead(ego.map_from_base, p.route_m)
            policy.route(ahead, stamp_ns, p.frame_s)
            self._plan = policy.drive(stamp_ns, until_ns, limit_s)
        self._next = clock.frame_at(stamp_ns) + self._period_ticks

    def _take_route(self, message: Path) -> None:
        points = np.array([vector_array(pose.pose.position) for pose in message.poses])
        self._route = RouteAhead(points)
        self._begin()

    def _take_vehicle(self, message: String) -> None:
        self._vehicle = VehicleInfo.from_json(message.data)
        self._begin()

    def _begin(self) -> None:
        if self._vehicle is not None and self._route is not None:
            self._told.set()

    def _summary(self, policy: PolicyClient) -> EgodriverSummary:
        assert self._route is not None
        return EgodriverSummary(
            participant=EGODRIVER,
            agent="egodriver",
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            route_length_m=self._route.length_m,
            route_travelled_m=self._route.travelled_m,
            route_completion=self._route.travelled_m / self._route.length_m,
            skipped_frames=self._participation.joiner.skipped,
            policy=policy.name,
            sent=dict(policy.sent),
            missing_images=self._images.missing,
        )


def _work(node: Node, spinner: Spinner) -> int:
    return EgodriverNode(node, spinner, load(node, EgodriverParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(EGODRIVER, _work, args)


if __name__ == "__main__":
    sys.exit(main())
