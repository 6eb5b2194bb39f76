"""The JSON schema of facts: run this module with ``python -m`` to write the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...core.resources import share_dir
from ...core.run_contract.json_schema import written_schema
from .values import SceneFacts

_FILE = "scene_facts.schema.json"


def facts_schema_file() -> Path:
    """Return where the shipped schema lies."""
    return share_dir() / "config" / "schemas" / _FILE


def facts_schema() -> dict[str, Any]:
    """Return the schema of ``SceneFacts`` as they are written."""
    return written_schema(SceneFacts, _FILE)


if __name__ == "__main__":
    facts_schema_file().write_text(json.dumps(facts_schema(), indent=2) + "\n", encoding="utf-8")
