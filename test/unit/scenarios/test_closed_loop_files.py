"""Closed-loop scenario files: what is shipped is whole, and what is wrong is named by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from carla_nurec_bridge.cli.scenario.check import command as check_scenario
from carla_nurec_bridge.cli.scenario.list import command as list_scenarios
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import map_file, share_dir
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph.node_parameters import node_parameters
from carla_nurec_bridge.runs.recipe import as_driven
from carla_nurec_bridge.scenarios.closed_loop.adversaries import ADVERSARIES
from carla_nurec_bridge.scenarios.closed_loop.fields_page import render
from carla_nurec_bridge.scenarios.closed_loop.file import ClosedLoopScenario, scenario_of
from carla_nurec_bridge.scenarios.files import load_driven, load_scenario, shipped_scenarios
from carla_nurec_bridge.scenarios.spec import ScenarioSpec, load_spec

LEADER = {"type": "hard_brake", "name": "leader", "trigger": {"type": "time", "at_least_s": 2}}
GOOD: dict[str, Any] = {
    "name": "tried",
    "description": "somebody brakes before the ego",
    "duration_s": 10,
    "ego": {"start": {"type": "stretch", "length_m": 100}},
    "adversaries": [LEADER],
    "outcome": {"type": "distance", "to": "leader", "above_m": 2, "holds": "always"},
}
MISSPELT = {"type": "distance", "to": "leder", "above_m": 2}


def test_a_dozen_scenarios_are_shipped_with_every_kind_of_trouble() -> None:
    driven = [one for one in shipped_scenarios() if isinstance(one, ClosedLoopScenario)]
    assert len(driven) >= 12
    kinds = {adversary.type for one in driven for adversary in one.adversaries}
    assert kinds == set(ADVERSARIES)
    assert any(one.inserted_actors == "ball_and_child" for one in driven)
    assert all(8 <= one.duration_s <= 15 for one in driven)


def test_both_kinds_are_told_apart_by_what_their_files_hold() -> None:
    assert isinstance(load_scenario("cut_in"), ScenarioSpec)
    assert isinstance(load_scenario("cut_in_close"), ClosedLoopScenario)
    assert load_driven("cut_in") is None
    with pytest.raises(InputError, match="cut_in_close.yaml is a closed-loop scenario"):
        load_spec("cut_in_close")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"duration_s": "soon"}, "field duration_s: Input should be a valid number"),
        ({"outcome": {"type": "speed"}}, "field outcome: give above_mps or below_mps"),
        ({"outcome": MISSPELT}, "field outcome: nobody is called 'leder'"),
        ({"adversaries": [{**LEADER, "gap": 3}]}, "field adversaries.0.gap: Extra inputs"),
        ({"adversaries": [LEADER, LEADER]}, "names of adversaries must be unique"),
        ({"adversaries": [{**LEADER, "name": "ego"}]}, "none of them ego"),
        ({"adversaries": [{**LEADER, "type": "meteor"}]}, "'crossing_pedestrian', 'cut_in'"),
        ({"adversaries": [{**LEADER, "gap_m": [9, 3]}]}, "must not be above the second"),
        (
            {
                "adversaries": [
                    {**LEADER, "trigger": {"type": "time", "at_least_s": 1, "within_s": 3}}
                ]
            },
            "field adversaries.0.trigger: holds, after_s and within_s are for outcomes",
        ),
        ({"ego": {"start": {"type": "stretch", "length_m": 1}}}, "greater than 10"),
        (
            {"ego": {**GOOD["ego"], "route": {"type": "lanes", "length_m": 50}}},
            "field ego: a start of type stretch is a route too",
        ),
        ({"inserted_actors": "ghosts"}, "no actors to insert called 'ghosts'"),
    ],
)
def test_what_is_wrong_is_named_by_field(change: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text.replace("(", r"\(")) as caught:
        scenario_of({**GOOD, **change}, "my.yaml")
    assert str(caught.value).startswith("my.yaml") or "inserted_actors" in change


def test_a_run_takes_map_traffic_and_frames_of_its_scenario(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({**GOOD, "vehicles": 3}))
    run = as_driven(RunConfig(scenario=str(file), frames=0, dt_s=0.03))
    assert (run.frames, run.vehicles, run.map) == (334, 3, map_file("demo_town"))
    assert as_driven(RunConfig(scenario=str(file), frames=50)).frames == 50
    with pytest.raises(InputError, match="leave out mode scene"):
        as_driven(RunConfig(scenario=str(file), mode="scene"))
    child = as_driven(RunConfig(scenario="child_after_ball"))
    assert child.inserted_actors == "ball_and_child"
    with pytest.raises(InputError, match="inserts ball_and_child already"):
        as_driven(RunConfig(scenario="child_after_ball", inserted_actors="crowd"))
    assert as_driven(RunConfig(scenario="cut_in")) == RunConfig(scenario="cut_in")


@pytest.mark.parametrize(
    ("name", "embedded", "told"),
    [("red_light", False, "demo_town"), ("red_light", True, None), ("parked_car", False, None)],
)
def test_a_carla_of_the_users_loads_the_scenarios_map(
    name: str, embedded: bool, told: str | None
) -> None:
    run = as_driven(RunConfig(scenario=name, embedded_carla=embedded))
    parameters = node_parameters("carla_ego", run, ["carla_ego"])
    assert parameters["scenario"] == name
    assert parameters.get("carla.map") == told


def test_the_verbs_show_what_there_is() -> None:
    listed = CliRunner().invoke(list_scenarios, []).output
    assert "parked_car_leaves" in listed
    assert "jaywalking" in listed
    checked = CliRunner().invoke(check_scenario, ["parked_car"]).output
    assert "wreck" in checked
    assert "distance (to wreck, above_m 1.5, below_m 8.0)" in checked


def test_the_page_of_fields_is_what_it_is_made_from() -> None:
    written = share_dir() / "docs" / "scenario-fields.md"
    if not written.is_file():
        pytest.skip("an installed package has no docs")
    assert written.read_text() == render(), (
        "run python -m carla_nurec_bridge.scenarios.closed_loop.fields_page"
    )
