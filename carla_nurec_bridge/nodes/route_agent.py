"""The node ``route_agent``: follows the route with what any stack would be told."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
from nav_msgs.msg import Path
from numpy.typing import NDArray
from rclpy.node import Node
from std_msgs.msg import String

from ..agents.route_follower import (
    RouteAgent,
    obstacles_of,
    settings_for,
)
from ..core.errors import DeadlineError
from ..core.run_contract.run_summary import AgentSummary
from ..core.run_contract.streams import AGENT, plan_agent
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
from ..ros.runtime.runtime import Spinner, run
from ..world.states import ActorState
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
        self._points: NDArray[np.float64] | None = None
        self._route: RouteAgent | None = None
        self._route_arrived = threading.Event()
        self._before: tuple[ActorState, ...] = ()
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
        self._participation.wait_begin()
        self._wait_route()
        with self._participation:
            for frame in self._participation.turns():
                if frame is not None:
                    self._drive(frame)
        return self._participation.leave(AGENT, self._summary())

    def _wait_route(self) -> None:
        deadline = time.monotonic() + self._p.start_s
        while not self._route_arrived.wait(_POLL_S):
            self._spinner.check()
            if time.monotonic() > deadline:
                missing = "route" if self._points is None else TOPICS["vehicle_info"].name
                raise DeadlineError(f"no {missing} came within {self._p.start_s:g} s")

    def _drive(self, frame: JoinedFrame) -> None:
        assert self._route is not None
        assert self._vehicle is not None
        with self._timings.stage("drive"):
            ego = ego_state(frame.messages["odometry"], self._vehicle.body)
            actors = actors_of(frame.messages["objects"])
            lights = lights_of(frame.messages["traffic_lights"])
            stops = np.array([light.stop for light in lights if light.stops_traffic])
            drive = self._route.step(
                ego.map_from_base,
                ego.speed_mps,
                obstacles_of(actors, self._before, self._p.dt_s),
                stops.reshape(-1, 3),
            )
            self._before = actors
        self._publishers.publish(_COMMAND, drive_command_message(drive, frame.stamp_ns))
        self._participation.answer(frame.stamp_ns, {_COMMAND: 1})

    def _take_route(self, message: Path) -> None:
        self._points = np.array([vector_array(pose.pose.position) for pose in message.poses])
        self._begin()

    def _take_vehicle(self, message: String) -> None:
        self._vehicle = VehicleInfo.from_json(message.data)
        self._begin()

    def _begin(self) -> None:
        """Follow the route from its start, once the vehicle is known too."""
        if self._vehicle is not None and self._points is not None:
            settings = settings_for(self._vehicle, cruise_mps=self._p.cruise_mps)
            self._route = RouteAgent(self._points, settings, self._p.dt_s)
            self._route_arrived.set()

    def _summary(self) -> AgentSummary:
        assert self._route is not None
        return AgentSummary(
            participant=AGENT,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            route_length_m=self._route.length_m,
            route_travelled_m=self._route.travelled_m,
            route_completion=self._route.travelled_m / self._route.length_m,
            skipped_frames=self._participation.joiner.skipped,
        )


def _work(node: Node, spinner: Spinner) -> int:
    return AgentNode(node, spinner, load(node, AgentParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(AGENT, _work, args)


if __name__ == "__main__":
    sys.exit(main())
