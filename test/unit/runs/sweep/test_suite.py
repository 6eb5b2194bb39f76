"""Suite files: what they say becomes runs; what is wrong is told by file and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.shipped_yaml import shipped_files
from carla_nurec_bridge.runs.sweep.cases import SuiteRun, runs_of
from carla_nurec_bridge.runs.sweep.suite import load_suite

SMALL = {"scenarios": ["leader_brakes"], "agents": ["route_follower"]}


def runs(folder: Path, **fields: Any) -> list[SuiteRun]:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **fields}, sort_keys=False))
    file, suite = load_suite(str(path))
    return runs_of(suite, str(file), folder / "scenarios")


def test_the_shipped_suite_is_twelve_scenarios_by_three_seeds_by_two_agents(tmp_path):
    (path,) = shipped_files("suites")
    file, suite = load_suite(path.stem)
    found = runs_of(suite, str(file), tmp_path)
    assert len({run.variant.scenario for run in found}) == 12
    assert len(found) == len({run.name for run in found}) == 12 * 3 * 2
    assert not list(tmp_path.iterdir())


def test_order_names_and_fields_of_runs(tmp_path):
    driver = {"name": "mine", "command": "ros2 run my_stack driver", "node": "driver"}
    found = runs(
        tmp_path,
        seeds=[1, 2],
        agents=["idm", driver],
        repeats=2,
        run={"dt_s": 0.1},
        scores=["pdms"],
    )
    assert [run.name for run in found] == [
        f"leader_brakes-s{seed}-{agent}-r{repeat}"
        for seed in (1, 2)
        for agent in ("idm", "mine")
        for repeat in (1, 2)
    ]
    case = found[2].case
    assert (case.agent.command, case.agent.node) == (
        ("ros2", "run", "my_stack", "driver"),
        "driver",
    )
    assert case.fields == {"scenario_drives_on": True, "dt_s": 0.1}
    assert case.scores == ("pdms",)
    assert len({run.key for run in found}) == len(found)


def test_a_grid_makes_every_combination_and_writes_changed_scenarios(tmp_path):
    grid = {"scenario.adversaries.leader.gap_m": [10, 20], "agent_speed_mps": [6.0, 9.0]}
    found = runs(tmp_path, grid=grid)
    assert [run.variant.name for run in found] == [f"leader_brakes.{k}" for k in (1, 2, 3, 4)]
    assert [run.case.fields["agent_speed_mps"] for run in found] == [6.0, 9.0, 6.0, 9.0]
    gaps = [
        yaml.safe_load(Path(run.case.scenario).read_text())["adversaries"][0]["gap_m"]
        for run in found
    ]
    assert gaps == [[10, 10], [10, 10], [20, 20], [20, 20]]


def test_draws_lie_in_their_ranges_and_depend_on_nothing_but_the_seed(tmp_path):
    values = {
        "scenario.adversaries.0.gap_m": {"uniform": [10, 30]},
        "vehicles_ignored": {"integer": [1, 3]},
    }
    sample = {"count": 20, "seed": 4, "values": {"scenario.duration_s": {"choice": [10, 12]}}}
    sample["values"]["scenario.adversaries.0.gap_m"] = values["scenario.adversaries.0.gap_m"]
    sample["values"]["scenario.vehicles"] = values["vehicles_ignored"]
    first = [run.variant.values for run in runs(tmp_path, sample=sample)]
    beside = runs(tmp_path, sample=sample, scenarios=["cut_in_close", "leader_brakes"])
    again = [run.variant.values for run in beside if run.variant.scenario == "leader_brakes"]
    assert first == again
    gaps = [float(row["scenario.adversaries.0.gap_m"]) for row in first]
    assert all(10 <= gap <= 30 for gap in gaps)
    assert len(set(gaps)) == 20
    assert {row["scenario.vehicles"] for row in first} == {1, 2, 3}
    assert {row["scenario.duration_s"] for row in first} == {10, 12}
    other = runs(tmp_path, sample={**sample, "seed": 5})
    assert first != [run.variant.values for run in other]


def test_what_a_run_depends_on_changes_its_key_and_nothing_else_does(tmp_path):
    def key(**fields: Any) -> str:
        return runs(tmp_path, **fields)[0].key

    first = key()
    assert first == key() == key(seeds=[1, 2], tries=1, time_budget_s=5, agents=["route_follower"])
    changed = [{"seeds": [2]}, {"run": {"dt_s": 0.1}}, {"scores": ["pdms"]}, {"agents": ["idm"]}]
    assert len({first, *(key(**fields) for fields in changed)}) == 5


def test_a_scenario_file_lies_beside_the_suite(tmp_path):
    shipped = Path(runs(tmp_path)[0].case.scenario)
    (tmp_path / "own.yaml").write_text(shipped.read_text())
    assert runs(tmp_path, scenarios=["own.yaml"])[0].name == "own-s1-route_follower"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seeds": []}, r"field seeds: .*at least 1 item"),
        ({"seeds": [1, 1]}, r"field seeds: 1 is there twice"),
        ({"agents": ["route_folower"]}, r"field agents: no agent is shipped as .*route_follower"),
        (
            {"agents": [{"name": "a b", "command": "x"}]},
            r"field agents\.0\.name: String should match",
        ),
        ({"agents": [{"name": "a"}]}, r"field agents\.0\.command: Field required"),
        ({"scores": ["pmds"]}, r"field scores: there is no score called 'pmds'; try pdms"),
        ({"seed": [1]}, r"field seed: a suite has no such field; known: .*seeds"),
        ({"scenarios": ["leader_breaks"]}, r"field scenarios: no scenario 'leader_breaks'"),
        ({"scenarios": ["cut_in"]}, r"cut_in is an incident to record"),
        ({"scenarios": ["leader_brakes", "leader_brakes"]}, r"leader_brakes is there twice"),
        ({"run": {"seed": 3}}, r"field run: seed is set by who runs the scenario; leave it out"),
        ({"grid": {"dt": [0.1]}}, r"dt is neither a field of a run nor scenario\.PATH"),
        ({"grid": {"dt_s": []}}, r"field grid\.dt_s: .*at least 1 item"),
        ({"grid": {"scenario.nobody.x": [1]}}, r"scenario\.nobody\.x: the scenario has no part"),
        ({"grid": {"scenario.duration_s": [-1]}}, r"field duration_s: .*greater than 0\.5"),
        (
            {"sample": {"count": 1, "values": {"dt_s": {"uniform": [2, 1]}}}},
            r"field sample\.values\.dt_s.*first number must be below the second",
        ),
    ],
)
def test_what_is_wrong_is_told_by_file_and_field(tmp_path, fields, told):
    with pytest.raises(InputError, match=rf"{tmp_path}/mine\.yaml: .*{told}"):
        runs(tmp_path, **fields)
