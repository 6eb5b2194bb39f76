"""The original's files as options: who goes before whom, and what is of no use is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from carla_nurec_bridge.cli.cosmos.capture_options import played_options
from carla_nurec_bridge.cli.dataset.record_options import record_options
from carla_nurec_bridge.cli.dataset.smart_city_files import smart_city_files, unused_keys
from carla_nurec_bridge.core.errors import InputError

# The keys and values of the pipeline's own samples.
SCENARIO = {
    "source_scenario": "x",
    "start_time": 9.8,
    "duration": 5,
    "collision_actor_ids": [1353, 1355],
}
WORKFLOW = {
    "host": "localhost",
    "port": 2004,
    "timeout": 360.0,
    "time_factor": 1.0,
    "limit_distance": 80.0,
    "area_threshold": 64,
    "start_time": 1.0,
    "ignore_hero": True,
    "output_dir": "",
}


def settings(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = {}

    @click.command()
    @smart_city_files
    @record_options
    @played_options
    @click.pass_context
    def command(context: click.Context, **values: Any) -> None:
        told.update(values, notes=unused_keys(context))

    files = {"--config": SCENARIO, "--wf-config": WORKFLOW}
    given = []
    for option, content in files.items():
        path = tmp_path / f"{option[2:]}.json"
        path.write_text(json.dumps(content))
        given += [option, str(path)]
    done = CliRunner().invoke(command, [*given, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return told


def test_the_scenario_goes_before_the_workflow_and_that_before_defaults(tmp_path: Path) -> None:
    told = settings(tmp_path)
    assert (told["start_s"], told["duration_s"]) == (9.8, 5.0)
    assert (told["host"], told["port"], told["ignore_hero"]) == ("localhost", 2004, True)
    assert (told["far_m"], told["smallest_px2"], told["least_visible"]) == (80.0, 64.0, 0.1)
    assert told["output"] == Path("out/dataset")


def test_the_command_line_goes_before_both(tmp_path: Path) -> None:
    told = settings(tmp_path, "-s", "3", "--limit-distance", "50", "-f", "a.log", "-f", "b.log")
    assert (told["start_s"], told["far_m"]) == (3.0, 50.0)
    assert told["recordings"] == (Path("a.log"), Path("b.log"))


def test_keys_without_a_meaning_are_named(tmp_path: Path) -> None:
    assert settings(tmp_path)["notes"] == [
        "without effect here, in the workflow file: timeout",
        "without effect here, in the scenario file: collision_actor_ids, source_scenario",
    ]


def test_paths_in_the_files_are_lists_of_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(SCENARIO, "recorder_filename", "7.log")
    monkeypatch.setitem(SCENARIO, "camera_config", "7.yaml")
    told = settings(tmp_path)
    assert told["recordings"] == (Path("7.log"),)
    assert told["sensors"] == (Path("7.yaml"),)


def test_a_list_of_paths_is_taken_and_an_empty_one_is_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(SCENARIO, "recorder_filename", ["7.log", "8.log"])
    monkeypatch.setitem(SCENARIO, "camera_config", [])
    told = settings(tmp_path)
    assert told["recordings"] == (Path("7.log"), Path("8.log"))
    assert told["sensors"] == ()


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[1]")
    with pytest.raises(InputError, match=r"bad\.json must be a table of settings, not list"):
        settings(tmp_path, "--config", str(bad))
