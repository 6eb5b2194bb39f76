"""What this machine has is told as it is, also when its programs fail or hang."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import time
from collections import namedtuple
from collections.abc import Iterable
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.rendering.engines.choice import check_engine
from carla_nurec_bridge.rendering.engines.embree import EmbreeError, library
from carla_nurec_bridge.rendering.gpu.device import GpuError
from carla_nurec_bridge.runs import machine
from carla_nurec_bridge.runs.machine import containers, engine, gpus, software
from carla_nurec_bridge.runs.machine.finding import ask_program

Usage = namedtuple("Usage", "total used free")


def by_name(findings: Iterable[machine.Finding]) -> dict[str, machine.Finding]:
    return {finding.name: finding for finding in findings}


def program(folder: Path, name: str, script: str) -> None:
    """Put a shell script where ``shutil.which`` finds it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """Return a folder whose programs are found before, and docker and GPUs nowhere else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sleep", "cat"):
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(folder))
    return folder


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


def test_an_import_that_hangs_is_given_up(tmp_path, monkeypatch):
    (tmp_path / "hanging_probe.py").write_text("import time; time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(software, "_IMPORTS_S", 1.0)
    assert "more than 1 s" in machine.probe_imports(["hanging_probe"])["hanging_probe"]


@pytest.mark.parametrize(("free_mib", "state"), [(2000, "ok"), (256, "note"), (64, "missing")])
def test_shared_memory_is_judged_by_what_is_free(tmp_path, monkeypatch, free_mib, state):
    usage = Usage(total=0, used=0, free=free_mib << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    finding = by_name(machine.look_at_memory(tmp_path))["shared memory"]
    assert finding.state == state
    assert ("--shm-size" in finding.advice) == (state != "ok")


def test_who_holds_a_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = by_name(machine.look_at_network({"NUREC_PORT": str(port)}))[
            f"port {port} (NuRec)"
        ]
        assert finding.state == "note"
        assert f"(process {os.getpid()})" in finding.found
    free = free_port(pair=True)
    found = by_name(machine.look_at_network({"CARLA_PORT": str(free)}))
    assert found[f"port {free} (CARLA)"].found == "free"
    assert f"port {free + 2} (CARLA)" in found


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_a_port_that_is_none_is_missing(port):
    finding = by_name(machine.look_at_network({"VLM_PORT": port}))["port of VLM"]
    assert (finding.state, finding.found) == ("missing", f"VLM_PORT={port}")


def test_no_gpu_and_no_docker_are_fine(programs):
    found = by_name([*machine.look_at_gpus(), *machine.look_at_containers()])
    assert {finding.state for finding in found.values()} == {"note"}
    assert all(finding.advice for finding in found.values())
    assert by_name(machine.look_at_python())["compiler"].state == "missing"


def test_gpus_are_told_one_by_one_with_driver_and_cuda(programs):
    rows = (
        "0, NVIDIA RTX A4000, 16376, 15000, 8.6, 570.86.15\n"
        "1, NVIDIA H100 80GB HBM3, 81559, 81000, 9.0, 570.86.15\n"
    )
    banner = "| NVIDIA-SMI 570.86.15    Driver Version: 570.86.15    CUDA Version: 12.8     |"
    program(
        programs,
        "nvidia-smi",
        f"case \"$1\" in --query*) cat <<'X'\n{rows}X\n;; *) echo '{banner}';; esac",
    )
    found = by_name(machine.look_at_gpus())
    told = "570.86.15, CUDA up to 12.8; runs containers of CUDA 12"
    advice = "Cosmos Transfer 2.5 asks for 570.124.06"
    assert found["driver"] == machine.Finding("driver", "ok", told, advice)
    assert found["GPU 0"].found.endswith("16376 MiB, 15000 free, compute capability 8.6")
    assert "65.4 GB" in found["GPU 0"].advice
    assert found["GPU 1"].advice == ""


def test_the_engine_that_would_draw_is_told(monkeypatch):
    monkeypatch.delenv("CARLA_NUREC_ENGINE", raising=False)
    monkeypatch.setattr(engine, "gpu_count", lambda: 0)
    (finding,) = machine.look_at_engine()
    assert (finding.state, finding.found) == ("ok", "embree, on the processor (Gaussians: numba)")
    monkeypatch.setenv("CARLA_NUREC_ENGINE", "warp")
    (finding,) = machine.look_at_engine()
    assert finding.state == "missing"
    assert "no NVIDIA GPU" in finding.found
    monkeypatch.setattr(engine, "gpu_count", lambda: 2)
    monkeypatch.setattr(engine, "has_warp", lambda: False)
    (finding,) = machine.look_at_engine()
    assert (finding.state, finding.advice) == (
        "missing",
        "pip install 'carla_nurec_bridge[gpu]'",
    )
    monkeypatch.delenv("CARLA_NUREC_ENGINE")
    (finding,) = machine.look_at_engine()
    assert finding.found == "embree, on the processor (Gaussians: numba)"
    assert "[gpu]" in finding.advice
    monkeypatch.setattr(engine, "has_warp", lambda: True)
    monkeypatch.setattr(engine, "check_seen", lambda: None)
    (finding,) = machine.look_at_engine()
    assert finding.state == "ok"
    assert finding.found.startswith("warp, on the first of 2 GPUs, Gaussians too")


def test_a_gpu_that_warp_does_not_see_does_not_draw(monkeypatch):
    def old_driver():
        raise GpuError("Warp does not see the NVIDIA GPU: it needs a newer driver")

    monkeypatch.setattr(engine, "gpu_count", lambda: 1)
    monkeypatch.setattr(engine, "has_warp", lambda: True)
    monkeypatch.setattr(engine, "check_seen", old_driver)
    monkeypatch.delenv("CARLA_NUREC_ENGINE", raising=False)
    (finding,) = machine.look_at_engine()
    assert finding.found == "embree, on the processor (Gaussians: numba)"
    assert "newer driver" in finding.advice
    monkeypatch.setenv("CARLA_NUREC_ENGINE", "warp")
    (finding,) = machine.look_at_engine()
    assert finding.state == "missing"
    assert "newer driver" in finding.advice


def test_embree_that_is_not_there_is_missing_where_it_is_asked_for(monkeypatch):
    library.cache_clear()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "embreex" else find_spec(name)
    )
    monkeypatch.setattr(engine, "gpu_count", lambda: 0)
    monkeypatch.setenv("CARLA_NUREC_ENGINE", "embree")
    with pytest.raises(EmbreeError):
        check_engine()
    (finding,) = machine.look_at_engine()
    assert finding.state == "missing"
    assert "embreex is not installed" in finding.found
    monkeypatch.setenv("CARLA_NUREC_ENGINE", "auto")
    (finding,) = machine.look_at_engine()
    assert (finding.state, finding.found) == ("ok", "numba, on the processor")
    assert "pip install 'embreex" in finding.advice


def test_an_old_driver_says_what_containers_need(programs):
    program(programs, "nvidia-smi", "echo '0, Tesla T4, 15360, 15000, 7.5, 470.223.02'")
    driver = by_name(machine.look_at_gpus())["driver"]
    assert driver.state == "note"
    assert "525.60.13" in driver.advice


def test_a_driver_that_fails_or_hangs_is_told(programs, monkeypatch):
    program(programs, "nvidia-smi", 'echo "couldn\'t communicate with the driver" >&2; exit 9')
    (finding,) = machine.look_at_gpus()
    assert "couldn't communicate" in finding.found
    program(programs, "nvidia-smi", "sleep 600")
    monkeypatch.setattr(gpus, "_LIMIT_S", 0.5)
    before_s = time.monotonic()
    (finding,) = machine.look_at_gpus()
    assert "did not answer within 0.5 s" in finding.found
    assert time.monotonic() - before_s < 60


def test_engine_compose_and_toolkit_are_told(programs, monkeypatch, tmp_path):
    info = json.dumps(
        {"ServerVersion": "28.2.2", "Runtimes": {"nvidia": {}}, "DockerRootDir": str(tmp_path)}
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, int(300e9)))
    program(programs, "docker", f"case \"$1\" in info) echo '{info}';; *) echo 2.36.2;; esac")
    found = by_name(machine.look_at_containers())
    assert {finding.state for finding in found.values()} == {"ok"}
    assert found["docker"].found == "engine 28.2.2"
    assert found["docker compose"].found == "2.36.2"
    assert found["disk of docker"].found.startswith("300 GB")


def test_an_engine_that_is_away_and_an_old_compose_are_notes(programs, monkeypatch):
    away = json.dumps({"ServerVersion": "", "ServerErrors": ["Cannot connect to the daemon"]})
    program(
        programs,
        "docker",
        f"case \"$1\" in info) echo '{away}'; exit 1;; *) echo 1.29.2;; esac",
    )
    program(programs, "nvidia-ctk", "true")
    found = by_name(machine.look_at_containers())
    assert "Cannot connect" in found["docker"].found
    assert "2.23.1 or later" in found["docker compose"].advice
    assert "nvidia-ctk runtime configure" in found["container toolkit"].advice
    program(programs, "docker", "sleep 600")
    monkeypatch.setattr(containers, "_LIMIT_S", 0.3)
    assert "did not answer" in by_name(machine.look_at_containers())["docker"].found


def test_a_program_that_cannot_run_is_told(tmp_path):
    (tmp_path / "broken").write_bytes(b"\x7fELF nothing")
    (tmp_path / "broken").chmod(0o755)
    assert "Exec format error" in ask_program([str(tmp_path / "broken")], 5).wrong
    assert "broken: " in ask_program([str(tmp_path / "broken")], 5).wrong
