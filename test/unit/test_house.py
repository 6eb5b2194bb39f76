"""The house stays small-roomed: files, folders and names keep to what architecture.md says."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "carla_nurec_bridge"
FILES_AT_TOP = """.gitignore CHANGELOG.md CONTRIBUTING.md LICENSE README.md dev package.xml
    pyproject.toml requirements-ros.txt setup.cfg setup.py"""
FOLDERS_AT_TOP = """.ci benchmarks carla_nurec_bridge config docker docs launch proto requirements
    resource rviz test"""
TOP = {*FILES_AT_TOP.split(), *FOLDERS_AT_TOP.split()}
MOST_FILES = 15


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "stubs" not in path.parts]


def test_no_folder_holds_more_files_than_a_reader_overlooks():
    counts: defaultdict[Path, int] = defaultdict(int)
    for path in sources():
        counts[path.parent] += 1
    assert not {str(folder): n for folder, n in counts.items() if n > MOST_FILES}


def test_nothing_lies_at_the_top_that_does_not_belong_there():
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout, so nobody knows which files are the project's")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert {name.partition("/")[0] for name in listed.stdout.split("\0") if name} <= TOP


def test_every_public_class_name_stands_for_one_thing():
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path in sources():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path.relative_to(PACKAGE).as_posix())
    assert not {name: files for name, files in homes.items() if len(files) > 1}


def test_the_formatter_is_law():
    assert not [str(path) for path in sources() if "# fmt: " in path.read_text()]


def test_every_folder_says_what_lives_there():
    for path in PACKAGE.rglob("__init__.py"):
        if "stubs" not in path.parts:
            assert ast.get_docstring(ast.parse(path.read_text())), f"{path} says nothing"


def test_the_plan_names_what_is_there():
    text = (PACKAGE.parent / "docs/architecture.md").read_text()
    rooms = {path.name for path in PACKAGE.iterdir()}
    paths = {path for path in re.findall(r"`([a-z_0-9/.]+)`", text) if path.split("/")[0] in rooms}
    assert len(paths) > 50
    assert not {path for path in paths if not (PACKAGE / path).exists()}


MOST_LINES = 300
TABLES = {"core/run_contract/topics.py"}
"""Files that are longer for being one table of data."""


def share_of_data(text: str) -> float:
    """Return the share of a file's lines that lie in literals bound to its names, or are blank."""
    literals = (ast.Dict, ast.List, ast.Set, ast.Tuple)
    lines = {number for number, line in enumerate(text.splitlines(), 1) if not line.strip()}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, literals):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines) / len(text.splitlines())


def test_no_file_is_longer_than_one_idea():
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in sources()}
    assert {name for name, text in texts.items() if len(text.splitlines()) > MOST_LINES} == TABLES
    assert {name for name in TABLES if share_of_data(texts[name]) < 0.9} == set()


def test_every_benchmark_tells_what_it_measures():
    for path in sorted((PACKAGE.parent / "benchmarks").glob("[a-z]*.py")):
        text = path.read_text(encoding="utf-8")
        assert "argparse" in text or "show_help(__doc__)" in text, f"{path.name} has no --help"
