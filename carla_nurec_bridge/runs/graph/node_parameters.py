"""What the nodes of a run are told, and the files that it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ...core.files.absolute import absolute
from ...core.run_contract.run_config import RunConfig, run_fields
from ...core.run_contract.streams import EGO, RECORDER
from ...scenarios.files import load_driven

_PATIENCE_S = 15.0
"""For so long others wait after the owner of the run, who can say what was missing."""


def node_parameters(node: str, config: RunConfig, participants: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of a node by their dotted names."""
    told = {
        field.becomes[node]: field.ros_value(getattr(config, name))
        for name, field in run_fields().items()
        if node in field.becomes
    }
    told["lockstep.participants"] = list(participants)
    if node != EGO:
        told["deadlines.start_s"] += _PATIENCE_S
    elif config.mode != "drive":
        told |= {"traffic.vehicles": 0, "scenario": ""}
    if node == EGO and told["scenario"] and not config.embedded_carla:
        told |= _map_to_load(config.scenario)
    if node == RECORDER:
        told["job.at_end"] = bool(config.cosmos_url and config.cosmos_prompt)
    return told


def _map_to_load(scenario: str) -> dict[str, str]:
    """Return the parameter that has a CARLA of the user's load the map of a scenario."""
    found = load_driven(scenario)
    return {"carla.map": Path(found.map).name.split(".")[0]} if found and found.map else {}


def parameter_file(config: RunConfig, node: str) -> Path:
    """Return where the parameters of a node are written."""
    return absolute(config.run_dir) / "params" / f"{node}.yaml"


def write_parameter_file(path: Path, parameters: Mapping[str, Any]) -> None:
    """Write the parameters of a node as ROS reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"/**": {"ros__parameters": dict(parameters)}}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
