"""The GitHub Actions file of docs/testing.md: valid, and its commands do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from carla_nurec_bridge.core.resources import share_dir

_PAGE = share_dir() / "docs" / "testing.md"
_DEV = """#!/bin/sh
# Stands for the bridge's own: what its setup leaves is an environment with pytest and the plugin.
[ "$*" = setup ] || exit 1
mkdir -p "$(dirname "$0")/.venv"
ln -s "{bin}" "$(dirname "$0")/.venv/bin"
"""
_TEST = """
def test_options_reach_the_plugin(request, closed_loop):
    assert str(request.config.getoption("--closed-loop-dir")) == "out"
    assert request.config.getoption("numprocesses", None) == 2 or hasattr(
        request.config, "workerinput"
    )
"""


@pytest.fixture
def workflow() -> dict[Any, Any]:
    if not _PAGE.is_file():
        pytest.skip("an installed package has no docs")
    (text,) = re.findall(r"## In GitHub Actions\n\n```yaml\n(.*?)```", _PAGE.read_text(), re.S)
    return dict(yaml.safe_load(text))


def test_the_file_is_a_workflow(workflow: dict[Any, Any]) -> None:
    # YAML 1.1 reads the key "on" as true; GitHub reads YAML 1.2.
    assert set(workflow) == {"name", True, "jobs"}
    assert set(workflow[True]) <= {"push", "pull_request"}
    for job in workflow["jobs"].values():
        assert set(job) == {"runs-on", "timeout-minutes", "steps"}
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert set(step) <= {"name", "run", "uses", "with", "env", "if"}
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))
            assert all(isinstance(value, str) for value in step.get("with", {}).values())


def test_its_commands_install_the_bridge_and_run_the_tests(
    workflow: dict[Any, Any], tmp_path: Path
) -> None:
    bridge, checkout, path_file = tmp_path / "origin", tmp_path / "mine", tmp_path / "path"
    bridge.mkdir()
    (bridge / "dev").write_text(_DEV.format(bin=Path(sys.executable).parent))
    (bridge / "dev").chmod(0o755)
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.com")
    for words in (("init", "-q"), ("add", "dev"), ("commit", "-q", "-m", "setup")):
        subprocess.run([*git, *words], cwd=bridge, check=True)
    (checkout / "test").mkdir(parents=True)
    (checkout / "test/test_mine.py").write_text(_TEST)

    (job,) = workflow["jobs"].values()
    env = {**os.environ, "GITHUB_PATH": str(path_file)}
    for step in job["steps"]:
        if "run" not in step:
            continue
        asked = {**step.get("env", {})}
        if "BRIDGE" in asked:
            asked["BRIDGE"] = bridge.as_uri()
        # GitHub runs a step by bash -e, and puts what GITHUB_PATH names in front of the path.
        added = path_file.read_text().split() if path_file.is_file() else []
        path = os.pathsep.join([*reversed(added), env["PATH"]])
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=checkout,
            env={**env, **asked, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert str(checkout / "bridge/.venv/bin") in path_file.read_text()
