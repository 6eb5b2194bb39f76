"""Who drives in a closed-loop run: an agent of this package, or a user's own program."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from ...core.errors import InputError
from ...core.near_names import near_names
from ...core.run_contract.agent_fields import AgentName
from ...core.run_contract.streams import AGENT, TRACKER
from ..graph import Graph, Process, environment

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
GUEST = "agent_under_test"
_SHIPPED = tuple(name for name in get_args(AgentName) if name != "none")
_MODULE = "carla_nurec_bridge.runs.closed_loop.agent_process"


@dataclass(frozen=True)
class AgentUnderTest:
    """An agent and the name that reports have for it.

    * command: the words of a user's program; empty for an agent of this package.
    * node: the name by which that program takes part in lock-step. Without one it does not, and
      simulated time keeps to the wall clock.
    """

    name: str
    command: tuple[str, ...] = ()
    node: str | None = None

    @property
    def participant(self) -> str | None:
        """The node that a run waits for, None where it waits for nobody."""
        ours = TRACKER if self.name == "plan_tracker" else AGENT
        return self.node if self.command else ours

    def fields(self) -> dict[str, Any]:
        """Return what the agent says of a run's fields."""
        if not self.command:
            return {"agent": self.name}
        fields = {"agent": "none", "agent_nodes": (self.node or GUEST,)}
        return fields if self.node else {**fields, "lockstep": False, "real_time_factor": 1.0}


def agent_under_test(
    name: str, command: str | Sequence[str] = (), node: str | None = None
) -> AgentUnderTest:
    """Return a shipped agent, or one of a command line; InputError says what is wrong with it."""
    if not NAME.fullmatch(name):
        raise InputError(f"the agent's name {name!r} must be of letters, digits and underscores")
    words = tuple(shlex.split(command) if isinstance(command, str) else command)
    if words:
        return AgentUnderTest(name, words, node)
    if name not in _SHIPPED:
        near = near_names(name, _SHIPPED) or list(_SHIPPED)
        raise InputError(
            f"no agent is shipped as {name!r}; try {', '.join(near)}, or give the command that "
            "starts your own"
        )
    if node is not None:
        raise InputError(f"the agent {name} is shipped and takes part by itself; leave out node")
    return AgentUnderTest(name)


def with_agent(graph: Graph, agent: AgentUnderTest) -> Graph:
    """Return the graph of a run with a user's agent in it; with a shipped one it is as it was."""
    if not agent.command:
        return graph
    argv = (sys.executable, "-m", _MODULE, *agent.command)
    guest = Process(GUEST, argv, environment(graph.config), None, participant=False, guest=True)
    return replace(graph, processes=(*graph.processes, guest))
