"""Build carla_nurec_bridge for colcon (ament_python) and for pip."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

# `colcon build --symlink-install` runs a link to this file in its build folder.
SOURCE = Path(__file__).resolve().parent
sys.path.insert(0, str(SOURCE / "proto"))

from generate import PACKAGE_DIR, generate_stubs  # noqa: E402

PACKAGE = "carla_nurec_bridge"
NODES = (
    "carla_ego",
    "nurec_render",
    "cosmos_recorder",
    "route_agent",
    "egodriver_agent",
    "closed_loop_eval",
    "plan_tracker",
    "alpasim_driver",
)
DATA_FOLDERS = (
    "config",
    "launch",
    "proto/alpasim",
    "proto/nurec",
    "proto/ros_interfaces/msg",
    "rviz",
)


class BuildWithStubs(build_py):
    """Generate the gRPC stubs into what is built (or, in an editable install, into the source)."""

    def run(self) -> None:
        """Copy the modules, then add the stubs."""
        super().run()
        root = SOURCE if getattr(self, "editable_mode", False) else Path(self.build_lib)
        self.stubs = [str(path) for path in generate_stubs(root / PACKAGE_DIR.name)]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """List the stubs too, so that uninstalling removes them."""
        return [*super().get_outputs(include_bytecode), *getattr(self, "stubs", [])]


class DevelopWithStubs(develop):
    """Generate the gRPC stubs into the source that is linked."""

    def run(self) -> None:
        """Add the stubs, then link."""
        generate_stubs(PACKAGE_DIR)
        super().run()


def data_files() -> list[tuple[str, list[str]]]:
    """List what goes below ``share``: the package's marker, its manifest and its data folders."""
    files = [
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ]
    for top in DATA_FOLDERS:
        folders = [SOURCE / top, *(path for path in (SOURCE / top).rglob("*") if path.is_dir())]
        for folder in sorted(folders):
            names = [str(path.relative_to(SOURCE)) for path in folder.glob("*") if _is_data(path)]
            if names:
                files.append((f"share/{PACKAGE}/{folder.relative_to(SOURCE)}", sorted(names)))
    return files


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")


def requirements() -> list[str]:
    """List what the package imports, from the file that the locks are resolved from too."""
    lines = (SOURCE / "requirements" / "run.in").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


setup(
    name=PACKAGE,
    version="0.1.0",
    description="Bridge CARLA, NVIDIA NuRec and NVIDIA Cosmos Transfer into ROS 2",
    long_description=(SOURCE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    maintainer="carla_nurec_bridge maintainers",
    maintainer_email="maintainers@carla-nurec-bridge.invalid",
    python_requires=">=3.10",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=data_files(),
    install_requires=requirements(),
    extras_require={
        "gpu": ["nvidia-nvimgcodec-cu13[nvjpeg]", "warp-lang>=1.19"],
        "parquet": ["pyarrow"],
        "ray": ["ray"],
        "testing": ["pytest"],
        "view": ["rerun-sdk"],
    },
    zip_safe=False,
    cmdclass={"build_py": BuildWithStubs, "develop": DevelopWithStubs},
    entry_points={
        "console_scripts": [
            f"carla-nurec = {PACKAGE}.cli.main:entry",
            *(f"{name} = {PACKAGE}.nodes.{name}:main" for name in NODES),
        ],
        "pytest11": [f"closed_loop = {PACKAGE}.testing.plugin"],
    },
)
