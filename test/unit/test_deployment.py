"""docker/compose.yaml says what it is meant to, and its checks work on this machine's servers."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from compose_file import COMPOSE, services

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.nurec.container.images import image_from
from carla_nurec_bridge.runs.machine.network import PORTS
from carla_nurec_bridge.servers.nim import NimServer, NimServerOptions

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docker/env.example"
WITH_GPU = {"carla", "nurec", "vlm", "llm", "cosmos"}
SERVICES = WITH_GPU | {"workbench"}
_USE = re.compile(r"\$\{([A-Z_]+)")


def example() -> dict[str, str]:
    """Return the variables of env.example; each has a comment of its own just above it."""
    lines = EXAMPLE.read_text().splitlines()
    found: dict[str, str] = {}
    for before, line in pairwise(lines):
        if line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            assert name not in found, f"{name} twice"
            assert before.startswith("# "), f"{name} is not explained"
            found[name] = value
    return found


def test_every_variable_has_an_effect_and_an_explanation():
    assert set(_USE.findall(COMPOSE.read_text())) == set(example())


def test_the_example_holds_the_defaults():
    assert services() == services(**example())
    kept = {name: value for name, value in example().items() if value}
    for name in kept:
        changed = {**example(), name: "elsewhere"}
        assert services(**changed) != services(), f"{name} has no effect"


def test_each_server_listens_where_one_variable_says_and_else_on_the_loopback_only():
    assert set(services()) == SERVICES
    for address, given in (("127.0.0.1", {}), ("10.0.0.6", {"BIND_ADDRESS": "10.0.0.6"})):
        for name, service in services(**given).items():
            assert service["ports"], name
            assert all(port.startswith(f"{address}:") for port in service["ports"]), name
    for name, service in services().items():
        assert "network_mode" not in service, name
        assert "privileged" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_each_service_is_a_profile_with_a_health_check_and_its_gpu():
    gpus = {}
    for name, service in services().items():
        assert name in service["profiles"]
        check = service["healthcheck"]
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check), name
        if name in WITH_GPU:
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
            (gpus[name],) = device["device_ids"]
    assert gpus == {"carla": "0", "nurec": "0", "vlm": "1", "llm": "2", "cosmos": "3"}
    assert "deploy" not in services()["workbench"]
    assert "nim" in services()["vlm"]["profiles"]
    assert "nim" in services()["llm"]["profiles"]


def test_the_workbench_waits_for_what_is_started_beside_it_and_knows_where_the_rest_is():
    waits = services()["workbench"]["depends_on"]
    assert set(waits) == WITH_GPU
    assert all(one == {"condition": "service_healthy", "required": False} for one in waits.values())

    def urls(**given: str) -> list[str]:
        told = services(**given)["workbench"]["environment"]
        return [told[f"{kind}_ENDPOINT_URL"] for kind in ("VLM", "LLM", "COSMOS")]

    assert urls(COSMOS_PORT="9003") == [
        "http://vlm:8001/v1",
        "http://llm:8002/v1",
        "http://cosmos:8080",
    ]
    assert urls(NIM_HOST="10.0.0.6", LLM_PORT="9002", COSMOS_PORT="9003") == [
        "http://10.0.0.6:8001/v1",
        "http://10.0.0.6:9002/v1",
        "http://10.0.0.6:9003",
    ]


def test_ports_are_honoured_inside_as_well():
    given = {"CARLA_PORT": "3000", "CARLA_STREAM_PORT": "3005", "NUREC_PORT": "4000"}
    found = services(**given, VLM_PORT="5000", NOTEBOOK_PORT="6000")
    assert {"-carla-rpc-port=3000", "-carla-streaming-port=3005"} <= set(found["carla"]["command"])
    assert "127.0.0.1:3005:3005" in found["carla"]["ports"]
    assert "--port=4000" in found["nurec"]["command"]
    assert found["vlm"]["environment"]["NIM_SERVER_PORT"] == 5000
    assert found["workbench"]["environment"]["JUPYTER_PORT"] == 6000
    assert found["workbench"]["ports"] == ["127.0.0.1:6000:6000"]


def test_versions_and_ports_are_those_of_the_package():
    pinned = re.search(r"^carla==(.*)$", (ROOT / "requirements/machine.in").read_text(), re.M)
    assert services()["carla"]["image"] == f"carlasim/carla:{pinned[1]}"
    assert services()["nurec"]["image"] == image_from({})
    assert {name: str(port) for name, (port, _) in PORTS.items()}.items() <= example().items()


def test_the_workbench_is_nobody_special():
    workbench = services(HOST_UID="1234", HOST_GID="99")["workbench"]
    assert workbench["user"] == "1234:99"
    assert workbench["cap_drop"] == ["ALL"]
    lines = (ROOT / "docker/workbench.Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users[-1] == "1000:1000"
    text = "\n".join([*lines, (ROOT / "docker/workbench-entry.sh").read_text()])
    assert "--allow-root" not in text
    assert "token=" not in text.lower()


@pytest.mark.parametrize(("token", "starts"), [("", False), ("short", False), ("x" * 16, True)])
def test_the_workbench_starts_with_a_token_only(tmp_path, token, starts):
    jupyter = tmp_path / "jupyter"
    jupyter.write_text('#!/bin/sh\necho "$@"\n')
    jupyter.chmod(0o755)
    done = subprocess.run(
        ["sh", ROOT / "docker/workbench-entry.sh"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "JUPYTER_TOKEN": token, "JUPYTER_PORT": "8899"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode == 0) == starts
    if starts:
        assert "--port=8899" in done.stdout.split()
        assert token not in done.stdout
    else:
        assert "NOTEBOOK_TOKEN" in done.stderr


def test_the_build_gets_what_the_set_up_reads_and_no_keys():
    lines = (ROOT / "docker/workbench.Dockerfile.dockerignore").read_text().splitlines()
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert all((ROOT / path).exists() for path in taken)
    setup = (ROOT / "dev").read_text()
    assert {"requirements", "proto", "setup.py", "setup.cfg", "resource", "package.xml"} <= taken
    assert all(path in taken for path in ("config", "launch", "rviz") if path in setup)


def check_of(name: str, **environment: str) -> int:
    """Run a service's health check on this machine; return its exit code."""
    service = services(**environment)[name]
    kind, *words = service["healthcheck"]["test"]
    if kind == "CMD-SHELL":
        words = ["sh", "-c", *words]
    inside = {key: str(value) for key, value in service["environment"].items()}
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        words, env={**inside, "PATH": tools}, capture_output=True, timeout=60, check=False
    )
    return done.returncode


@pytest.mark.parametrize(("name", "variable"), [("vlm", "VLM_PORT"), ("llm", "LLM_PORT")])
def test_the_check_of_nims_passes_when_one_is_ready(name, variable):
    assert check_of(name, **{variable: str(free_port())}) != 0
    with NimServer(NimServerOptions(port=0)) as server:
        assert check_of(name, **{variable: str(server.port)}) == 0


@pytest.mark.parametrize(("name", "variable"), [("carla", "CARLA_PORT"), ("nurec", "NUREC_PORT")])
def test_the_check_of_ports_passes_when_somebody_listens(name, variable):
    assert shutil.which("bash")
    assert check_of(name, **{variable: str(free_port())}) != 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert check_of(name, **{variable: str(server.getsockname()[1])}) == 0


class _Jupyter(BaseHTTPRequestHandler):
    """Answers /api as Jupyter does without a token, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api" else 403)
        self.end_headers()
        self.wfile.write(b'{"version": "2.17.0"}')

    def log_message(self, *_: object) -> None:
        pass


def test_the_check_of_the_workbench_asks_jupyter():
    assert check_of("workbench", NOTEBOOK_PORT=str(free_port())) != 0
    with HTTPServer(("127.0.0.1", 0), _Jupyter) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            assert check_of("workbench", NOTEBOOK_PORT=str(server.server_port)) == 0
        finally:
            server.shutdown()
            thread.join()


def test_compose_itself_takes_the_file(tmp_path):
    version = (
        subprocess.run(
            ["docker", "compose", "version"], capture_output=True, timeout=60, check=False
        )
        if shutil.which("docker")
        else None
    )
    if version is None or version.returncode != 0:
        pytest.skip("docker has no plug-in compose here")
    words = ["docker", "compose", "-f", COMPOSE, "--env-file", EXAMPLE]
    for profile in (*SERVICES, "nim"):
        words += ["--profile", profile]
    done = subprocess.run(
        [*words, "config", "--quiet"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
