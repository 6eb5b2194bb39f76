"""A field of a run is declared once: what is changed there is found wherever it is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.run_contract.pages.run_fields import render
from carla_nurec_bridge.core.run_contract.run_config import run_fields
from carla_nurec_bridge.core.run_contract.streams import PARTICIPANTS
from carla_nurec_bridge.ros.parameters.declare import defaults
from carla_nurec_bridge.ros.parameters.parameter_files import NODES

pytestmark = pytest.mark.ros

_PROBE = """
import json
from pathlib import Path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
info = RunConfig.model_fields["ticks_per_frame"]
info.default, info.description = 7, "ticks of the probe"
RunConfig.model_rebuild(force=True)

from click.testing import CliRunner
from carla_nurec_bridge.cli.up import command
from carla_nurec_bridge.core.run_contract.pages import run_fields
from carla_nurec_bridge.ros.parameters import parameter_files
from carla_nurec_bridge.runs.config import load_config
from carla_nurec_bridge.runs.launch_arguments import launch_arguments
from carla_nurec_bridge.runs.graph.node_parameters import node_parameters

(argument,) = [a for a in launch_arguments({}) if a.name == "ticks_per_frame"]
told = node_parameters("carla_ego", load_config("demo"), ["carla_ego"])
print(json.dumps({
    "launch": [argument.default, argument.description],
    "run": told["ticks_per_frame"],
    "node": parameter_files.render("carla_ego"),
    "fields": CliRunner().invoke(command, ["--fields"]).output,
    "page": run_fields.render(),
}))
"""


def test_a_changed_default_is_found_everywhere() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["launch"] == ["7", "ticks of the probe (1 to 20)"]
    assert found["run"] == 7
    assert "# ticks of the probe (1 to 20)\n    ticks_per_frame: 7\n" in found["node"]
    assert "ticks_per_frame = 7: ticks of the probe (1 to 20)\n" in found["fields"]
    assert "| `ticks_per_frame` | `7` | ticks of the probe (1 to 20) |" in found["page"]


def test_the_page_is_what_the_fields_say() -> None:
    page = (share_dir() / "docs" / "run-fields.md").read_text(encoding="utf-8")
    assert page == render(), "run python -m carla_nurec_bridge.core.run_contract.pages.run_fields"


def test_a_field_becomes_parameters_that_its_nodes_declare() -> None:
    for field in run_fields().values():
        told = set(field.becomes)
        assert told <= set(PARTICIPANTS)
        heard = {node for node in told if field.becomes[node] in defaults(NODES[node])}
        if told == set(PARTICIPANTS):
            assert heard, f"no node has a parameter of {field.name}"
        else:
            assert heard == told, f"{told - heard} have no parameter of {field.name}"
