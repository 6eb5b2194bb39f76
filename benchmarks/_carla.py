"""An embedded CARLA of a benchmark: served in a process of its own, watched, and ticked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import carla

from carla_nurec_bridge.core.machine.ports import free_port

DELTA_S = 0.05
_CLOCK_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A served map: the port of its calls and the server's process."""

    port: int
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """Return the processor time spent so far by all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_HZ

    def memory_mb(self) -> tuple[float, float]:
        """Return memory in use and its part that no file backs, in MB."""
        rows = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        )
        resident, anonymous = (int(rows[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
        return resident, anonymous


@contextmanager
def serve(map_file: Path, *options: str, cache: Path | None = None) -> Iterator[Server]:
    """Serve a map in a process of its own; ``cache`` is where it keeps what it has made of it."""
    port = free_port(pair=True)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "carla_nurec_bridge.cli.main",
            "carla",
            "serve",
            "--map",
            str(map_file),
            "--port",
            str(port),
            *options,
        ],
        env=os.environ | ({"XDG_CACHE_HOME": str(cache)} if cache else {}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if not process.stdout.readline().startswith("ready:"):
        raise SystemExit(f"the server did not start on {map_file}")
    try:
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(10)


def synchronous_world(client: carla.Client) -> carla.World:
    """Return a fresh world whose time the client owns."""
    world = client.reload_world()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = DELTA_S
    world.apply_settings(settings)
    return world
