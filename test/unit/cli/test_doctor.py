"""The doctor tells what is missing, says how to fix it, and leaves with the right code."""

from __future__ import annotations

import shutil
import socket
from collections import namedtuple

import pytest

from carla_nurec_bridge.cli.doctor import as_table
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.runs import machine

Usage = namedtuple("Usage", "total used free")


def by_name(findings: list[machine.Finding]) -> dict[str, machine.Finding]:
    return {finding.name: finding for finding in findings}


def test_imports_are_probed_one_by_one_when_one_ends_the_process(tmp_path, monkeypatch):
    (tmp_path / "fatal_probe.py").write_text("import os; os._exit(134)")
    (tmp_path / "raising_probe.py").write_text("raise OSError('libnothing.so not found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = machine.probe_imports(["json:dumps", "json:nothing", "fatal_probe", "raising_probe"])
    assert found["json:dumps"] == ""
    assert "nothing" in found["json:nothing"]
    assert "134" in found["fatal_probe"]
    assert found["raising_probe"] == "OSError: libnothing.so not found"
    assert machine.probe_imports(["no_such_module_x"]) == {
        "no_such_module_x": "no module no_such_module_x"
    }


@pytest.mark.parametrize(("free_mib", "state"), [(2000, "ok"), (256, "note"), (64, "missing")])
def test_shared_memory_is_judged_by_what_is_free(tmp_path, monkeypatch, free_mib, state):
    usage = Usage(total=0, used=0, free=free_mib << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    finding = by_name(machine.look_at_memory(tmp_path))["shared memory"]
    assert finding.state == state
    assert ("--shm-size" in finding.advice) == (state != "ok")


def test_a_port_in_use_is_noted(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(machine, "PORTS", {port: "CARLA"})
        assert by_name(machine.look_at_network())[f"port {port} (CARLA)"].state == "note"
    assert by_name(machine.look_at_network())[f"port {port} (CARLA)"].state == "ok"


@pytest.mark.parametrize("domain", ["233", "-1", "home"])
def test_an_impossible_domain_is_named_and_fails_the_command(monkeypatch, capsys, domain):
    monkeypatch.setenv("ROS_DOMAIN_ID", domain)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "ROS_DOMAIN_ID" in out.splitlines()[-1]
    assert "0 to 232" in " ".join(out.split())


def test_every_row_that_is_not_ok_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no compiler, no driver, no docker
    found = [*machine.look_at_python(), *machine.look_at_accelerator()]
    assert by_name(found)["compiler"].state == "missing"
    assert {by_name(found)[name].state for name in ("GPU", "docker")} == {"note"}
    assert all(finding.advice for finding in found if finding.state != "ok")


def test_found_text_is_shown_as_it_is():
    finding = machine.Finding("x", "note", "[red]a[/] [b]", "do [this]")
    (cell,) = as_table([finding]).columns[2].cells
    assert cell == r"\[red]a\[/] \[b]"
