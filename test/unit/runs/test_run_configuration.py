"""The configuration of a run: a shipped map by its name, and errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.config import load_config
from carla_nurec_bridge.runs.graph import server_processes
from carla_nurec_bridge.runs.launch_arguments import launch_arguments, launched_config


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"map: T\xfcr\n", "is not YAML: "), (b"5: x\n", "field 5: a run has no such field")],
)
def test_a_file_that_is_no_configuration_is_named(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"run.yaml.*{words}"):
        load_config(file)


@pytest.mark.parametrize("name", ["demo_town", Path("demo_town")])
def test_a_shipped_map_is_known_by_its_name(name: str | Path) -> None:
    config = load_config("demo", map=name, nurec=False)
    assert config.map == config_path("maps", "demo_town.xodr")


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        ({"map": "nowhere"}, "no map is shipped as nowhere"),
        ({"map": "nowhere.xodr"}, "there is no file nowhere.xodr"),
        ({}, "needs a map: demo_town"),
        ({"map": "demo_town"}, "nurec: false"),
    ],
)
def test_what_is_missing_is_named(overrides: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        server_processes(load_config("demo", **overrides))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"carla_port": "x"},
            r"^--set carla_port=x: .*valid integer.*\(port of the CARLA",
        ),
        ({"dt_s": 2}, r"^--set dt_s=2: .*less than or equal to 1.*time of one frame, s\)$"),
        ({"carla_prot": 3}, r"^--set carla_prot=3: .*near it: carla_port, .*known: run_dir, "),
        ({"mode": "replay"}, r"^--set mode=replay: mode replay needs the field log"),
        ({"log": "no.log"}, r"^--set log=no.log: only mode replay plays a recording"),
        ({"mode": "replay", "log": "no.log"}, r"^--set log=no.log: there is no file no.log$"),
    ],
)
def test_an_option_that_is_wrong_is_named_and_not_the_file(
    given: dict[str, object], words: str
) -> None:
    options = {name: f"--set {name}={value}" for name, value in given.items()}
    with pytest.raises(InputError, match=words):
        load_config("demo", options=options, **given)


def test_a_scene_that_is_no_package_is_refused_before_anything_starts(tmp_path: Path) -> None:
    scene = tmp_path / "scene.usdz"
    scene.write_text("no package")
    with pytest.raises(InputError, match=r"^--scene: .*scene.usdz is not a scene package"):
        load_config("demo", options={"scene": "--scene"}, scene=scene)


def test_launch_arguments_become_the_run_and_are_named() -> None:
    defaults = {"frames": 0, "agent": "none", "carla_host": "10.0.0.1"}
    arguments = {a.name: a for a in launch_arguments(defaults)}
    assert arguments["agent"].choices[-1] == "none"
    assert arguments["record"].choices == ("true", "false")
    assert arguments["policy"].choices == ("wait", "hold", "abort")
    told = {name: argument.default for name, argument in arguments.items()}
    assert launched_config(defaults, {}) == launched_config({}, told) == RunConfig(**defaults)
    given = {"frames": "7", "carla_host": "", "namespace": "/car"}
    assert launched_config(defaults, given) == RunConfig(frames=7, agent="none")
    with pytest.raises(InputError, match=r"^seed:=-1: .*\(seed of spawn points"):
        launched_config(defaults, {"seed": "-1"})


@pytest.mark.parametrize(
    ("written", "agent"), [("true", "route_follower"), (False, "none"), ("idm", "idm")]
)
def test_an_agent_is_chosen_by_name_or_switched(written: object, agent: str) -> None:
    assert load_config("demo", agent=written).agent == agent


def test_nodes_and_tracks_are_listed_with_commas() -> None:
    config = load_config("demo", agent_nodes="planner,my_agent", handover_tracks="a,b")
    assert (config.agent_nodes, config.handover_tracks) == (("planner", "my_agent"), ("a", "b"))
