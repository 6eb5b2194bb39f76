"""The JSON schema of ``doctor --json``: run this module with ``python -m`` to write the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ...core.resources import share_dir
from .report import MachineReport

_ID = "https://carla-nurec-bridge.invalid/schemas/doctor.schema.json"


def doctor_schema_file() -> Path:
    """Return where the shipped schema lies."""
    return share_dir() / "config" / "schemas" / "doctor.schema.json"


def doctor_schema() -> dict[str, Any]:
    """Return the schema of a report as it is written."""
    schema = MachineReport.model_json_schema(mode="serialization")
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": _ID, **schema}


if __name__ == "__main__":
    doctor_schema_file().write_text(json.dumps(doctor_schema(), indent=2) + "\n", encoding="utf-8")
