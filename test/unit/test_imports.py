"""Imports point one way: each part of the package may import only what lies below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = "carla_nurec_bridge"
ROOT = Path(__file__).parents[2] / PACKAGE

GROUND = {"core"}
GEOMETRY = GROUND | {"opendrive", "rendering", "recorder_log"}
SCENES = GEOMETRY | {"scene"}
PARTS = SCENES | {
    "carla_client", "cosmos", "dataset", "embedded", "evaluation", "nurec", "recording", "ros",
}  # fmt: skip
TOP = {"nodes", "cli", "report"}

# What each part may import of ours, itself aside. Modules beside the parts (graph, supervisor)
# describe and run processes and stand above everything but nodes and cli.
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "opendrive": GEOMETRY,
    "rendering": GROUND,
    "recorder_log": GROUND,
    "scene": GEOMETRY,
    **dict.fromkeys(PARTS - SCENES, PARTS),
    "report": PARTS,
}
# Libraries that only these parts may import.
CONFINED: dict[str, tuple[str, ...]] = {
    "carla": ("carla_client", "embedded"),
    "rclpy": ("ros", "nodes"),
    f"{PACKAGE}.nurec.stubs": ("nurec", "embedded/nurec_server"),
}


def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a module imports, relative ones made absolute."""
    package = [PACKAGE, *path.relative_to(ROOT).parts[:-1]]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def part_of(name: str) -> str | None:
    """Return the part of the package that a dotted name lies in, None for others' names."""
    pieces = name.split(".")
    if pieces[0] != PACKAGE or len(pieces) == 1:
        return None
    return pieces[1]


def modules() -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.py")) if "stubs" not in path.parts]


def lies_in(path: Path, folders: tuple[str, ...]) -> bool:
    location = path.relative_to(ROOT).as_posix()
    return any(location.startswith(f"{folder}/") for folder in folders)


def folders() -> set[str]:
    return {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_every_folder_has_its_place():
    assert folders() <= PARTS | TOP


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_downwards_only(path: Path):
    own = path.relative_to(ROOT).parts[0]
    names = imported_names(path)
    if own in ALLOWED:
        ours = {part_of(name) for name in names} & (PARTS | TOP)
        assert ours <= ALLOWED[own] | {own}, f"{own} must not import {ours - ALLOWED[own] - {own}}"
    for library, users in CONFINED.items():
        uses = {name for name in names if name == library or name.startswith(f"{library}.")}
        assert not uses or lies_in(path, users), f"only {users} may import {library}"


def test_the_rule_sees_every_form_of_import(tmp_path, monkeypatch):
    module = tmp_path / "core" / "probe.py"
    module.parent.mkdir()
    module.write_text(
        "import carla\nfrom ..scene import build\nfrom .. import ros\nfrom . import frames\n"
        "def later():\n    from carla_nurec_bridge.nodes.carla_ego import main\n"
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    names = imported_names(module)
    assert "carla" in names
    assert {part_of(name) for name in names} - {None} == {"scene", "ros", "core", "nodes"}
