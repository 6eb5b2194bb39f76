"""What a data set holds: its scenarios, and the hash of each of its files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.run_contract.record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


class ScenarioEntry(Record):
    """What a manifest tells about a scenario."""

    frames: int
    cameras: tuple[str, ...]


class DatasetManifest(Record):
    """The contents of RUN/manifest.json."""

    format_version: Literal[1] = Field(description="of this layout")
    created_by: str = Field(description="package and version")
    command: tuple[str, ...] = Field(description="the verb with its options")
    seed: int | None = Field(description="of everything that is drawn; null where nothing is")
    scenarios: dict[str, ScenarioEntry]
    files: dict[str, str] = Field(description="sha256 of each file by its path in the run")


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Return the record that a JSON file holds; InputError names the file and the field."""
    try:
        return parse_record(path.read_bytes(), kind, str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def parse_record(text: bytes, kind: type[AnyRecord], where: str) -> AnyRecord:
    """Return the record of JSON text; InputError names ``where`` and the field."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "its text"
        raise InputError(f"{where}: {field}: {problem_text(problem)}") from error


def write_whole(path: Path, data: bytes) -> str:
    """Write a file so that it is there whole or not at all; return its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return hashlib.sha256(data).hexdigest()
