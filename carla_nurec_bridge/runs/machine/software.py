"""Look at the interpreter, the compilers and the packages that runs need."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from ...core.run_contract.topics import TOPICS
from .finding import Finding, State

_IMPORTS_S = 120.0

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
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, *names],
            capture_output=True,
            text=True,
            timeout=_IMPORTS_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(names, f"importing takes more than {_IMPORTS_S:g} s")
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
