"""Who drives, and whose fault it is when a run breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.closed_loop.agent import GUEST, agent_under_test, with_agent
from carla_nurec_bridge.runs.closed_loop.run import ending_of
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import STOPPED, RunResult

MINE = agent_under_test("mine", "ros2 run my_stack driver --fast", "driver")
SHIPPED = agent_under_test("idm")


def broke(dead: str | None, exit_code: int = 1) -> RunResult:
    return RunResult(exit_code, "it broke", 1.0, {}, dead)


def test_a_users_program_takes_part_by_its_node():
    config = RunConfig(nurec=False, rig="states", map="demo_town", **MINE.fields())
    graph = with_agent(build_graph(config), MINE)
    guest = graph.processes[-1]
    assert (guest.name, guest.guest, guest.participant) == (GUEST, True, False)
    assert guest.argv[-5:] == ("ros2", "run", "my_stack", "driver", "--fast")
    assert graph.participants == ("carla_ego", "cosmos_recorder", "driver")
    for told in graph.parameters.values():
        assert told["lockstep.participants"] == ["carla_ego", "cosmos_recorder", "driver"]


def test_without_a_node_nobody_waits_and_time_keeps_to_the_wall_clock():
    other = agent_under_test("other", ["./stack"])
    config = RunConfig(nurec=False, rig="states", map="demo_town", **other.fields())
    assert (config.lockstep, config.real_time_factor) == (False, 1.0)
    assert not build_graph(config).parameters["carla_ego"]["lockstep.enabled"]


def test_whoever_drives_is_told_the_route():
    config = RunConfig(nurec=False, rig="states", map="demo_town", agent="none")
    assert "route" not in {stream.topic for stream in build_graph(config).streams}
    for agent in (MINE, agent_under_test("other", ["./stack"])):
        config = RunConfig(nurec=False, rig="states", map="demo_town", **agent.fields())
        graph = with_agent(build_graph(config), agent)
        assert "route" in {stream.topic for stream in graph.streams}


@pytest.mark.parametrize(
    ("name", "command", "node", "told"),
    [
        ("route_folower", "", None, "try route_follower"),
        ("idm", "", "idm", "takes part by itself; leave out node"),
        ("my agent", "x", None, "letters, digits and underscores"),
        ("none", "", None, "give the command that starts your own"),
    ],
)
def test_an_agent_that_cannot_be_is_refused_in_a_sentence(name, command, node, told):
    with pytest.raises(InputError, match=told):
        agent_under_test(name, command, node)


@pytest.mark.parametrize(
    ("run", "reason", "agent", "ending"),
    [
        (RunResult(0, "finished", 1.0, {}), "", MINE, "finished"),
        (broke(GUEST), "", MINE, "agent_failed"),
        (broke(GUEST, 2), "", MINE, "agent_failed"),
        (broke("route_agent"), "", SHIPPED, "agent_failed"),
        (broke("carla_ego"), "driver did not answer frame 7 within 30 s", MINE, "agent_failed"),
        (broke("carla_ego"), "driver failed at frame 3: no route", MINE, "agent_failed"),
        (
            broke("carla_ego"),
            "cosmos_recorder did not answer frame 7 within 30 s",
            MINE,
            "simulator_died",
        ),
        (broke("carla_ego"), "drivers are not driver_2", MINE, "simulator_died"),
        (broke("carla_server"), "CARLA does not answer", MINE, "simulator_died"),
        (broke("carla_ego", 2), "the map has no such place", MINE, "refused"),
        (broke(None), "", MINE, "overtime"),
    ],
)
def test_an_agent_that_failed_is_told_from_a_simulator_that_died(run, reason, agent, ending):
    assert run.exit_code != STOPPED
    assert ending_of(run, reason, agent) == ending


def process(*command: str) -> list[str]:
    module = "carla_nurec_bridge.runs.closed_loop.agent_process"
    return [sys.executable, "-m", module, *command]


def test_the_agents_process_ends_as_the_agent_does():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    assert subprocess.run(process(sys.executable, "-c", "raise SystemExit(3)")).returncode == 3
    killed = subprocess.run(process(sys.executable, "-c", code))
    assert killed.returncode == -signal.SIGABRT
    missing = subprocess.run(process("/nowhere/agent"), capture_output=True, text=True)
    assert missing.returncode == InputError.exit_code
    assert "error: cannot start /nowhere/agent: No such file" in missing.stderr


def test_an_agent_is_ended_with_all_that_it_started():
    """The agent's own child holds the pipe's end open for as long as it lives."""
    child = "import time; print(1, flush=True); time.sleep(600)"
    started = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"
    )
    with subprocess.Popen(
        process(sys.executable, "-c", started), stdout=subprocess.PIPE, start_new_session=True
    ) as agent:
        try:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"1\n"
            agent.terminate()
            assert agent.stdout.read() == b""
            assert agent.wait(120) == -signal.SIGTERM
        finally:
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
