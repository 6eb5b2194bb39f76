"""The shipped schema of report.json."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from carla_nurec_bridge.report.schema import report_schema, schema_file
from carla_nurec_bridge.report.values import Report


def test_the_shipped_schema_is_the_one_of_the_types() -> None:
    assert json.loads(schema_file().read_text()) == report_schema(), (
        "run python -m carla_nurec_bridge.report.schema"
    )


def test_every_field_of_a_report_is_described() -> None:
    schema = report_schema()
    for table in (schema, *schema["$defs"].values()):
        assert table["description"]
        for name, field in table["properties"].items():
            assert field["description"], name


def test_reports_keep_to_the_schema(report: Report, run_dir: Path) -> None:
    schema = Draft202012Validator(report_schema())
    written = json.loads((run_dir / "report.json").read_text())
    schema.validate(written)
    compared = written | {"replay_error_m": {"mean": 0.1, "max": 0.2, "compared": 40}}
    schema.validate(compared)
    for wrong in ({"frames": None}, {"replay_error_m": None}, {"unknown": 1}):
        assert not schema.is_valid(written | wrong), wrong
