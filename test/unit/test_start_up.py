"""What a process loads before it knows whether it will need it: no heavy library.

Each entry's imports are read from our own sources. What libraries load of each other is seen in one
process that runs.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = "carla_nurec_bridge"
ROOT = Path(__file__).parents[2] / PACKAGE

SCIPY, NUMBA, HTTP = "scipy", "numba", "httpx"
"""Each takes a tenth to a third of a second of processor time to load.

Where numba is loaded scipy's top package is too, which is 10 ms; its parts are what is heavy.
"""

STARTED: dict[str, tuple[str, ...]] = {
    "nodes.carla_ego": (SCIPY, NUMBA, HTTP),
    "nodes.route_agent": (SCIPY, NUMBA, HTTP),
    "nodes.cosmos_recorder": (SCIPY, NUMBA, HTTP),
    "nodes.plan_tracker": (SCIPY, NUMBA, HTTP),
    "nodes.egodriver_agent": (SCIPY, NUMBA, HTTP),
    "nodes.alpasim_driver": (SCIPY, NUMBA, HTTP),
    "nodes.closed_loop_eval": (SCIPY, NUMBA, HTTP),
    "nodes.nurec_render": (SCIPY, HTTP),
    "cli.demo": (SCIPY, NUMBA, HTTP),
    "cli.up": (SCIPY, NUMBA, HTTP),
    "cli.rehearse": (SCIPY, NUMBA, HTTP),
    "servers.carla.server": (SCIPY, HTTP),
    "servers.nurec.server": (SCIPY, HTTP),
}


def _statements(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that loading a module runs: not those of functions, nor for types alone."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.ClassDef | ast.Try | ast.With):
            yield from _statements(node.body)
        elif isinstance(node, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from _statements(node.body)
            yield from _statements(node.orelse)


def _file(module: str) -> Path | None:
    path = ROOT.parent.joinpath(*module.split("."))
    found = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in found if file.is_file()), None)


@cache
def loads(module: str) -> frozenset[str]:
    """Return the dotted names that the import of one module of ours asks for."""
    path = _file(module)
    assert path is not None
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    names: set[str] = set()
    for node in _statements(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        else:
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{origin}.{alias.name}" for alias in node.names)
    return frozenset(names)


def chains(entry: str) -> dict[str, str]:
    """Return the libraries that an entry loads, each with the modules of ours on the way to it."""
    way = {entry: entry}
    libraries: dict[str, str] = {}
    todo = [entry]
    while todo:
        module = todo.pop(0)
        for name in sorted(loads(module)):
            pieces = name.split(".")
            if pieces[0] != PACKAGE:
                libraries.setdefault(pieces[0], way[module])
                continue
            for count in range(1, len(pieces) + 1):
                one = ".".join(pieces[:count])
                if one not in way and _file(one) is not None:
                    way[one] = f"{way[module]} > {one}".replace(f"{PACKAGE}.", "")
                    todo.append(one)
    return libraries


@pytest.mark.parametrize("entry", STARTED)
def test_a_start_loads_no_heavy_library(entry: str):
    found = chains(f"{PACKAGE}.{entry}")
    heavy = {library: found[library] for library in STARTED[entry] if library in found}
    assert not heavy, "load these through core.loading.deferred or core.loading.compiled"


LOADING = """
import sys
loaded = lambda *names: sorted(m for m in sys.modules if m.split(".")[0] in names)
import carla_nurec_bridge.nodes.carla_ego
print(loaded("scipy", "numba", "httpx"))
import numba
before = loaded("scipy")
import carla_nurec_bridge.nodes.nurec_render
import carla_nurec_bridge.servers.carla.server, carla_nurec_bridge.servers.nurec.server
print(sorted(set(loaded("scipy", "httpx")) - set(before)))
print("scipy.spatial" in before or "scipy.linalg" in before)
"""


def test_who_draws_has_of_scipy_only_what_numba_loads_and_who_does_not_has_nothing():
    argv = (sys.executable, "-c", LOADING)
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)
    assert told.stdout.splitlines() == ["[]", "[]", "False"]


def test_the_rule_sees_a_library_that_a_module_on_the_way_loads():
    found = chains(f"{PACKAGE}.servers.carla.server")
    assert found["numba"].startswith("servers.carla.server > ")
    assert found["numpy"] != found["numba"]
