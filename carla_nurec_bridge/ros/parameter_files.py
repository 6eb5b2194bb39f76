"""Write each node's parameter file: ``python -m carla_nurec_bridge.ros.parameter_files``.

The files in ``config/nodes`` hold the defaults that the nodes declare, with what they mean, as a
start for one's own; a test keeps both equal.
"""

from __future__ import annotations

import dataclasses
import textwrap
from importlib import import_module
from typing import Any

import yaml

from ..core.resources import share_dir
from .ego_parameters import EgoParameters

_NODES = {
    "carla_ego": EgoParameters,
    "nurec_render": "nurec_render",
    "cosmos_recorder": "cosmos_recorder",
    "route_agent": "route_agent",
}


def parameters_of(node: str) -> type[Any]:
    """Return the parameter dataclass of a node."""
    kind = _NODES[node]
    if isinstance(kind, str):
        found: type[Any] = import_module(f"carla_nurec_bridge.nodes.{kind}").Parameters
        return found
    return kind


def render(node: str) -> str:
    """Return the parameter file of a node."""
    lines = [f"# Parameters of {node}, at their defaults.", "/**:", "  ros__parameters:"]
    for field in dataclasses.fields(parameters_of(node)):
        meta = field.metadata
        about = meta["description"]
        if meta["choices"]:
            about += f" ({', '.join(meta['choices'])})"
        if meta["between"]:
            about += f" ({meta['between'][0]:g} to {meta['between'][1]:g})"
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
    for name in _NODES:
        (folder / f"{name}.yaml").write_text(render(name), encoding="utf-8")
