"""A sweep keeps what is done, goes on after an end, repeats what a dead simulator spoilt."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable
from pathlib import Path
from typing import Any

import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import DeadlineError, InputError
from carla_nurec_bridge.core.run_contract.verdict import ScenarioVerdict
from carla_nurec_bridge.core.work.workers import Work, WorkerLostError, report
from carla_nurec_bridge.report.sweep.values import SweepReport
from carla_nurec_bridge.runs.closed_loop.case import ClosedLoopCase
from carla_nurec_bridge.runs.closed_loop.given_servers import fields_of_servers
from carla_nurec_bridge.runs.closed_loop.result import ClosedLoopResult, RunCost, write_result
from carla_nurec_bridge.runs.sweep import run as sweep_run
from carla_nurec_bridge.runs.sweep.books import SweepListener
from carla_nurec_bridge.runs.sweep.cases import runs_of
from carla_nurec_bridge.runs.sweep.run import SweepOutcome, sweep
from carla_nurec_bridge.runs.sweep.suite import suite_of

SUITE = {
    "name": "small",
    "scenarios": ["leader_brakes", "cut_in_close", "red_light"],
    "seeds": [1, 2],
    "resamples": 500,
    "agents": ["route_follower", "constant_velocity"],
}
FILES = ("report.json", "report.md", "report.html")


class Here:
    """Workers that do the work at once, in this thread."""

    count = 1

    def __init__(self) -> None:
        self._results: dict[Hashable, object] = {}

    def submit(self, work: Work[Any], told: Path) -> Hashable:
        turn = len(self._results)
        try:
            self._results[turn] = report(work, told)
        except WorkerLostError as lost:
            self._results[turn] = lost
        return turn

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        return list(turns)

    def result(self, turn: Hashable) -> Any:
        result = self._results[turn]
        if isinstance(result, Exception):
            raise result
        return result

    def end(self, turns: Collection[Hashable]) -> None:
        pass


class Driven:
    """In place of runs: results that depend on the case alone, told after ``spoil`` had its way."""

    def __init__(self, spoil: Callable[[str, int], str | None] = lambda *_: None) -> None:
        self._spoil = spoil
        self.cases: list[str] = []
        self.wall_s = 1.0

    def __call__(
        self, case: ClosedLoopCase, folder: Path, on_step: Callable[..., None], **_: Any
    ) -> ClosedLoopResult:
        self.cases.append(folder.name)
        ending = self._spoil(folder.name, self.cases.count(folder.name)) or "finished"
        good = case.agent.name == "route_follower"
        status = "passed" if good else "failed"
        scenario = Path(case.scenario).stem
        verdict = ScenarioVerdict(name=scenario, status=status, time_s=3.0, conditions=())
        result = ClosedLoopResult(
            scenario=scenario,
            agent=case.agent.name,
            seed=case.seed,
            ending=ending,
            sentence="carla_server was killed by SIGKILL" if ending != "finished" else "finished",
            verdict=verdict if ending == "finished" else None,
            scores={"pdms": (0.9 if good else 0.2) + 0.01 * case.seed, "alpasim": None},
            unscored="",
            frames=40,
            simulated_s=4.0,
            cost=cost(self.wall_s),
        )
        folder.mkdir(parents=True, exist_ok=True)
        write_result(folder, result)
        on_step(40, 40)
        return result


def cost(wall_s: float) -> RunCost:
    return RunCost(
        wall_s=wall_s,
        start_s=wall_s / 2,
        drive_s=wall_s / 4,
        score_s=wall_s / 4,
        cpu_s=2 * wall_s,
        memory_bytes=10,
        disk_bytes=20,
    )


@pytest.fixture
def drive(monkeypatch, tmp_path):
    """Return a function that sweeps the suite with these runs; it gives outcome and notes."""

    def swept(driven: Driven, out: str = "out", **fields: Any) -> tuple[SweepOutcome, list[str]]:
        monkeypatch.setattr(sweep_run, "run_closed_loop", driven)
        suite = suite_of({**SUITE, **fields}, "small.yaml")
        notes: list[str] = []
        listener = SweepListener(
            lambda *_: None,
            lambda *_: None,
            lambda name, told: notes.append(f"{name}: {told}"),
            lambda *_: None,
        )
        folder = tmp_path / out
        return sweep(suite, runs_of(suite, "small.yaml", folder), folder, Here(), listener), notes

    return swept


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def test_every_run_is_made_once_and_the_same_command_makes_none_again(drive, tmp_path):
    driven = Driven()
    outcome, _ = drive(driven)
    assert (outcome.done, outcome.kept, outcome.left) == (12, 0, 0)
    assert len(set(driven.cases)) == len(driven.cases) == 12
    assert outcome.report == SweepReport.model_validate_json(
        (tmp_path / "out/report.json").read_bytes()
    )
    first = contents(tmp_path / "out")
    again = Driven()
    outcome, _ = drive(again)
    assert (again.cases, outcome.done, outcome.kept) == ([], 0, 12)
    assert contents(tmp_path / "out") == first


@pytest.mark.parametrize("at", [0, 4, 11])
def test_one_that_is_ended_goes_on_and_ends_with_the_same_report(drive, tmp_path, at):
    drive(Driven(), "whole")
    begun: list[str] = []

    def end(name: str, _tries: int) -> None:
        if len(begun) == at:
            raise KeyboardInterrupt
        begun.append(name)

    with pytest.raises(KeyboardInterrupt):
        drive(Driven(end))
    rest = Driven()
    rest.wall_s = 7.0
    outcome, _ = drive(rest)
    assert (outcome.kept, outcome.done) == (at, 12 - at)
    assert not set(begun) & set(rest.cases)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_run_whose_simulator_died_is_begun_again_and_counted(drive):
    sick = "cut_in_close-s2-route_follower"
    driven = Driven(lambda name, tries: "simulator_died" if name == sick and tries < 3 else None)
    outcome, notes = drive(driven)
    assert driven.cases.count(sick) == 3
    assert [note.partition(" SIGKILL")[2] for note in notes] == [
        "; begun again, try 2 of 3",
        "; begun again, try 3 of 3",
    ]
    row = next(row for row in outcome.report.runs if row.name == sick)
    assert (row.tries, row.state, row.passed) == (3, "finished", True)


def test_tries_are_bounded_and_such_a_run_counts_for_no_agent(drive):
    sick = "cut_in_close-s2-route_follower"
    driven = Driven(lambda name, _: "simulator_died" if name == sick else None)
    outcome, _ = drive(driven, tries=2)
    assert driven.cases.count(sick) == 2
    assert (outcome.done, outcome.left) == (11, 1)
    agent = outcome.report.agents[0]
    assert agent.outcomes == {"passed": 5, "simulator_died": 1}
    assert agent.figures["passed"].figures == 5
    assert not outcome.report.is_whole
    assert drive(Driven(), tries=2)[0].left == 0


def test_an_agent_that_failed_has_had_its_chance(drive):
    sick = "cut_in_close-s2-route_follower"
    driven = Driven(lambda name, _: "agent_failed" if name == sick else None)
    outcome, _ = drive(driven)
    assert driven.cases.count(sick) == 1
    assert outcome.left == 0
    assert outcome.report.agents[0].figures["passed"].mean == pytest.approx(5 / 6)


def test_a_lost_worker_costs_one_repeat(drive):
    def lose(name: str, tries: int) -> None:
        if name == "red_light-s1-constant_velocity" and tries == 1:
            raise WorkerLostError("its worker was lost (exit code -9)")

    outcome, notes = drive(Driven(lose))
    assert outcome.left == 0
    (note,) = notes
    assert note.startswith("red_light-s1-constant_velocity: its worker was lost (exit code -9)")
    assert note.endswith("begun again, try 2 of 3")


def test_when_the_budget_is_spent_no_run_is_begun_and_the_rest_is_told(drive):
    outcome, _ = drive(Driven(), time_budget_s=1e-9)
    assert (outcome.done, outcome.left) == (0, 12)
    assert {row.state for row in outcome.report.runs} == {"not_run"}


def test_what_the_report_says_of_agents_and_pairs(drive, tmp_path):
    outcome, _ = drive(Driven())
    first, second = outcome.report.agents
    assert first.figures["pdms"].mean == pytest.approx(0.915)
    assert second.outcomes == {"failed": 6}
    assert (first.unknown, first.figures["alpasim"].mean) == ({"alpasim": 6}, None)
    (pair,) = outcome.report.pairs
    test = pair.tests["pdms"]
    assert test.difference.mean == pytest.approx(0.7)
    assert (test.wins, test.losses) == (6, 0)
    assert test.p_value == pytest.approx(2 / 2**3)
    assert "alpasim" not in pair.tests
    page = (tmp_path / "out/report.html").read_text()
    assert page.count('class="mark passed"') == 6
    assert "<script" not in page
    assert 'src="' not in page
    assert "0.915 (0.915 to 0.915)" in (tmp_path / "out/report.md").read_text()
    times = json.loads((tmp_path / "out/times.json").read_text())
    assert (times["runs"], times["wall_s"], times["cpu_s"]) == (12, 1.0, 2.0)


def test_flaky_scenarios_are_found_among_repeats(drive):
    def flip(name: str, _tries: int) -> str | None:
        return "agent_failed" if name == "red_light-s1-route_follower-r2" else None

    outcome, _ = drive(Driven(flip), repeats=2)
    (flaky,) = outcome.report.flaky
    assert flaky.name == "red_light seed 1 route_follower"
    assert flaky.outcomes == {"agent_failed": 1, "passed": 1}


def test_one_server_is_not_shared_by_several_workers(drive, monkeypatch):
    monkeypatch.setattr(Here, "count", 2)
    with pytest.raises(InputError, match="2 workers would share one CARLA .*--workers 1"):
        drive(Driven(), run={"embedded_carla": False})


def test_two_commands_do_not_sweep_in_one_folder(drive):
    def enter(_name: str, _tries: int) -> None:
        drive(Driven())

    with pytest.raises(DeadlineError, match="another command sweeps in"):
        drive(Driven(enter))


def test_named_servers_become_fields_of_every_run_and_serve_one_worker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fields_of_servers(None, None) == {}
    assert fields_of_servers("10.0.0.7:2000", "[::1]:46435") == {
        "embedded_carla": False,
        "carla_host": "10.0.0.7",
        "carla_port": 2000,
        "nurec": True,
        "nurec_mode": "external",
        "nurec_host": "[::1]",
        "nurec_port": 46435,
    }
    assert fields_of_servers("[::1]:2000", None)["carla_host"] == "::1"
    words = ["sweep", "town", "-o", str(tmp_path / "out"), "--workers", "2"]
    for servers, told in (
        (["--carla", "10.0.0.7"], "--carla takes HOST:PORT, not '10.0.0.7'"),
        (["--nurec", "somewhere:x"], "--nurec takes HOST:PORT, not 'somewhere:x'"),
        (["--carla", "h:99999", "--plan"], "--carla takes HOST:PORT, not 'h:99999'; a port is"),
        (["--carla", "h:65535", "--plan"], "a port is 1 to 65534"),
        (["--nurec", "h:0", "--plan"], "--nurec takes HOST:PORT, not 'h:0'; a port is 1 to 65535"),
        (["--carla", "::1:2000", "--plan"], "an IPv6 HOST stands in brackets"),
        (["--carla", "10.0.0.7:2000"], "2 workers would share one CARLA (embedded_carla: false)"),
    ):
        assert main([*words, *servers]) == 2
        assert told in " ".join(capsys.readouterr().err.split())
