"""What a data set holds: its scenarios, and the hash of each of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.run_contract.record import Record
from ..truth.names import InnerPath, PathPart

AnyRecord = TypeVar("AnyRecord", bound=Record)


class ScenarioEntry(Record):
    """What a manifest tells about a scenario."""

    frames: int
    cameras: tuple[PathPart, ...]
    command: tuple[str, ...] = Field(
        default=(), description="the verb with its options that recorded it; empty in older runs"
    )


class DatasetManifest(Record):
    """The contents of RUN/manifest.json."""

    format_version: Literal[1] = Field(description="of this layout")
    created_by: str = Field(description="package and version")
    command: tuple[str, ...] = Field(description="the last verb that recorded, with its options")
    seed: int | None = Field(description="of everything that is drawn; null where nothing is")
    scenarios: dict[PathPart, ScenarioEntry]
    files: dict[InnerPath, str] = Field(description="sha256 of each file by its path in the run")


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Return the record that a JSON file holds; InputError names the file and the field."""
    return parse_record(read_bytes(path), kind, str(path))


def read_bytes(path: Path) -> bytes:
    """Return what a file holds; InputError names one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def parse_record(text: bytes, kind: type[AnyRecord], where: str) -> AnyRecord:
    """Return the record of JSON text; InputError names ``where`` and the field."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise invalid(error, where) from error


def invalid(error: ValidationError, where: str) -> InputError:
    """Return the error that names ``where`` JSON text lies, and its first wrong field."""
    problem = error.errors()[0]
    field = ".".join(map(str, problem["loc"])) or "its text"
    return InputError(f"{where}: {field}: {problem_text(problem)}")
