"""Look at the machine that a run is to be made on: functions return findings, none raises."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.run_contract.topics import TOPICS

State = Literal["ok", "note", "missing"]
"""``missing`` is needed and not there; ``note`` is worth knowing, and things work without it."""

PORTS = {2000: "CARLA", 2001: "CARLA streams", 46435: "NuRec"}
MIB = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One row: what was looked at, how it is, what was found, and how to fix or read it."""

    name: str
    state: State
    found: str
    advice: str = ""


# Imports run in a child: a broken extension module may end the process that loads it.
_PROBE = """
import importlib, json, sys
result = {}
for name in sys.argv[1:]:
    module, _, attribute = name.partition(":")
    try:
        value = importlib.import_module(module)
        if attribute:
            getattr(value, attribute)
        result[name] = ""
    except ModuleNotFoundError as error:
        result[name] = f"no module {error.name}"
    except Exception as error:
        result[name] = f"{type(error).__name__}: {error}"
sys.stdout.write(json.dumps(result))
"""


def probe_imports(names: Iterable[str]) -> dict[str, str]:
    """Import each MODULE or MODULE:ATTRIBUTE in a child; return what is wrong, "" if nothing."""
    names = list(dict.fromkeys(names))
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *names], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        result: dict[str, str] = json.loads(done.stdout)
        return result
    if len(names) == 1:
        return {names[0]: f"importing it ends the process with code {done.returncode}"}
    return {name: probe_imports([name])[name] for name in names}


def look_at_python() -> list[Finding]:
    """Look at the interpreter, the processor and what compiles extension modules."""
    version = platform.python_version()
    supported = (3, 10) <= sys.version_info < (3, 13)
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    compilers = [name for name in ("gcc", "g++") if shutil.which(name)]
    cores = len(os.sched_getaffinity(0))
    debian = f"python{sys.version_info.major}.{sys.version_info.minor}-dev"
    return [
        Finding(
            "Python",
            "ok" if supported else "missing",
            f"{version} on {platform.machine()}",
            "" if supported else "use CPython 3.10, 3.11 or 3.12",
        ),
        Finding(
            "compiler",
            "ok" if len(compilers) == 2 else "missing",
            " and ".join(compilers) or "none",
            "" if len(compilers) == 2 else "sudo apt-get install -y gcc g++",
        ),
        Finding(
            "Python.h",
            "ok" if header.is_file() else "missing",
            str(header) if header.is_file() else f"no {header}",
            "" if header.is_file() else f"sudo apt-get install -y {debian}",
        ),
        Finding(
            "processor cores",
            "ok" if cores >= 2 else "note",
            str(cores),
            "" if cores >= 2 else "the demo needs two to keep its pace",
        ),
    ]


def look_at_packages() -> list[Finding]:
    """Look at rclpy, the message packages of the topic table, CARLA, Embree and the stubs."""
    messages: dict[str, list[str]] = {}
    for row in TOPICS.values():
        package, _, kind = row.type.split("/")
        messages.setdefault(package, []).append(f"{package}.msg:{kind}")
    stubs = "carla_nurec_bridge.nurec.stubs.sensorsim_pb2_grpc"
    singles = ("rclpy", "carla", "embreex.rtcore", stubs, "launch_ros")
    wrong = probe_imports([*singles, *(name for names in messages.values() for name in names)])

    def finding(name: str, module: str, state: State, advice: str) -> Finding:
        if not wrong[module]:
            return Finding(name, "ok", "imports")
        return Finding(name, state, wrong[module], advice)

    broken = [
        f"{package}: {wrong[name]}"
        for package, names in messages.items()
        for name in names
        if wrong[name]
    ]
    setup = "./dev setup; on a ROS 2 machine source its setup.bash"
    return [
        finding("rclpy", "rclpy", "missing", setup),
        Finding(
            "message packages",
            "missing" if broken else "ok",
            "; ".join(dict.fromkeys(broken)) or f"all {len(messages)}",
            "./dev setup; on a ROS 2 machine rosdep install --from-paths ." if broken else "",
        ),
        finding("CARLA client", "carla", "missing", "pip install carla==0.9.16"),
        finding(
            "Embree",
            "embreex.rtcore",
            "note",
            "rendering falls back to slower kernels; pip install 'embreex>=4.4,<4.5'",
        ),
        finding("gRPC stubs", stubs, "missing", "./dev setup, or colcon build"),
        finding("ros2 launch", "launch_ros", "note", "without it: carla-nurec up"),
    ]


def look_at_memory(folder: Path) -> list[Finding]:
    """Look at shared memory, main memory and the disk that ``folder`` is on."""
    findings = []
    shared = Path("/dev/shm")
    if shared.is_dir():
        free = shutil.disk_usage(shared).free // MIB
        state: State = "ok" if free >= 512 else "note" if free >= 128 else "missing"
        findings.append(
            Finding(
                "shared memory",
                state,
                f"{free} MiB free in {shared}",
                "" if state == "ok" else "large images get lost; docker: run with --shm-size=1g",
            )
        )
    else:
        findings.append(Finding("shared memory", "missing", f"no {shared}", f"mount {shared}"))
    memory = _available_memory() // MIB
    findings.append(
        Finding(
            "memory",
            "ok" if memory >= 3072 else "note",
            f"{memory} MiB free",
            "" if memory >= 3072 else "the demo takes up to 3 GiB; close other programs",
        )
    )
    disk = shutil.disk_usage(folder).free // MIB
    state = "ok" if disk >= 4096 else "note" if disk >= 512 else "missing"
    findings.append(
        Finding(
            "disk",
            state,
            f"{disk} MiB free at {folder}",
            "" if state == "ok" else "bags take about 100 MiB for ten simulated seconds; make room",
        )
    )
    return findings


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "MemAvailable":
            return int(value.split()[0]) << 10
    return 0


def look_at_network() -> list[Finding]:
    """Look at the servers' ports, at multicast for discovery and at the ROS domain."""
    findings = []
    for port, user in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            busy = probe.connect_ex(("127.0.0.1", port)) == 0
        findings.append(
            Finding(
                f"port {port} ({user})",
                "note" if busy else "ok",
                "a server listens" if busy else "free",
                "fine if that is the server you want; else choose another --port" if busy else "",
            )
        )
    findings.append(_multicast())
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    valid = domain.isdigit() and int(domain) <= 232
    findings.append(
        Finding(
            "ROS_DOMAIN_ID",
            "ok" if valid else "missing",
            domain,
            "" if valid else "export ROS_DOMAIN_ID=N with N from 0 to 232",
        )
    )
    return findings


def _multicast() -> Finding:
    up, multicast = 0x1, 0x1000
    able = []
    for path in sorted(Path("/sys/class/net").glob("*/flags")):
        flags = int(path.read_text(), 16)
        if flags & up and flags & multicast:
            able.append(path.parent.name)
    if able:
        return Finding("multicast", "ok", ", ".join(able))
    return Finding(
        "multicast",
        "note",
        "no interface",
        "discovery takes 3 s instead of 0.3 s; sudo ip link set lo multicast on",
    )


def look_at_accelerator() -> list[Finding]:
    """Look for a GPU and docker, which only the real servers need."""
    findings = []
    driver = shutil.which("nvidia-smi")
    gpu = ""
    if driver:
        query = [driver, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        done = subprocess.run(query, capture_output=True, text=True, check=False)
        gpu = done.stdout.strip().replace("\n", "; ") if done.returncode == 0 else ""
    needless = "only a real CARLA or NuRec server on this machine needs one"
    findings.append(Finding("GPU", "ok" if gpu else "note", gpu or "none", "" if gpu else needless))
    docker = shutil.which("docker")
    running = Path("/var/run/docker.sock").exists()
    findings.append(
        Finding(
            "docker",
            "ok" if docker and running else "note",
            "daemon runs" if docker and running else "no daemon" if docker else "none",
            "" if docker and running else "only the NuRec container needs it",
        )
    )
    return findings
