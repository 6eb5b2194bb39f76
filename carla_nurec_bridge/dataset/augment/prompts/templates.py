"""The wordings that prompts are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from ....core.errors import InputError
from ....core.field_errors import problem_text
from ....core.files.plain_yaml import load_yaml
from ....core.resources import config_path
from ....core.run_contract.record import Record

_NAME = re.compile(r"\{([a-z_]+)\}")
Wordings = tuple[str, ...]


class Viewpoints(Record):
    """Wordings by what carries the camera."""

    moving: Wordings = Field(min_length=1)
    standing: Wordings = Field(min_length=1)
    fixed: Wordings = Field(min_length=1)


class Templates(Record):
    """Wordings by what they tell."""

    viewpoint: Viewpoints
    who: Wordings = Field(min_length=1)
    nobody: Wordings = Field(min_length=1)
    what: Wordings = Field(min_length=1)
    quality: Wordings = Field(min_length=1)


def read_templates(path: Path | None = None) -> Templates:
    """Return the wordings of a YAML file, the shipped ones without; InputError names the field."""
    file = config_path("augment", "prompts.yaml") if path is None else path
    try:
        return Templates.model_validate(load_yaml(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "the file"
        raise InputError(f"{file}: {field}: {problem_text(problem)}") from error


def filled(wording: str, values: Mapping[str, str]) -> str:
    """Return a wording with its known names filled in; what is filled in is not looked at again."""
    return _NAME.sub(lambda match: values.get(match[1], match[0]), wording)


def sentence(text: str) -> str:
    """Return a text that begins with a capital and ends with a full stop."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    closed = trimmed if trimmed[-1] in ".!?" else f"{trimmed}."
    return closed[0].upper() + closed[1:]
