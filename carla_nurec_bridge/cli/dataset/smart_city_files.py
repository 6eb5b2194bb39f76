"""The scenario and workflow files of the smart-city pipeline as options of `dataset record`.

What the command line says goes first, then the scenario's file, the workflow's, our defaults.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...core.errors import InputError

_OPTION_OF = {
    "host": "host",
    "port": "port",
    "recorder_filename": "recordings",
    "camera_config": "sensors",
    "start_time": "start_s",
    "duration": "duration_s",
    "time_factor": "time_factor",
    "camera_follow_actor": "actor_id",
    "ignore_hero": "ignore_hero",
    "move_spectator": "move_spectator",
    "limit_distance": "far_m",
    "area_threshold": "smallest_px2",
    "xodr_path": "map_name",
    "class_filter_config": "class_filter",
    "output_dir": "output",
    "generate_videos": "videos",
}
"""Our parameter by the key of these files."""

_LISTS = ("recordings", "sensors")
_FILES = ("workflow", "scenario")
"""In order of rising precedence."""


def smart_city_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that read the files; they set the defaults of all others."""
    for parameter, name, what in (
        ("scenario", "--config", "Scenario JSON of the smart-city pipeline."),
        ("workflow", "--wf-config", "Workflow JSON of it, for what the scenario leaves open."),
    ):
        command = click.option(
            name,
            parameter,
            type=click.Path(path_type=Path),
            is_eager=True,
            expose_value=False,
            callback=_read,
            help=what,
        )(command)
    return command


def unused_keys(context: click.Context) -> list[str]:
    """Return a sentence for each file with keys that this verb has no use for."""
    read: dict[str, dict[str, Any]] = context.meta.get(__name__, {})
    told = []
    for name in _FILES:
        unused = sorted(read.get(name, {}).keys() - _OPTION_OF.keys())
        if unused:
            told.append(f"without effect here, in the {name} file: {', '.join(unused)}")
    return told


def _read(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    read = context.meta.setdefault(__name__, {})
    read[parameter.name] = _content(path)
    defaults: dict[str, Any] = {}
    for name in _FILES:
        for key, value in read.get(name, {}).items():
            if key in _OPTION_OF and value not in (None, "", []):
                option = _OPTION_OF[key]
                if option in _LISTS:
                    value = [str(one) for one in (value if isinstance(value, list) else [value])]
                defaults[option] = value
    context.default_map = defaults


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must be a table of settings, not {type(content).__name__}")
    return content
