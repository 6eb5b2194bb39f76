"""The doctor tells what is missing, says how to fix it, and leaves with the right code."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from carla_nurec_bridge.cli.doctor import as_table
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.runs.machine import Finding, report_of
from carla_nurec_bridge.runs.machine.schema import doctor_schema, doctor_schema_file

SERVERS = (
    "CARLA_HOST",
    "NUREC_HOST",
    "NIM_HOST",
    "COSMOS_ENDPOINT_URL",
    "VLM_ENDPOINT_URL",
    "LLM_ENDPOINT_URL",
)


@pytest.fixture(autouse=True)
def no_servers_named(monkeypatch):
    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("domain", ["233", "-1", "home"])
def test_an_impossible_domain_is_named_and_fails_the_command(monkeypatch, capsys, domain):
    monkeypatch.setenv("ROS_DOMAIN_ID", domain)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "ROS_DOMAIN_ID" in out.splitlines()[-1]
    assert "0 to 232" in " ".join(out.split())


def test_json_keeps_to_its_schema_and_names_what_is_missing(monkeypatch, capsys):
    monkeypatch.setenv("ROS_DOMAIN_ID", "home")
    assert main(["doctor", "--json", "--vlm", "http://127.0.0.1:9/v1", "--timeout", "2"]) == 1
    report = json.loads(capsys.readouterr().out)
    Draft202012Validator(doctor_schema()).validate(report)
    assert not report["ok"]
    assert {"ROS_DOMAIN_ID", "VLM"} <= set(report["missing"])
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert states["Python"] == "ok"
    assert states["VLM"] == "missing"
    assert all(check["advice"] for check in report["checks"] if check["state"] != "ok")


def test_the_shipped_schema_is_that_of_the_values():
    assert json.loads(doctor_schema_file().read_text()) == doctor_schema(), (
        "run python -m carla_nurec_bridge.runs.machine.schema"
    )
    Draft202012Validator.check_schema(doctor_schema())


def test_found_text_is_shown_as_it_is():
    report = report_of({"machine": [Finding("[x]", "note", "[red]a[/] [b]", "do [this]")]})
    columns = [list(column.cells) for column in as_table(report).columns]
    assert columns[2] == [r"\[red]a\[/] \[b]"]
    assert columns[0] == [r"\[x]"]
