"""The configuration of a run: read from a file and options, and checked, with errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..core.errors import InputError
from ..core.field_errors import problem_text
from ..core.files.archive import open_archive
from ..core.files.plain_yaml import load_yaml
from ..core.near_names import near_names
from ..core.resources import config_path
from ..core.rig.rig import load_rig
from ..core.run_contract.run_config import NO_SCORES, RunConfig, run_fields

_FILES = ("map", "scene", "log")


def load_config(
    path: Path | str, *, options: Mapping[str, str] | None = None, **overrides: Any
) -> RunConfig:
    """Read a run's configuration from a YAML file or a shipped name such as ``demo``.

    ``overrides`` replace fields of the file; ``options`` holds by field how the user wrote it
    (``--set frames``). InputError names the file or option, what was found and what is allowed.
    """
    file = Path(path) if Path(path).suffix else config_path(f"{path}.yaml")
    if not file.is_file():
        raise InputError(f"no run configuration {file}; give a YAML file or the name of one")
    try:
        values = load_yaml(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{file} must hold 'field: value' lines, not a {type(values).__name__}")
    named = {str(name): value for name, value in values.items()}
    return checked_config({**named, **overrides}, str(file), options=options)


def checked_config(
    values: Mapping[str, Any], where: str, *, options: Mapping[str, str] | None = None
) -> RunConfig:
    """Return the configuration of these values.

    InputError begins with the option that gave the value, or else with ``where`` and the field.
    """
    options = options or {}
    try:
        config = RunConfig(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        place = options.get(name, f"{where}: field {name}")
        raise InputError(f"{place}: {_why(name, problem)}") from error
    if config.mode == "replay" and config.log is None:
        place = options.get("mode", where)
        raise InputError(f"{place}: mode replay needs the field log, a CARLA recorder file")
    if config.mode != "replay" and config.log is not None:
        place = options.get("log", f"{where}: log")
        raise InputError(f"{place}: only mode replay plays a recording; give mode=replay too")
    if config.mode == "scene" and config.scene is None:
        place = options.get("mode", where)
        raise InputError(f"{place}: mode scene needs the field scene, a package (.usdz)")
    if config.scores != NO_SCORES:
        _check_scores(config.scores, options.get("scores", f"{where}: scores"))
    _check_rig(config.rig, options.get("rig", f"{where}: rig"))
    for name in _FILES:
        path = getattr(config, name)
        if path is not None and not path.exists():
            raise InputError(f"{options.get(name, f'{where}: {name}')}: there is no file {path}")
    if config.scene is not None:
        _check_scene(config.scene, options.get("scene", f"{where}: scene"))
    return config


def _check_scene(scene: Path, place: str) -> None:
    """Refuse what is no package before processes are started; what it holds its server reads."""
    try:
        open_archive(scene)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _check_scores(scores: str, place: str) -> None:
    from ..evaluation.scores.scorer import asked_scores

    try:
        asked_scores(scores)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _check_rig(rig: str, place: str) -> None:
    try:
        load_rig(rig)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _why(name: str, problem: Mapping[str, Any]) -> str:
    fields = run_fields()
    if name in fields:
        unit = f", {fields[name].unit}" if fields[name].unit else ""
        return f"{problem_text(problem)} ({fields[name].description}{unit})"
    near = ", ".join(near_names(name, fields))
    hint = f"near it: {near}; " if near else ""
    return f"a run has no such field; {hint}known: {', '.join(fields)}"
