"""The JSON schema of ``scores.json``: run this module with ``python -m`` to write the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...core.resources import share_dir
from ...core.run_contract.json_schema import written_schema
from ...evaluation.scores.records import ScoreReport

_FILE = "scores.schema.json"


def schema_file() -> Path:
    """Return where the shipped schema lies."""
    return share_dir() / "config" / "schemas" / _FILE


def scores_schema() -> dict[str, Any]:
    """Return the schema of scores as they are written."""
    return written_schema(ScoreReport, _FILE)


if __name__ == "__main__":
    schema_file().write_text(json.dumps(scores_schema(), indent=2) + "\n", encoding="utf-8")
