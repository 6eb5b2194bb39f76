"""The node ``route_agent``: one of our agents drives, by what any stack would be told."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path as FilePath

from rclpy.node import Node

from ..agents.agent import Agent
from ..agents.shipped import AgentWish, build_agent
from ..core.run_contract.run_summary import AgentSummary
from ..core.run_contract.streams import AGENT, plan_agent
from ..core.run_contract.timebase import seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..core.timings import Timings
from ..recording.read_back.messages import actors_of, ego_state, lights_of
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.lockstep.way_driver import WayDriver
from ..ros.lockstep.way_told import Told
from ..ros.messages.ego import drive_command_message
from ..ros.parameters.agent import AgentParameters
from ..ros.parameters.declare import load
from ..ros.publishers.publishers import Publishers
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..scene.recorded_ego import RecordedEgo, read_recorded_ego
from ..world.states import WorldState

_COMMAND = TOPICS["command_ackermann"].name


class AgentNode:
    """The node's parts; messages arrive in the executor, driving happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: AgentParameters) -> None:
        self._p = p
        self._spinner = spinner
        self._recorded = _recorded(p)
        participants = p.participants or (AGENT,)
        self._publishers = Publishers(node, plan_agent(AGENT, p.asked_period_frames))
        self._way: WayDriver[Agent] = WayDriver(node)
        self._timings = Timings()
        self._participation = Participation(
            node,
            spinner,
            p,
            keys=("odometry", "objects", "traffic_lights"),
            unready=lambda: self._publishers.unmatched(participants),
            period_frames=p.asked_period_frames,
        )

    def work(self) -> int:
        """Drive until the run is over; return the exit code."""
        run_state = self._participation.wait_begin()
        self._way.wait(self._p.start_s, self._spinner.check)
        with self._participation.taking_part(AGENT, self._summary):
            for frame in self._participation.turns():
                if frame is not None:
                    self._drive(frame, run_state.t0_ns)
        return self._participation.leave(AGENT, self._summary())

    def _drive(self, frame: JoinedFrame, t0_ns: int) -> None:
        with self._timings.stage("drive"):
            way = self._way.current(partial(self._agent_of, t0_ns))
            world = WorldState(
                frame.stamp_ns,
                ego_state(frame.messages["odometry"], way.told.vehicle.body),
                actors_of(frame.messages["objects"]),
                lights_of(frame.messages["traffic_lights"]),
            )
            way.route.advance(world.ego.map_from_base)
            target = way.driver.step(world)
        self._publishers.publish(_COMMAND, drive_command_message(target, frame.stamp_ns))
        self._participation.answer(frame.stamp_ns, {_COMMAND: 1})

    def _agent_of(self, t0_ns: int, told: Told) -> Agent:
        p, recorded = self._p, self._recorded
        wish = AgentWish(
            p.agent,
            p.cruise_mps,
            p.keeps,
            t0_ns + seconds_to_ns(max(0.0, p.handover_s)),
            p.dt_s * p.asked_period_frames,
            recorded.path.shifted(t0_ns - recorded.start_ns) if recorded else None,
            p.recorded_by,
        )
        return build_agent(wish, told.route, told.vehicle)

    def _summary(self) -> AgentSummary:
        return AgentSummary(
            participant=AGENT,
            agent=self._p.agent,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            **self._way.figures(),
            skipped_frames=self._participation.joiner.skipped,
        )


def _recorded(p: AgentParameters) -> RecordedEgo | None:
    """Return what the agent recorded follows: what was named, or the scene's own drive."""
    source = p.recording or p.scene
    return read_recorded_ego(FilePath(source)) if p.agent == "recorded" and source else None


def _work(node: Node, spinner: Spinner) -> int:
    return AgentNode(node, spinner, load(node, AgentParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(AGENT, _work, args)


if __name__ == "__main__":
    sys.exit(main())
