"""The arguments of a launch file, without ``launch``: one for each field of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.run_contract.run_config import RunConfig, run_fields
from .config import checked_config, load_config
from .recipe import implied


@dataclass(frozen=True)
class LaunchArgument:
    """One argument: its default as text, its meaning, and what it may be (none: anything)."""

    name: str
    default: str
    description: str
    choices: tuple[str, ...]


def launch_arguments(defaults: Mapping[str, Any]) -> list[LaunchArgument]:
    """Return the arguments of a launch file; ``defaults`` replace the fields' own."""
    return [
        LaunchArgument(
            name,
            field.text(defaults.get(name, field.default)),
            field.about,
            ("true", "false") if field.kind is bool else field.choices,
        )
        for name, field in run_fields().items()
    ]


def shipped_defaults(name: str) -> dict[str, Any]:
    """Return what a shipped run configuration says."""
    return load_config(name).model_dump(exclude_unset=True)


def launched_config(defaults: Mapping[str, Any], given: Mapping[str, str]) -> RunConfig:
    """Return the run of a launch file with these defaults, and the arguments that were given.

    An empty argument stands for the field's own default.
    """
    given = {name: value for name, value in given.items() if name in run_fields()}
    options = {name: f"{name}:={value}" for name, value in given.items()}
    values = {**defaults, **implied(given), **given}
    asked = {name: value for name, value in values.items() if value != ""}
    return checked_config(asked, "launch arguments", options=options)
