"""Launch descriptions made from the graph: the launch files only name what they differ in.

Needs ``launch`` and ``launch_ros`` of a ROS installation; ``carla-nurec up`` does without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.logging import get_logger
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription

from ..core.resources import PACKAGE, share_dir
from ..core.run_contract.run_config import RunConfig
from .graph import Graph, Process, build_graph, write_parameters
from .launch_arguments import launch_arguments, launched_config
from .recipe import as_driven, prepared, settled
from .rehearsal import STEPS, OnProgress


def description(defaults: Mapping[str, Any], *, rehearse: bool = False) -> LaunchDescription:
    """Return a launch description with one argument for each field of ``RunConfig``.

    ``defaults`` replace the fields' own. With ``rehearse`` the run is settled and prepared as
    ``carla-nurec demo`` does it: an empty ``scene`` is built from a rehearsal.
    """
    arguments = [
        DeclareLaunchArgument(
            argument.name,
            default_value=argument.default,
            description=argument.description,
            choices=argument.choices or None,
        )
        for argument in launch_arguments(defaults)
    ]
    arguments += [
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the nodes"),
        DeclareLaunchArgument(
            "rviz", default_value="false", description="start RViz2", choices=["true", "false"]
        ),
    ]
    given: dict[str, str] = {}

    def remember(context: LaunchContext) -> None:
        # Arguments that are declared have their defaults here; before that only those given are.
        given.update(context.launch_configurations)

    def start(context: LaunchContext) -> list[Any]:
        config = launched_config(defaults, given)
        config = prepared(settled(config), _teller()) if rehearse else as_driven(config)
        return _actions(config, context.launch_configurations)

    return LaunchDescription(
        [OpaqueFunction(function=remember), *arguments, OpaqueFunction(function=start)]
    )


def _actions(config: RunConfig, told: Mapping[str, str]) -> list[Any]:
    """Return the processes of a run, and what happens when they end."""
    graph = build_graph(config)
    write_parameters(graph)
    actions: list[Any] = []
    started = {}
    for process in graph.processes:
        action = _action(process, told["namespace"])
        started[process.name] = action
        actions.append(action)
    actions += _exit_handlers(graph, started)
    if told["rviz"] == "true":
        actions.append(_rviz())
    return actions


def _teller() -> OnProgress:
    """Return what says in launch's log which step of a preparation begins."""
    begun: set[str] = set()

    def tell(step: str, _done: int, _total: int) -> None:
        if step not in begun:
            begun.add(step)
            get_logger(PACKAGE).info(STEPS[step])

    return tell


def _action(process: Process, namespace: str) -> ExecuteProcess:
    if process.params is None:
        return ExecuteProcess(
            cmd=list(process.argv),
            name=process.name,
            output="screen",
            additional_env=dict(process.env),
            **_patience(process),
        )
    return Node(
        package=PACKAGE,
        executable=process.name,
        namespace=namespace,
        output="screen",
        parameters=[str(process.params)],
        additional_env=dict(process.env),
        **_patience(process),
    )


def _patience(process: Process) -> dict[str, str]:
    """Return when launch follows SIGINT with SIGTERM, and that with SIGKILL."""
    return {"sigterm_timeout": "5", "sigkill_timeout": f"{process.closing_s:g}"}


def _exit_handlers(graph: Graph, started: Mapping[str, ExecuteProcess]) -> list[Any]:
    """Shut down when the last participant has finished, or anything ends that should not."""
    running = {process.name for process in graph.processes if process.participant}

    def handler(process: Process) -> Any:
        def on_exit(event: ProcessExited, _context: LaunchContext) -> list[Any]:
            if event.returncode != 0 or not process.participant:
                reason = f"{process.name} ended with code {event.returncode}"
                return [EmitEvent(event=Shutdown(reason=reason))]
            running.discard(process.name)
            return [] if running else [EmitEvent(event=Shutdown(reason="the run has finished"))]

        return RegisterEventHandler(
            OnProcessExit(target_action=started[process.name], on_exit=on_exit)
        )

    return [handler(process) for process in graph.processes]


def _rviz() -> Node:
    return Node(
        package="rviz2",
        executable="rviz2",
        output="screen",
        parameters=[{"use_sim_time": True}],
        arguments=["-d", str(share_dir() / "rviz" / "bridge.rviz")],
    )
