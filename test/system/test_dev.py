"""./dev works from any folder, does nothing twice, and names what a machine lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
# What ./dev itself calls, all of it in every Debian image.
TOOLS = (
    "bash env readlink dirname basename uname find sort xargs sha256sum cat grep tail mkdir mktemp"
    " cp rm ln flock printf"
).split()


def dev(*arguments: str, script: Path = ROOT / "dev", **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [script, *arguments], capture_output=True, text=True, timeout=250, check=False, **options
    )


@pytest.fixture
def bare_machine(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Return a checkout without .venv, and the environment of a machine without a compiler."""
    checkout, programs = tmp_path / "checkout", tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool))
    interpreter = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    (programs / interpreter.name).symlink_to(interpreter)
    shutil.copytree(ROOT / "requirements", checkout / "requirements")
    shutil.copy(ROOT / "dev", checkout / "dev")
    return checkout, {"PATH": str(programs), "HOME": str(tmp_path)}


def test_setup_that_is_up_to_date_does_nothing(tmp_path):
    assert dev("setup", cwd=tmp_path).returncode == 0
    again = dev("setup", cwd=tmp_path)
    assert again.stderr.splitlines() == [f"ready: {ROOT / '.venv'}"]


def test_missing_compilers_are_named_before_anything_is_made(bare_machine):
    checkout, environment = bare_machine
    done = dev("setup", script=checkout / "dev", env=environment)
    assert done.returncode == 1
    assert "this machine lacks gcc g++" in done.stderr
    assert "apt-get install -y gcc g++" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_missing_python_is_named(bare_machine):
    checkout, environment = bare_machine
    for path in Path(environment["PATH"]).glob("python*"):
        path.unlink()
    done = dev("test", script=checkout / "dev", env=environment)
    assert done.returncode == 1
    assert "CPython 3.10, 3.11 or 3.12" in done.stderr


def test_an_unknown_verb_shows_the_known_ones():
    done = dev("fly")
    assert done.returncode == 1
    assert "no verb fly" in done.stderr
    for verb in ("setup", "demo", "test", "lint", "bench", "doctor"):
        assert verb in done.stderr


def test_verbs_run_inside_the_environment(tmp_path):
    sourced = dict(os.environ) | {"PYTHONPATH": "/opt/ros/none/lib", "ROS_DISTRO": "none"}
    done = dev("doctor", "--help", cwd=tmp_path, env=sourced)
    assert done.returncode == 0
    assert "--folder" in done.stdout
