"""The pytest plugin: what a drive gives to assertions, and what a failing test says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.run_contract.verdict import ConditionVerdict, ScenarioVerdict
from carla_nurec_bridge.runs.closed_loop.case import ClosedLoopCase
from carla_nurec_bridge.runs.closed_loop.result import ClosedLoopResult, Ending, RunCost
from carla_nurec_bridge.testing import drives
from carla_nurec_bridge.testing.drives import ClosedLoop, closed_loop_of

pytest_plugins = ["pytester"]

TOUCHED = "at 4.20 s the ego touched walker 24 at 3.1 m/s, at (12.0, -4.1)"
COST = RunCost(
    wall_s=1.0, start_s=0.5, drive_s=0.3, score_s=0.2, cpu_s=2.0, memory_bytes=1, disk_bytes=1
)


def result(case: ClosedLoopCase, status: str = "failed", ending: Ending = "finished") -> Any:
    condition = ConditionVerdict(
        condition="outcome (collision)",
        status=status,
        sentence=TOUCHED,
        stamp_ns=5_200_000_000,
        time_s=4.2,
        place_m=(12.0, -4.1, 0.0),
        actors=(24,),
        figures={},
    )
    verdict = ScenarioVerdict(name="red_light", status=status, time_s=4.2, conditions=(condition,))
    return ClosedLoopResult(
        scenario="red_light",
        agent=case.agent.name,
        seed=case.seed,
        ending=ending,
        sentence="agent_under_test ended with code 1" if ending != "finished" else "finished",
        verdict=verdict if ending == "finished" else None,
        scores={"pdms": 0.25, "alpasim": None},
        unscored="",
        frames=42,
        simulated_s=4.2,
        cost=COST,
    )


@pytest.fixture
def cases(monkeypatch) -> list[ClosedLoopCase]:
    """Keep what is asked for in place of driving it; the drive fails."""
    asked: list[ClosedLoopCase] = []

    def drive(case: ClosedLoopCase, folder: Path, **_: Any) -> ClosedLoopResult:
        asked.append(case)
        return result(case)

    monkeypatch.setattr(drives, "run_closed_loop", drive)
    return asked


def fixture(folder: Path, **options: str) -> ClosedLoop:
    asked: dict[str, Any] = {"carla": None, "nurec": None, "agent": None, "node": None}
    return closed_loop_of("test_x[a b]", folder, **{**asked, **options})


def test_a_failing_test_says_what_happened_and_where_its_files_are(pytester, cases):
    pytester.makepyfile(
        """
        def test_stops(closed_loop):
            drive = closed_loop("red_light", agent="ros2 run mine driver", node="driver", seed=3)
            assert drive.verdict.status == "passed"
        """
    )
    found = pytester.runpytest_inprocess("--closed-loop-dir", "out")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(
        [
            "*closed loop*",
            "agent in red_light, seed 3:",
            f"  scenario red_light failed: {TOUCHED}".replace("[", "[[]"),
            "  scores: pdms 0.25, alpasim unknown",
            "  bag:    out/test_stops-1/bag",
            "  report: out/test_stops-1/report.md",
            "  logs:   out/test_stops-1/logs",
        ]
    )
    (case,) = cases
    assert (case.agent.command, case.agent.node) == (("ros2", "run", "mine", "driver"), "driver")


def test_the_agent_of_the_command_line_drives_where_a_test_names_none(pytester, cases):
    pytester.makepyfile(
        """
        def test_drives(closed_loop):
            drive = closed_loop("red_light", dt_s=0.1)
            assert drive.ending == "finished"
            assert not drive.passed
            assert drive.scores["pdms"] == 0.25
            assert drive.bag.name == "bag"
        """
    )
    options = ("--agent", "./stack --fast", "--agent-node", "stack", "--carla", "10.0.0.7:2000")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=1)
    (case,) = cases
    assert (case.agent.command, case.agent.node) == (("./stack", "--fast"), "stack")
    assert case.fields == {
        "embedded_carla": False,
        "carla_host": "10.0.0.7",
        "carla_port": 2000,
        "dt_s": 0.1,
    }


def test_the_example_of_the_documentation_is_a_test(pytester, monkeypatch):
    asked: list[ClosedLoopCase] = []

    def drive(case: ClosedLoopCase, folder: Path, **_: Any) -> ClosedLoopResult:
        asked.append(case)
        return result(case, "passed").model_copy(update={"scores": {"neuroncap": 5.0}})

    monkeypatch.setattr(drives, "run_closed_loop", drive)
    shutil.copytree(share_dir() / "docs/agent_template", pytester.path / "mine")
    pytester.runpytest_inprocess("mine/test").assert_outcomes(passed=1)
    (case,) = asked
    assert case.agent.node == "my_agent"
    assert Path(case.agent.command[-1]).is_file()


def test_without_a_word_the_shipped_route_follower_drives(tmp_path, cases):
    drive = fixture(tmp_path)("red_light")
    assert (cases[0].agent.name, cases[0].agent.command) == ("route_follower", ())
    assert drive.folder == tmp_path / "test_x_a_b_-1"


def test_a_simulator_that_died_is_no_verdict_on_the_agent(tmp_path, monkeypatch):
    endings: list[Ending] = ["simulator_died", "finished"]
    monkeypatch.setattr(
        drives,
        "run_closed_loop",
        lambda case, folder, **_: result(case, ending=endings.pop(0)),
    )
    with pytest.warns(UserWarning, match="the simulator died in try 1 of 3"):
        assert fixture(tmp_path)("red_light").ending == "finished"
    endings += ["simulator_died"] * 3
    with (
        pytest.warns(UserWarning, match="the simulator died in try"),
        pytest.raises(RunError, match="died in each of 3 tries, which says nothing of the agent"),
    ):
        fixture(tmp_path)("red_light")


def test_an_agent_that_failed_is_a_drive_that_did_not_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(
        drives, "run_closed_loop", lambda case, folder, **_: result(case, ending="agent_failed")
    )
    drive = fixture(tmp_path)("red_light")
    assert not drive.passed
    assert "  agent_failed: agent_under_test ended with code 1" in str(drive).splitlines()


@pytest.mark.parametrize(
    ("options", "fields", "told"),
    [
        ({"carla": "2000"}, {}, "--carla takes HOST:PORT, not '2000'"),
        ({}, {"domain_id": 7}, "domain_id is set by who runs the scenario"),
        ({}, {"agent": "idn"}, "no agent is shipped as 'idn'; try idm"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path, cases, options, fields, told):
    with pytest.raises(InputError, match=told):
        fixture(tmp_path, **options)("red_light", **fields)
    assert cases == []


def test_the_plugin_costs_other_test_runs_nothing():
    heavy = ("numpy", "scipy", "numba", "pydantic", "rclpy", "carla")
    code = (
        "import sys, carla_nurec_bridge.testing.plugin\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "[]\n"
