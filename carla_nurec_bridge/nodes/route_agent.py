"""The node ``route_agent``: one of our agents drives, by what any stack would be told."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
from nav_msgs.msg import Path
from numpy.typing import NDArray
from rclpy.node import Node
from std_msgs.msg import String

from ..agents.agent import Agent
from ..agents.route_ahead import RouteAhead
from ..agents.shipped import AgentWish, build_agent
from ..core.errors import DeadlineError
from ..core.run_contract.run_summary import AgentSummary
from ..core.run_contract.streams import AGENT, plan_agent
from ..core.run_contract.timebase import seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.timings import Timings
from ..recording.read_back.messages import actors_of, ego_state, lights_of
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.messages.convert import vector_array
from ..ros.messages.ego import drive_command_message
from ..ros.parameters.agent import AgentParameters
from ..ros.parameters.declare import load
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.subscriptions import subscribe
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..world.states import WorldState
from ..world.vehicle_info import VehicleInfo

_COMMAND = TOPICS["command_ackermann"].name
_POLL_S = 0.05


class AgentNode:
    """The node's parts; messages arrive in the executor, driving happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: AgentParameters) -> None:
        self._p = p
        self._spinner = spinner
        participants = p.participants or (AGENT,)
        self._publishers = Publishers(node, plan_agent(AGENT))
        self._vehicle: VehicleInfo | None = None
        self._route: NDArray[np.float64] | None = None
        self._heard: tuple[NDArray[np.float64], VehicleInfo] | None = None
        self._driver: _Driver | None = None
        self._told = threading.Event()
        self._timings = Timings()
        self._participation = Participation(
            node,
            spinner,
            p,
            keys=("odometry", "objects", "traffic_lights"),
            unready=lambda: self._publishers.unmatched(participants),
        )
        subscribe(node, "route", self._take_route)
        subscribe(node, "vehicle_info", self._take_vehicle)

    def work(self) -> int:
        """Drive until the run is over; return the exit code."""
        run_state = self._participation.wait_begin()
        self._wait_told()
        with self._participation:
            for frame in self._participation.turns():
                if frame is not None:
                    self._drive(frame, run_state.t0_ns)
        return self._participation.leave(AGENT, self._summary())

    def _wait_told(self) -> None:
        deadline = time.monotonic() + self._p.start_s
        while not self._told.wait(_POLL_S):
            self._spinner.check()
            if time.monotonic() > deadline:
                missing = "route" if self._route is None else TOPICS["vehicle_info"].name
                raise DeadlineError(f"no {missing} came within {self._p.start_s:g} s")

    def _drive(self, frame: JoinedFrame, t0_ns: int) -> None:
        with self._timings.stage("drive"):
            driver = self._current_driver(t0_ns)
            world = WorldState(
                frame.stamp_ns,
                ego_state(frame.messages["odometry"], driver.vehicle.body),
                actors_of(frame.messages["objects"]),
                lights_of(frame.messages["traffic_lights"]),
            )
            driver.place.advance(world.ego.map_from_base)
            target = driver.agent.step(world)
        self._publishers.publish(_COMMAND, drive_command_message(target, frame.stamp_ns))
        self._participation.answer(frame.stamp_ns, {_COMMAND: 1})

    def _current_driver(self, t0_ns: int) -> _Driver:
        """Return who drives: another one from its start whenever a route or vehicle is told."""
        heard = self._heard
        assert heard is not None
        if self._driver is None or self._driver.heard is not heard:
            route, vehicle = heard
            p = self._p
            handover_ns = t0_ns + seconds_to_ns(max(0.0, p.handover_s))
            wish = AgentWish(p.agent, p.cruise_mps, p.keeps, handover_ns, p.dt_s)
            agent = build_agent(wish, route, vehicle)
            self._driver = _Driver(heard, vehicle, agent, RouteAhead(route))
        return self._driver

    def _take_route(self, message: Path) -> None:
        self._route = np.array([vector_array(pose.pose.position) for pose in message.poses])
        self._begin()

    def _take_vehicle(self, message: String) -> None:
        self._vehicle = VehicleInfo.from_json(message.data)
        self._begin()

    def _begin(self) -> None:
        if self._vehicle is not None and self._route is not None:
            self._heard = (self._route, self._vehicle)
            self._told.set()

    def _summary(self) -> AgentSummary:
        assert self._heard is not None
        place = self._driver.place if self._driver else RouteAhead(self._heard[0])
        return AgentSummary(
            participant=AGENT,
            agent=self._p.agent,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            route_length_m=place.length_m,
            route_travelled_m=place.travelled_m,
            route_completion=place.travelled_m / place.length_m,
            skipped_frames=self._participation.joiner.skipped,
        )


@dataclass(frozen=True, eq=False)
class _Driver:
    """Who drives, what that was made of, and where on the route the ego is."""

    heard: tuple[NDArray[np.float64], VehicleInfo]
    vehicle: VehicleInfo
    agent: Agent
    place: RouteAhead


def _work(node: Node, spinner: Spinner) -> int:
    return AgentNode(node, spinner, load(node, AgentParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(AGENT, _work, args)


if __name__ == "__main__":
    sys.exit(main())
