"""The embedded server as a process, and sessions of the real client as processes of their own.

The client library may abort its process while threads end, so each session runs apart, prints what
it saw as one JSON line, and leaves by ``os._exit``; the tests then judge the facts.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import Program

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path

SESSIONS = Path(__file__).parent / "sessions"
SESSION_S = 250.0

Facts = dict[str, Any]


@pytest.fixture(scope="session")
def maps_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo town, plain, and once more as ``Town01``, zipped."""
    folder = tmp_path_factory.mktemp("maps")
    town = config_path("maps", "demo_town.xodr").read_bytes()
    (folder / "demo_town.xodr").write_bytes(town)
    (folder / "Town01.xodr.gz").write_bytes(gzip.compress(town))
    return folder


@pytest.fixture(scope="session")
def carla_server(maps_dir: Path) -> Iterator[tuple[Program, int]]:
    """Serve the demo town for the whole test session; yield the port of the calls, too."""
    port = free_port(pair=True)
    options = ("--map", "demo_town", "--maps-dir", maps_dir, "--port", port, "--seed", 7)
    with Program("carla", "serve", *options) as process:
        line = process.stdout.readline()
        assert line.startswith("ready:"), f"the server did not start: {line!r}"
        yield process, port
        process.terminate()
        assert process.wait(60) == 0, "the server must leave with exit code 0 on SIGTERM"


@pytest.fixture(scope="session")
def carla_port(carla_server: tuple[Program, int]) -> int:
    """Return the port of the calls."""
    return carla_server[1]


@pytest.fixture(scope="session")
def run_session(
    carla_server: tuple[Program, int], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Facts]:
    """Return a function that runs ``sessions/NAME.py`` once and gives its facts."""
    pytest.importorskip("carla")
    known: dict[str, Facts] = {}
    folder = tmp_path_factory.mktemp("carla")

    def run(name: str, *arguments: str, deadline_s: float = SESSION_S) -> Facts:
        key = " ".join((name, *arguments))
        if key not in known:
            known[key] = _session(name, arguments, carla_server, folder, deadline_s)
        return known[key]

    return run


def _run_session(
    name: str, arguments: tuple[str, ...], port: int, folder: Path, deadline_s: float
) -> subprocess.CompletedProcess[str]:
    script, manager_port = SESSIONS / f"{name}.py", free_port()
    return subprocess.run(
        [sys.executable, str(script), str(port), str(manager_port), str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=deadline_s,
        env=os.environ | {"CARLA_CACHE_DIR": str(folder / "cache")},
    )


def _session(
    name: str,
    arguments: tuple[str, ...],
    server: tuple[Program, int],
    folder: Path,
    deadline_s: float,
) -> Facts:
    process, port = server
    done = _run_session(name, arguments, port, folder, deadline_s)
    if done.returncode in (-signal.SIGSEGV, -signal.SIGABRT):
        # carla 0.9.16 does, once in some hundred sessions; twice would be no chance.
        warnings.warn(f"the CARLA client library crashed in the session {name}", stacklevel=1)
        done = _run_session(name, arguments, port, folder, deadline_s)
    assert done.returncode == 0, (
        f"session {name} failed:\n{done.stdout}\n{done.stderr}\n"
        f"The server said:\n{process.complaints()}"
    )
    facts: Facts = json.loads(done.stdout.strip().splitlines()[-1])
    return facts
