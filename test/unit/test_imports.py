"""Imports point one way: each room of the package may import only the rooms below it."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "carla_nurec_bridge"
ROOT = Path(__file__).parents[2] / PACKAGE

ORDER = (
    "core",
    "world",
    "opendrive",
    "rendering",
    "gaussians",
    "town",
    "recorder_log",
    "recording",
    "nurec",
    "alpasim",
    "scene",
    "agents",
    "evaluation",
    "carla_client",
    "scenarios",
    "labels",
    "cosmos",
    "dataset",
    "report",
    "ros",
    "servers",
    "runs",
    "testing",
    "nodes",
    "cli",
)
"""The rooms from the ground up: docs/architecture.md shows the same order."""

# Libraries that only these folders may import.
CONFINED: dict[str, tuple[str, ...]] = {
    "carla": ("carla_client", "scenarios"),
    "rclpy": ("ros", "nodes"),
    f"{PACKAGE}.nurec.stubs": ("nurec", "alpasim", "servers/nurec"),
    f"{PACKAGE}.alpasim.stubs": ("alpasim",),
}


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        if "stubs" in path.parts:
            continue
        parts = [PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a module imports, relative ones made absolute."""
    package = [PACKAGE, *path.relative_to(ROOT).parts[:-1]]
    names: set[str] = set()
    for node in import_statements(path.read_text()):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        else:
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


@cache
def import_statements(source: str) -> list[ast.Import | ast.ImportFrom]:
    """Return a module's imports, wherever they stand."""
    nodes = ast.walk(ast.parse(source))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def room_of(name: str) -> str | None:
    """Return the room that a dotted name lies in, None for others' names."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == PACKAGE and len(pieces) > 1 else None


def lies_in(path: Path, folders: tuple[str, ...]) -> bool:
    location = path.relative_to(ROOT).as_posix()
    return any(location.startswith(f"{folder}/") for folder in folders)


def too_high(path: Path) -> set[str]:
    """Return the rooms above its own that a module imports, under TYPE_CHECKING or not."""
    own = ORDER.index(path.relative_to(ROOT).parts[0])
    rooms = {room_of(name) for name in imported_names(path)} & set(ORDER)
    return {room for room in rooms if ORDER.index(room) > own}


def run_first(name: str, known: dict[str, Path]) -> set[str]:
    """Return the modules that an import of a dotted name runs: what holds it, and its packages."""
    pieces = name.split(".")
    return {".".join(pieces[: n + 1]) for n in range(len(pieces))} & known.keys()


def circle(known: dict[str, Path]) -> list[str]:
    """Return modules of which each imports the next, the last one the first; [] for no circle.

    Imports for types alone count, and those within functions.
    """
    graph = {}
    for module, path in known.items():
        own = run_first(module, known)
        graph[module] = set().union(*(run_first(n, known) for n in imported_names(path))) - own
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members[::-1]
    return []


def test_no_modules_import_each_other_in_a_circle():
    found = circle(modules())
    assert not found, f"a circle of imports: {' -> '.join(found)}"


def test_every_room_has_its_place():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms == set(ORDER)
    loose = {path.name for path in ROOT.glob("*.py")} - {"__init__.py"}
    assert not loose, f"{loose} stand in no room"


def test_the_plan_shows_the_same_order():
    text = (ROOT.parent / "docs/architecture.md").read_text()
    table = text.partition("## The order of imports")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ORDER


def offences(path: Path) -> list[str]:
    """Return what a module imports that it may not."""
    found = [f"{room} lies above it" for room in sorted(too_high(path))]
    names = imported_names(path)
    for library, users in CONFINED.items():
        uses = any(name == library or name.startswith(f"{library}.") for name in names)
        if uses and not lies_in(path, users):
            found.append(f"only {', '.join(users)} may import {library}")
    return found


@pytest.mark.parametrize("room", ORDER)
def test_modules_import_downwards_only(room: str):
    paths = [path for path in (ROOT / room).rglob("*.py") if "stubs" not in path.parts]
    assert paths
    told = {str(path.relative_to(ROOT)): offences(path) for path in paths}
    assert not {name: words for name, words in told.items() if words}


def test_the_rule_sees_every_form_of_import(tmp_path, monkeypatch):
    module = tmp_path / "world" / "probe.py"
    module.parent.mkdir()
    module.write_text(
        "import carla\nfrom typing import TYPE_CHECKING\nfrom ..scene import build\n"
        "from .. import ros\nfrom . import frames\nfrom ..core import errors\n"
        "if TYPE_CHECKING:\n    from ..runs.graph import Graph\n"
        "def later():\n    from carla_nurec_bridge.nodes.carla_ego import main\n"
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert "carla.carla" not in imported_names(module)
    assert "carla" in imported_names(module)
    assert too_high(module) == {"scene", "ros", "runs", "nodes"}
    assert offences(module)[-1] == "only carla_client, scenarios may import carla"
    assert len(offences(module)) == 5


def test_a_circle_is_found_and_its_members_are_named(tmp_path, monkeypatch):
    room = tmp_path / "world"
    room.mkdir()
    sources = {
        "__init__": "",
        "alone": "from .states import Body",
        "states": "import typing\nif typing.TYPE_CHECKING:\n    from .bodies import Body",
        "bodies": "def later():\n    from . import kinds",
        "kinds": "from .states import State",
    }
    for name, text in sources.items():
        (room / f"{name}.py").write_text(text)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    found = circle(modules())
    assert {name.rpartition(".")[2] for name in found} == {"states", "bodies", "kinds"}
    (room / "kinds.py").write_text("")
    assert not circle(modules())
    (room / "__init__.py").write_text("from .alone import Body\nfrom .outside import Thing")
    (tmp_path / "scene.py").write_text("from .world.kinds import State")
    (room / "outside.py").write_text("from .. import scene")
    assert {name.rpartition(".")[2] for name in circle(modules())} == {"world", "outside", "scene"}
