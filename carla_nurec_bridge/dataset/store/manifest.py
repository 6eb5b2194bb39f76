"""What a data set holds: its scenarios, and the hash of each of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, Field, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.run_contract.record import Record
from ..truth.names import InnerPath, PathPart

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)
FORMAT_VERSION: Final = 1


class ScenarioEntry(Record):
    """What a manifest tells about a scenario."""

    frames: int
    cameras: tuple[PathPart, ...]
    command: tuple[str, ...] = Field(
        default=(), description="the verb with its options that recorded it; empty in older runs"
    )


class _Versioned(BaseModel):
    """What a manifest of any version tells."""

    format_version: int
    created_by: str = "nobody says which"


class DatasetManifest(Record):
    """The contents of RUN/manifest.json."""

    format_version: int = Field(description="of this layout")
    created_by: str = Field(description="package and version")
    command: tuple[str, ...] = Field(description="the last verb that recorded, with its options")
    seed: int | None = Field(description="of everything that is drawn; null where nothing is")
    scenarios: dict[PathPart, ScenarioEntry]
    files: dict[InnerPath, str] = Field(description="sha256 of each file by its path in the run")


def read_manifest(path: Path) -> DatasetManifest:
    """Return the manifest in a file; InputError when this version does not read it."""
    text = read_bytes(path)
    version = parse_record(text, _Versioned, str(path))
    if version.format_version != FORMAT_VERSION:
        raise InputError(
            f"{path} is of format {version.format_version}, this version of the package reads "
            f"{FORMAT_VERSION}; use the one that wrote it ({version.created_by}), or record again"
        )
    return parse_record(text, DatasetManifest, str(path))


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
