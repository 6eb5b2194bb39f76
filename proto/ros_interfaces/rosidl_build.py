"""Generate and compile ROS 2 interface packages with the rosidl wheels and the C compiler alone."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from dispatchers import write_dispatchers
from expanding import read_once

KINDS = ("msg", "srv", "action")

RUNTIME_LIBRARIES = (
    "rosidl_runtime_c",
    "rosidl_typesupport_c",
    "rosidl_typesupport_fastrtps_c",
    "rosidl_typesupport_fastrtps_cpp",
    "rosidl_typesupport_introspection_c",
    "fastcdr",
    "rcutils",
    "rmw",
)


@dataclass(frozen=True)
class MessagePackage:
    """One package, and the packages whose types its interfaces nest at any depth."""

    name: str
    nests: tuple[str, ...]
    description: str

    @property
    def module(self) -> str:
        """Dotted name of the extension module that rclpy imports for this package."""
        return f"{self.name}.{self.name}_s__rosidl_typesupport_c"


def ros_prefix() -> Path:
    """Return the prefix that the rosidl wheels were installed into.

    Under pip's build isolation that is an overlay and not ``sys.prefix``, so it is taken from
    where an imported generator lies: PREFIX/lib/pythonX.Y/site-packages/rosidl_generator_c.
    """
    import rosidl_generator_c

    return Path(rosidl_generator_c.__file__).resolve().parents[4]


def generate(package: MessagePackage, definitions: Path, root: Path) -> list[Path]:
    """Generate the sources of ``package`` from its definitions below ``root/NAME``.

    ``definitions`` holds files NAME.msg, NAME.srv and NAME.action. Returns the C and C++ sources
    that make up the package's one extension module. Python classes, IDL and type descriptions with
    their hashes lie in ``root/NAME`` afterwards.
    """
    os.environ["AMENT_PREFIX_PATH"] = str(ros_prefix())
    from rosidl_generator_c.cli import GenerateC
    from rosidl_generator_py.cli import GeneratePython
    from rosidl_generator_type_description.cli import HashTypeDescription
    from rosidl_typesupport_fastrtps_c.cli import GenerateFastRTPSCTypesupport
    from rosidl_typesupport_introspection_c.cli import GenerateIntrospectionCTypesupport

    read_once()
    _parse_once()
    output = root / package.name
    shutil.rmtree(output, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        idl_files = _write_idl(package, definitions, output)
        arguments = (package.name, idl_files, [str(ros_prefix() / "share")], output)
        hashes = HashTypeDescription("type_description").generate_type_hashes(*arguments)
        GenerateIntrospectionCTypesupport("introspection_c").generate(*arguments)
        for source in output.rglob("*__type_support.c"):  # GenerateC has its own of that name
            source.rename(source.with_name(source.name.replace("type_support", "introspection")))
        for kind in KINDS:  # one by one: hashes are found by name, which a msg and a srv may share
            own = [name for name in idl_files if f":{kind}/" in name]
            described = [str(path) for path in hashes if Path(path).parent.name == kind]
            if own:
                GenerateC("c").generate(
                    package.name, own, *arguments[2:], type_description_files=described
                )
        GenerateFastRTPSCTypesupport("fastrtps_c").generate(*arguments)
        GeneratePython("py", typesupport_implementations=["rosidl_typesupport_c"]).generate(
            *arguments
        )
    write_dispatchers(package.name, [Path(name.partition(":")[2]) for name in idl_files], output)
    (output / "__init__.py").touch()
    return _gathered(output)


def _parse_once() -> None:
    """Have all generators of this process share what one has parsed: that takes a third of them."""
    import rosidl_generator_py.generate_py_impl
    import rosidl_generator_type_description
    import rosidl_pycommon
    from rosidl_parser.definition import IdlFile, IdlLocator
    from rosidl_parser.parser import parse_idl_file

    parsed: dict[tuple[Path, bytes], IdlFile] = {}

    def shared(locator: IdlLocator) -> IdlFile:
        path = locator.get_absolute_path()
        known = path, path.read_bytes()
        if known not in parsed:
            parsed[known] = parse_idl_file(locator)
        return parsed[known]

    for module in (
        rosidl_generator_py.generate_py_impl,
        rosidl_generator_type_description,
        rosidl_pycommon,
    ):
        module.parse_idl_file = shared


def _gathered(output: Path) -> list[Path]:
    """Gather the sources of each kind into one: headers take most of the time to compile.

    Descriptions stay alone, because they give their own things the same names.
    """
    alone = [*sorted(output.rglob("*__description.c")), *sorted(output.glob("*.c"))]
    kinds = (
        "__functions.c",
        "__type_support.c",
        "__introspection.c",
        "__type_support_c.cpp",
        "_s.c",
    )
    for kind in kinds:
        parts = sorted(set(output.rglob(f"*{kind}")) - set(alone))
        gathered = output / f"gathered{kind}"
        gathered.write_text("".join(f'#include "{part}"\n' for part in parts))
        alone.append(gathered)
    return alone


def _write_idl(package: MessagePackage, definitions: Path, output: Path) -> list[str]:
    """Convert every definition to IDL; return them as the generators want them, PREFIX:PATH."""
    from rosidl_adapter.action import convert_action_to_idl
    from rosidl_adapter.msg import convert_msg_to_idl
    from rosidl_adapter.srv import convert_srv_to_idl

    converters = {
        "msg": convert_msg_to_idl,
        "srv": convert_srv_to_idl,
        "action": convert_action_to_idl,
    }
    found = []
    for kind, convert in converters.items():
        target = output / kind
        for source in sorted(definitions.glob(f"*.{kind}")):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / source.name)
            convert(output, package.name, Path(kind, source.name), target)
            found.append(f"{output}:{kind}/{source.stem}.idl")
    return found


def include_dirs(root: Path) -> list[str]:
    """Return the include folders: of what was generated below ``root``, of ROS, of numpy."""
    import numpy

    include = ros_prefix() / "include"
    doubled = sorted(path for path in include.iterdir() if (path / path.name).is_dir())
    return [str(path) for path in (root, include, *doubled, numpy.get_include())]


def libraries(package: MessagePackage) -> list[str]:
    """Return the libraries that the extension module links, without ``lib`` and suffix."""
    kinds = (
        "generator_c",
        "typesupport_c",
        "typesupport_fastrtps_c",
        "typesupport_introspection_c",
        "generator_py",
    )
    nested = [f"{name}__rosidl_{kind}" for name in package.nests for kind in kinds]
    return [*nested, *RUNTIME_LIBRARIES]


def share_files(packages: Sequence[MessagePackage], root: Path) -> list[tuple[str, list[str]]]:
    """Write what a ROS prefix holds about the packages; return it as setuptools' ``data_files``.

    That is ``share/NAME`` with package.xml, definitions, .idl and .json files, and the markers of
    the ament index, so that the command-line tools and rosidl itself find the definitions.
    """
    files: list[tuple[str, list[str]]] = []
    index = root / "ament_index"
    for package in packages:
        definitions = sorted(
            path
            for kind in KINDS
            for path in (root / package.name / kind).glob("*")
            if path.suffix in (".msg", ".srv", ".action", ".idl", ".json")
        )
        manifest = root / package.name / "package.xml"
        manifest.write_text(_package_xml(package))
        markers = {
            "packages": "",
            "rosidl_interfaces": "\n".join(
                f"{path.parent.name}/{path.name}" for path in definitions
            ),
        }
        for kind, text in markers.items():
            marker = index / kind / package.name
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_text(text)
            files.append((f"share/ament_index/resource_index/{kind}", [str(marker)]))
        files.append((f"share/{package.name}", [str(manifest)]))
        for kind in KINDS:
            own = [str(path) for path in definitions if path.parent.name == kind]
            files += [(f"share/{package.name}/{kind}", own)] if own else []
    return files


def _package_xml(package: MessagePackage) -> str:
    depends = "".join(f"  <depend>{name}</depend>\n" for name in package.nests)
    return (
        '<?xml version="1.0"?>\n'
        '<package format="3">\n'
        f"  <name>{package.name}</name>\n"
        "  <version>0.1.0</version>\n"
        f"  <description>{escape(package.description)}</description>\n"
        '  <maintainer email="maintainers@carla-nurec-bridge.invalid">carla_nurec_bridge'
        "</maintainer>\n"
        "  <license>Apache-2.0</license>\n"
        f"{depends}"
        "  <member_of_group>rosidl_interface_packages</member_of_group>\n"
        "</package>\n"
    )
