"""The graph itself: a lock-step run without images is complete; a broken one is named."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ros_domain import in_own_domain

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.config import checked_config, load_config
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import RunResult, Supervisor

pytestmark = pytest.mark.ros

_FRAMES = 40


@pytest.fixture(autouse=True)
def domain() -> Iterator[int]:
    """Put each test into a domain of its own: a killed node is missed there for a while."""
    with in_own_domain() as domain:
        yield domain


def _config(run_dir: Path, **fields: Any) -> RunConfig:
    rig = run_dir / "rig.yaml"
    run_dir.mkdir(parents=True, exist_ok=True)
    rig.write_text("name: none\ncameras: []\nlidars: []\n")
    values = {
        "run_dir": run_dir,
        "map": config_path("maps", "demo_town.xodr"),
        "rig": str(rig),
        "frames": _FRAMES,
        "vehicles": 4,
        "nurec": False,
        "carla_port": free_port(pair=True),
        "domain_id": int(os.environ["ROS_DOMAIN_ID"]),
    }
    return RunConfig(**{**values, **fields})


def _run(config: RunConfig) -> tuple[RunResult, dict[str, Any]]:
    result = Supervisor(build_graph(config)).run()
    parts = {p.stem: json.loads(p.read_text()) for p in (config.run_dir / "parts").glob("*.json")}
    return result, parts


@pytest.mark.slow
def test_a_run_without_images_is_complete(tmp_path: Path) -> None:
    result, parts = _run(_config(tmp_path))
    assert result.ok, result.sentence
    streams = parts["cosmos_recorder"]["streams"]
    planned = {t: s for t, s in streams.items() if s["expected"] is not None}
    assert len(planned) > 15
    assert {t: s["recorded"] for t, s in planned.items()} == {
        t: s["expected"] for t, s in planned.items()
    }
    assert parts["carla_ego"]["commands_accepted"] == _FRAMES + 1
    assert parts["carla_ego"]["commands_clipped"] == 0
    assert parts["carla_ego"]["distance_m"] > 1.0
    assert parts["route_agent"]["counts"] == {"command/ackermann": _FRAMES + 1}


@pytest.mark.slow
def test_a_killed_node_ends_the_run_in_words(tmp_path: Path) -> None:
    config = _config(tmp_path, frames=5000, record=False)

    struck: list[int] = []

    def strike(done: int, _total: int) -> None:
        if done >= 10 and not struck:
            struck.append(done)
            os.kill(supervisor.pids["route_agent"], signal.SIGKILL)

    supervisor = Supervisor(build_graph(config), strike)
    result = supervisor.run()
    assert (result.exit_code, result.dead) == (1, "route_agent")
    assert "route_agent was killed by SIGKILL at frame " in result.sentence
    told = int(result.sentence.partition("at frame ")[2].split()[0])
    assert struck[0] <= told < 100, "without the agent's answers no frame is made"
    assert not any(Path(f"/proc/{pid}").exists() for pid in supervisor.pids.values())


def test_the_graph_of_the_demo(tmp_path: Path) -> None:
    scene = tmp_path / "scene.usdz"
    write_archive(scene, {})
    config = load_config("demo", map=config_path("maps", "demo_town.xodr"), scene=scene)
    graph = build_graph(config)
    assert [process.name for process in graph.processes] == [
        "carla_server",
        "nurec_server",
        "carla_ego",
        "nurec_render",
        "route_agent",
        "cosmos_recorder",
    ]
    assert [p.participant for p in graph.processes] == [False, False, True, True, True, True]
    ego = graph.parameters["carla_ego"]
    assert ego["lockstep.participants"] == list(graph.participants)
    assert (ego["frames"], ego["seed"], ego["mode"]) == (200, 1, "drive")


def test_every_parameter_that_the_graph_gives_is_declared_by_its_node(tmp_path: Path) -> None:
    from carla_nurec_bridge.ros.parameters.declare import defaults
    from carla_nurec_bridge.ros.parameters.parameter_files import NODES

    scene = tmp_path / "scene.usdz"
    write_archive(scene, {})
    graph = build_graph(load_config("demo", map=config_path("maps", "demo_town.xodr"), scene=scene))
    needless = {"rig", "scene", "frames", "deadlines.frame_s"}
    for node, given in graph.parameters.items():
        assert set(given) - set(defaults(NODES[node])) <= needless, node


def test_tracks_to_hand_over_are_named_with_commas(tmp_path: Path) -> None:
    scene = tmp_path / "scene.usdz"
    write_archive(scene, {})
    fields = {"mode": "scene", "scene": scene, "handover_tracks": "a,b", "handover_ego_s": 2.0}
    config = checked_config(fields, "launch arguments")
    assert config.handover_tracks == ("a", "b")
    ego = build_graph(config.model_copy(update={"embedded_carla": False})).parameters["carla_ego"]
    assert ego["handover.tracks"] == ["a", "b"]
    assert ego["handover.ego_s"] == 2.0
    with pytest.raises(InputError, match="mode scene needs the field scene"):
        checked_config({"mode": "scene"}, "launch arguments")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"frames": -1}, "field frames: .* found -1 \\(frames to run"),
        ({"fames": 3}, "field fames: .*known: run_dir"),
        ({"mode": "replay"}, "mode replay needs the field log"),
        ({"map": Path("/nowhere.xodr")}, "map: there is no file /nowhere.xodr"),
    ],
)
def test_wrong_configurations_are_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"run.yaml: {words}"):
        checked_config(fields, "run.yaml")


def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("- a\n- b\n")
    with pytest.raises(InputError, match="must hold 'field: value' lines, not a list"):
        load_config(path)
    path.write_text("a: [")
    with pytest.raises(InputError, match="is not YAML"):
        load_config(path)
    with pytest.raises(InputError, match="no run configuration"):
        load_config(tmp_path / "none.yaml")
