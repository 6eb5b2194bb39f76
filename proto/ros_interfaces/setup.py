"""Build the interface packages that no wheel offers into one wheel."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # a PEP 517 front end does not put the project's folder there

from rosidl_build import (  # noqa: E402
    MessagePackage,
    generate,
    include_dirs,
    libraries,
    ros_prefix,
    share_files,
)

STAMPED = ("std_msgs", "builtin_interfaces")
PACKAGES = (
    MessagePackage("tf2_msgs", ("geometry_msgs", *STAMPED), "Transforms on /tf and /tf_static."),
    MessagePackage("ackermann_msgs", STAMPED, "Commands to vehicles with front-wheel steering."),
    MessagePackage("vision_msgs", ("geometry_msgs", *STAMPED), "Objects found by perception."),
    MessagePackage(
        "derived_object_msgs",
        ("geometry_msgs", "shape_msgs", *STAMPED),
        "Objects with motion and class, as sensors and trackers derive them.",
    ),
    MessagePackage(
        "simulation_interfaces",
        ("geometry_msgs", "action_msgs", "service_msgs", "unique_identifier_msgs", *STAMPED),
        "Services and actions by which simulators are run.",
    ),
)


LARGEST = PACKAGES[-1]
"""Its sources take as long to generate as those of all others, which are compiled meanwhile."""


class BuildInterfaces(build_ext):
    """Generate the packages' sources, compile them in parallel and link one module for each."""

    _generated: dict[str, Future[list[Path]]]

    def build_extension(self, ext: Extension) -> None:
        """Build the extension of one message package, and take its Python classes along."""
        package = next(package for package in PACKAGES if package.module == ext.name)
        root = self._root()
        sources = self._generated[package.name].result()
        includes = include_dirs(root)

        def compile_one(source: Path) -> list[str]:
            standard = "-std=c++17" if source.suffix == ".cpp" else "-std=gnu11"
            # Services that are called now and then take a third less time to compile so.
            level = "-O0" if package is LARGEST else "-O1"
            return self.compiler.compile(
                [str(source)],
                output_dir=self.build_temp,
                include_dirs=includes,
                extra_preargs=[standard, level, "-g0", "-w"],
            )

        with ThreadPoolExecutor(max_workers=2) as pool:
            objects = [name for part in pool.map(compile_one, sources) for name in part]
        target = Path(self.get_ext_fullpath(ext.name))
        self.compiler.link_shared_object(
            objects,
            str(target),
            libraries=libraries(package),
            library_dirs=[str(ros_prefix() / "lib")],
            # site-packages/PACKAGE/MODULE -> the prefix's lib folder, where ROS's libraries lie.
            extra_postargs=["-Wl,-rpath,$ORIGIN/../../.."],
            target_lang="c++",
        )
        for module in sorted((root / package.name).rglob("*.py")):
            self.copy_file(
                str(module), self._destination(Path(self.build_lib), module.relative_to(root))
            )

    def run(self) -> None:
        """Build all packages, then declare what goes below ``share``."""
        root = self._root()
        root.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(max_workers=2) as pool:
            self._generated = {
                package.name: pool.submit(generate, package, HERE / "msg" / package.name, root)
                for package in (LARGEST, *(one for one in PACKAGES if one != LARGEST))
            }
            super().run()
        self.distribution.data_files = share_files(PACKAGES, root)

    def _root(self) -> Path:
        return Path(self.build_temp).resolve() / "rosidl"

    def _destination(self, base: Path, path: Path) -> str:
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        return str(base / path)


setup(
    packages=[],
    ext_modules=[Extension(package.module, sources=[]) for package in PACKAGES],
    cmdclass={"build_ext": BuildInterfaces},
)
