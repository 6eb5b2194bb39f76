"""The JSON schema of ``report.json``: run this module with ``python -m`` to write the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.resources import share_dir
from ..core.run_contract.json_schema import written_schema
from .values import Report

_FILE = "report.schema.json"


def schema_file() -> Path:
    """Return where the shipped schema lies."""
    return share_dir() / "config" / "schemas" / _FILE


def report_schema() -> dict[str, Any]:
    """Return the schema of a report as it is written."""
    return written_schema(Report, _FILE)


if __name__ == "__main__":
    schema_file().write_text(json.dumps(report_schema(), indent=2) + "\n", encoding="utf-8")
