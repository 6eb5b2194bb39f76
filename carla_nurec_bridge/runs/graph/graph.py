"""What processes make up a run: the one source for launch files and for ``carla-nurec up``.

``build_graph`` turns a ``RunConfig`` into processes with arguments, environment and parameters.
Nothing is started here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import InputError
from ...core.rig.rig import load_rig
from ...core.run_contract.run_config import NO_SCORES, RunConfig
from ...core.run_contract.streams import (
    AGENT,
    EGO,
    EGODRIVER,
    EVAL,
    NUREC,
    PARTICIPANTS,
    RECORDER,
    TRACKER,
    Stream,
    plan_streams,
)
from ...core.run_contract.timebase import seconds_to_ns
from ...ros.runtime.dds import segment_bytes, write_profile
from ...scenarios.files import load_driven
from .environment import dds_profile, node_environment
from .node_parameters import node_parameters, parameter_file, write_parameter_file
from .process import END_DEADLINE_S, RECORDER_CLOSING_S, Process
from .server_processes import server_processes


@dataclass(frozen=True)
class Graph:
    """The processes of a run in the order in which they are started, and what they must produce."""

    config: RunConfig
    processes: tuple[Process, ...]
    participants: tuple[str, ...]
    streams: tuple[Stream, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def build_graph(config: RunConfig) -> Graph:
    """Return the processes of a run; their parameter files are written by ``write_parameters``."""
    recorded = config.scenario and load_driven(config.scenario) is None
    if recorded and config.log is None:
        raise InputError(
            f"the scenario {config.scenario} must be recorded before it is replayed, "
            "which the demo and carla-nurec scenario record do; then give mode=replay and its log"
        )
    participants = [EGO]
    participants += [NUREC] if config.nurec else []
    participants += _driver(config)
    participants += [EVAL] if config.scores != NO_SCORES else []
    participants += [RECORDER] if config.record else []
    participants += _guests(config)
    streams = plan_streams(
        load_rig(config.rig),
        seconds_to_ns(config.dt_s),
        participants,
        ground_truth=config.odometry_drifts,
        latency=config.sensor_latency,
        agent_period=config.agent_period_frames if config.lockstep else 1,
    )
    ours = [name for name in participants if name in PARTICIPANTS]
    parameters = {name: node_parameters(name, config, participants) for name in ours}
    nodes = (_node(name, config) for name in ours)
    processes = (*server_processes(config), *nodes)
    return Graph(config, processes, tuple(participants), streams, parameters)


def _driver(config: RunConfig) -> list[str]:
    """Return the node that drives, if any; InputError where it lacks what it follows."""
    if config.agent == "none" or config.mode == "replay":
        return []
    if config.egodriver:
        return [EGODRIVER]
    if config.agent == "recorded" and not (config.agent_recording or config.scene):
        raise InputError(
            "the agent recorded needs a recording to follow: give agent_recording (a bag, a CARLA "
            "recording or a scene package), or a scene"
        )
    return [TRACKER if config.agent == "plan_tracker" else AGENT]


def _guests(config: RunConfig) -> list[str]:
    """Return the user's own nodes; InputError for a name of ours."""
    if ours := [name for name in config.agent_nodes if name in PARTICIPANTS]:
        raise InputError(f"agent_nodes names {ours[0]}, which is a node of ours; leave it out")
    return list(config.agent_nodes)


def _node(name: str, config: RunConfig) -> Process:
    params = parameter_file(config, name)
    module = f"carla_nurec_bridge.nodes.{name}"
    argv = (sys.executable, "-m", module, "--ros-args", "--params-file", str(params))
    leave_s = closing_s = RECORDER_CLOSING_S if name == RECORDER else END_DEADLINE_S
    if name == EGO:
        leave_s += END_DEADLINE_S  # so long it lets the others leave before itself
    if name == RECORDER and config.cosmos_url:
        leave_s += config.cosmos_deadline_s
    return Process(name, argv, node_environment(config), None, True, params, leave_s, closing_s)


def write_parameters(graph: Graph) -> None:
    """Write each node's parameter file and the Fast DDS profile below the run folder."""
    for process in graph.processes:
        if process.params is not None:
            write_parameter_file(process.params, graph.parameters[process.name])
    write_profile(dds_profile(graph.config), segment_bytes(load_rig(graph.config.rig)))
