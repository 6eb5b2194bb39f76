"""The package builds with colcon, copied and linked, and works from what was installed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PACKAGE = "carla_nurec_bridge"
PROGRAMS = {
    "carla-nurec",
    "carla_ego",
    "nurec_render",
    "cosmos_recorder",
    "route_agent",
    "egodriver_agent",
    "closed_loop_eval",
    "plan_tracker",
    "alpasim_driver",
}
LOOK = """
import json, sys
from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2, sensorsim_pb2_grpc
import carla_nurec_bridge
print(json.dumps({
    "package": carla_nurec_bridge.__file__,
    "stubs": sensorsim_pb2_grpc.__file__,
    "share": str(share_dir()),
    "message": sensorsim_pb2.DESCRIPTOR.package,
}))
"""


@dataclass(frozen=True)
class Workspace:
    install: Path
    linked: bool

    @property
    def prefix(self) -> Path:
        return self.install / PACKAGE

    def run(self, *command: str) -> str:
        """Run a command in a shell that has sourced the workspace, away from the checkout."""
        script = f". {shlex.quote(str(self.install / 'setup.sh'))} && exec {shlex.join(command)}"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.install,
            env=clean_environment() | {"COLCON_CURRENT_PREFIX": str(self.install)},
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def clean_environment() -> dict[str, str]:
    hidden = {"PYTHONPATH", "AMENT_PREFIX_PATH", "COLCON_PREFIX_PATH", "CMAKE_PREFIX_PATH"}
    return {key: value for key, value in os.environ.items() if key not in hidden}


@pytest.fixture(scope="module", params=[False, True], ids=["copied", "symlink-install"])
def workspace(request, tmp_path_factory) -> Workspace:
    folder = tmp_path_factory.mktemp("colcon")
    command = [sys.executable, "-m", "colcon", "--log-base", str(folder / "log"), "build"]
    command += ["--base-paths", str(ROOT), "--packages-select", PACKAGE]
    command += ["--build-base", str(folder / "build"), "--install-base", str(folder / "install")]
    command += ["--symlink-install"] if request.param else []
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Finished <<< {PACKAGE}" in done.stdout
    return Workspace(install=folder / "install", linked=request.param)


def test_python_finds_package_stubs_and_data(workspace: Workspace):
    seen = json.loads(workspace.run(sys.executable, "-c", LOOK))
    assert seen["message"].endswith("sensorsim")
    if workspace.linked:
        assert Path(seen["package"]).resolve().is_relative_to(ROOT)
        assert Path(seen["share"]) == ROOT
    else:
        site = workspace.prefix / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        assert Path(seen["package"]).is_relative_to(site)
        assert Path(seen["stubs"]).is_relative_to(site)
        assert Path(seen["share"]) == workspace.prefix / "share" / PACKAGE


def test_ros2_run_would_find_the_programs(workspace: Workspace):
    programs = {path.name for path in (workspace.prefix / "lib" / PACKAGE).iterdir()}
    assert programs == PROGRAMS
    out = workspace.run(str(workspace.prefix / "lib" / PACKAGE / "carla-nurec"), "--help")
    assert "doctor" in out


def test_the_data_folders_are_installed_whole(workspace: Workspace):
    share = workspace.prefix / "share"
    assert (share / "ament_index/resource_index/packages" / PACKAGE).is_file()
    for top in (
        "config",
        "launch",
        "rviz",
        "proto/alpasim",
        "proto/nurec",
        "proto/ros_interfaces/msg",
    ):
        files = [path for path in (ROOT / top).rglob("*") if path.is_file()]
        names = [str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"]
        assert [name for name in names if not (share / PACKAGE / name).is_file()] == []
    assert (share / PACKAGE / "package.xml").read_text() == (ROOT / "package.xml").read_text()
