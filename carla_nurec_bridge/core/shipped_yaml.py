"""YAML files that are named in full, or by the name of one that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .errors import InputError
from .files.plain_yaml import load_yaml
from .resources import config_path


def read_fields(folder: str, wanted: str, what: str) -> tuple[Path, dict[str, Any]]:
    """Return the file and its fields: a YAML file, or a name in ``config/FOLDER``.

    ``name`` is the file's stem unless the file says another. ``what`` is what errors call it.
    InputError names the file, what is wrong with it, or the shipped ones.
    """
    if wanted.endswith((".yaml", ".yml")):
        path = Path(wanted)
    else:
        path = config_path(folder) / f"{wanted}.yaml"
        if not path.is_file():
            known = ", ".join(file.stem for file in shipped_files(folder))
            raise InputError(f"no {what} {wanted!r}; there are: {known}; or give a YAML file")
    try:
        values = load_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold 'field: value' lines")
    return path, {"name": path.stem, **values}


def shipped_files(folder: str) -> list[Path]:
    """Return the YAML files in ``config/FOLDER``, by name."""
    return sorted(config_path(folder).glob("*.yaml"))
