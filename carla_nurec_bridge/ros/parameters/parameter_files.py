"""Write each node's parameter file; run it with ``python -m``.

The files in ``config/nodes`` hold the defaults that the nodes declare, with what they mean, as a
start for one's own; a test keeps both equal.
"""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

import yaml

from ...core.resources import share_dir
from ...core.run_contract.run_fields import allowed_text
from .agent import AgentParameters
from .alpasim import AlpasimParameters
from .closed_loop_eval import EvalParameters
from .ego import EgoParameters
from .egodriver import EgodriverParameters
from .nurec import NurecParameters
from .recorder import RecorderParameters
from .tracker import TrackerParameters

NODES: dict[str, type[Any]] = {
    "carla_ego": EgoParameters,
    "nurec_render": NurecParameters,
    "cosmos_recorder": RecorderParameters,
    "route_agent": AgentParameters,
    "egodriver_agent": EgodriverParameters,
    "closed_loop_eval": EvalParameters,
    "plan_tracker": TrackerParameters,
    "alpasim_driver": AlpasimParameters,
}
"""The parameter dataclass of each node."""


def render(node: str) -> str:
    """Return the parameter file of a node."""
    lines = [f"# Parameters of {node}, at their defaults.", "/**:", "  ros__parameters:"]
    for field in dataclasses.fields(NODES[node]):
        meta = field.metadata
        about = meta["description"]
        about += allowed_text(meta["choices"], meta["between"], meta["unit"])
        lines += textwrap.wrap(about, 95, initial_indent="    # ", subsequent_indent="    # ")
        value = list(field.default) if isinstance(field.default, tuple) else field.default
        shown = yaml.safe_dump(value, default_flow_style=True, width=80).removesuffix("...\n")
        # ROS cannot tell the type of an empty list.
        text = '[""]' if value == [] else shown.strip()
        lines.append(f"    {meta['name']}: {text}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    folder = share_dir() / "config" / "nodes"
    folder.mkdir(exist_ok=True)
    for name in NODES:
        (folder / f"{name}.yaml").write_text(render(name), encoding="utf-8")
