"""The JSON schema of ``report.json``: run this module with ``python -m`` to write the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ..core.resources import share_dir
from .values import Report

_ID = "https://carla-nurec-bridge.invalid/schemas/report.schema.json"


class _Untitled(GenerateJsonSchema):
    """Fields have their key and description, and no third name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_file() -> Path:
    """Return where the shipped schema lies."""
    return share_dir() / "config" / "schemas" / "report.schema.json"


def report_schema() -> dict[str, Any]:
    """Return the schema of a report as it is written."""
    schema = Report.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": _ID, **schema}


if __name__ == "__main__":
    schema_file().write_text(json.dumps(report_schema(), indent=2) + "\n", encoding="utf-8")
