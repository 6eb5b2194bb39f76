"""What the package imports is declared, locked for every Python, and installable on ROS 2."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "carla_nurec_bridge"
LOCKS = sorted((ROOT / "requirements").glob("lock-*.txt"))
# rosdep keys of the distributions that have one.
ROSDEP = {
    "click": "python3-click",
    "grpcio": "python3-grpcio",
    "msgpack": "python3-msgpack",
    "numpy": "python3-numpy",
    "opencv-python-headless": "python3-opencv",
    "pillow": "python3-pil",
    "protobuf": "python3-protobuf",
    "pyproj": "python3-pyproj",
    "pyyaml": "python3-yaml",
    "rich": "python3-rich",
    "scipy": "python3-scipy",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(path: Path) -> set[str]:
    """Return the distributions that a requirements file names, with those of -r lines."""
    names: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            names |= listed(path.parent / line[3:].strip())
        elif match := re.match(r"[A-Za-z0-9][\w.-]*", line):
            names.add(normal(match[0]))
    return names


def third_party_imports() -> set[str]:
    """Return the top-level modules that the package imports of others."""
    found: set[str] = set()
    for path in (ROOT / PACKAGE).rglob("*.py"):
        if "stubs" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {PACKAGE}


def owners() -> dict[str, set[str]]:
    """Return the installed distributions by the top-level names of their files."""
    found: dict[str, set[str]] = {}
    for installed in distributions():
        name = normal(installed.metadata["Name"])
        paths = (line.split(",")[0] for line in (installed.read_text("RECORD") or "").splitlines())
        for top in {path.split("/")[0] for path in paths}:
            found.setdefault(top, set()).add(name)
    return found


def manifest() -> set[str]:
    tree = ElementTree.parse(ROOT / "package.xml")
    return {node.text for kind in ("exec_depend", "depend") for node in tree.iter(kind)}


def extras() -> set[str]:
    """Return the distributions of the package's extras, as it is installed."""
    requirements = distribution(PACKAGE).requires or ()
    return {normal(re.match(r"[\w.-]+", each)[0]) for each in requirements if "extra ==" in each}


def test_every_import_is_declared():
    declared = listed(ROOT / "requirements/run.in") | listed(ROOT / "requirements/machine.in")
    declared |= extras()
    owned = owners()
    undeclared = {}
    for module in third_party_imports() - manifest():  # which has rclpy and the message packages
        names = owned.get(module) or owned.get(f"{module}.py") or {normal(module)}
        if not names & declared:
            undeclared[module] = names
    assert not undeclared, "imported, but their distributions are neither in run.in nor an extra"


def test_ros_machines_get_everything_by_rosdep_or_pip():
    by_pip = listed(ROOT / "requirements-ros.txt")
    for name in listed(ROOT / "requirements/run.in"):
        assert name in by_pip or ROSDEP.get(name) in manifest(), f"nothing installs {name} there"


def test_there_is_a_lock_for_every_python():
    assert [path.stem for path in LOCKS] == ["lock-3.10", "lock-3.11", "lock-3.12"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_lock_pins_everything_and_names_no_index(lock: Path):
    lines = lock.read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[\w.]+", line) for line in lines)
    assert listed(ROOT / "requirements/dev.in") <= listed(lock)


def test_interface_wheel_links_the_pinned_versions():
    wheels = set(
        re.findall(
            r'"(ros-[^"]+==[^"]+)"', (ROOT / "proto/ros_interfaces/pyproject.toml").read_text()
        )
    )
    for lock in LOCKS:
        pins = dict(line.split("==") for line in lock.read_text().splitlines())
        for wheel in wheels:
            name, version = wheel.split("==")
            assert pins[re.sub(r"\[.*\]", "", name)] == version
