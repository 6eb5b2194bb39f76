"""Generate and compile ROS 2 message packages with the rosidl wheels and the C compiler alone."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

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

# Upstream's dispatcher opens a library by name for each kind of type support. Here all kinds are
# linked into one module, so that a table lookup is enough: rmw asks for the serialiser (fastrtps)
# and, to describe the type to other participants, for the introspection tables.
_DISPATCHER = """\
#include <string.h>

#include "rosidl_runtime_c/message_type_support_struct.h"
#include "rosidl_typesupport_fastrtps_c/identifier.h"
#include "rosidl_typesupport_introspection_c/identifier.h"
#include "rosidl_typesupport_interface/macros.h"
#include "{package}/msg/detail/{header}__functions.h"

#define SYMBOL ROSIDL_TYPESUPPORT_INTERFACE__MESSAGE_SYMBOL_NAME
#define HANDLE_OF(kind) SYMBOL(kind, {package}, msg, {name})

const rosidl_message_type_support_t * HANDLE_OF(rosidl_typesupport_fastrtps_c)(void);
const rosidl_message_type_support_t * HANDLE_OF(rosidl_typesupport_introspection_c)(void);

static const rosidl_message_type_support_t * find_kind(
  const rosidl_message_type_support_t * handle, const char * identifier)
{{
  if (strcmp(identifier, handle->typesupport_identifier) == 0) {{
    return handle;
  }}
  if (strcmp(identifier, rosidl_typesupport_fastrtps_c__identifier) == 0) {{
    return HANDLE_OF(rosidl_typesupport_fastrtps_c)();
  }}
  if (strcmp(identifier, rosidl_typesupport_introspection_c__identifier) == 0) {{
    return HANDLE_OF(rosidl_typesupport_introspection_c)();
  }}
  return NULL;
}}

const rosidl_message_type_support_t * HANDLE_OF(rosidl_typesupport_c)(void)
{{
  static const rosidl_message_type_support_t handle = {{
    "rosidl_typesupport_c",
    NULL,
    find_kind,
    &{package}__msg__{name}__get_type_hash,
    &{package}__msg__{name}__get_type_description,
    &{package}__msg__{name}__get_type_description_sources,
  }};
  return &handle;
}}
"""


@dataclass(frozen=True)
class MessagePackage:
    """One message package, and the packages whose types its messages nest at any depth."""

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
    """Generate the sources of ``package`` from ``definitions/*.msg`` below ``root/NAME``.

    Returns the C and C++ sources that make up its one extension module. Python classes, IDL and
    type descriptions with their hashes lie in ``root/NAME`` afterwards.
    """
    os.environ["AMENT_PREFIX_PATH"] = str(ros_prefix())
    from rosidl_generator_c.cli import GenerateC
    from rosidl_generator_py.cli import GeneratePython
    from rosidl_generator_type_description.cli import HashTypeDescription
    from rosidl_typesupport_fastrtps_c.cli import GenerateFastRTPSCTypesupport
    from rosidl_typesupport_introspection_c.cli import GenerateIntrospectionCTypesupport

    output = root / package.name
    shutil.rmtree(output, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        idl_files = _write_idl(package, definitions, output)
        arguments = (package.name, idl_files, [str(ros_prefix() / "share")], output)
        hashes = HashTypeDescription("type_description").generate_type_hashes(*arguments)
        GenerateC("c").generate(*arguments, type_description_files=[str(path) for path in hashes])
        GenerateFastRTPSCTypesupport("fastrtps_c").generate(*arguments)
        GenerateIntrospectionCTypesupport("introspection_c").generate(*arguments)
        GeneratePython("py", typesupport_implementations=["rosidl_typesupport_c"]).generate(
            *arguments
        )
    for header in sorted((output / "msg" / "detail").glob("*__functions.h")):
        _write_dispatcher(package.name, header, idl_files)
    (output / "__init__.py").touch()
    return sorted(output.rglob("*.c")) + sorted(output.rglob("*.cpp"))


def _write_dispatcher(package: str, functions: Path, idl_files: Sequence[str]) -> None:
    """Write the dispatcher of the message whose C functions are declared in ``functions``."""
    from rosidl_pycommon import convert_camel_case_to_lower_case_underscore as lower_case

    header = functions.name.removesuffix("__functions.h")
    (name,) = (n for n in (Path(idl).stem for idl in idl_files) if lower_case(n) == header)
    text = _DISPATCHER.format(package=package, header=header, name=name)
    functions.with_name(f"{header}__dispatcher.c").write_text(text)


def _write_idl(package: MessagePackage, definitions: Path, output: Path) -> list[str]:
    """Convert every .msg file to IDL; return them as the generators want them, PREFIX:PATH."""
    from rosidl_adapter.msg import convert_msg_to_idl

    target = output / "msg"
    target.mkdir(parents=True)
    for source in sorted(definitions.glob("*.msg")):
        shutil.copy(source, target / source.name)
        convert_msg_to_idl(output, package.name, Path("msg", source.name), target)
    return [f"{output}:msg/{path.name}" for path in sorted(target.glob("*.idl"))]


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
        "typesupport_fastrtps_c",
        "typesupport_introspection_c",
        "generator_py",
    )
    nested = [f"{name}__rosidl_{kind}" for name in package.nests for kind in kinds]
    return [*nested, *RUNTIME_LIBRARIES]


def share_files(packages: Sequence[MessagePackage], root: Path) -> list[tuple[str, list[str]]]:
    """Write what a ROS prefix holds about the packages; return it as setuptools' ``data_files``.

    That is ``share/NAME`` with package.xml, .msg, .idl and .json files, and the markers of the
    ament index, so that the command-line tools and rosidl itself find the definitions.
    """
    files: list[tuple[str, list[str]]] = []
    index = root / "ament_index"
    for package in packages:
        messages = root / package.name / "msg"
        definitions = sorted(
            path for path in messages.iterdir() if path.suffix in (".msg", ".idl", ".json")
        )
        manifest = root / package.name / "package.xml"
        manifest.write_text(_package_xml(package))
        markers = {
            "packages": "",
            "rosidl_interfaces": "\n".join(f"msg/{path.name}" for path in definitions),
        }
        for kind, text in markers.items():
            marker = index / kind / package.name
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.write_text(text)
            files.append((f"share/ament_index/resource_index/{kind}", [str(marker)]))
        files.append((f"share/{package.name}", [str(manifest)]))
        files.append((f"share/{package.name}/msg", [str(path) for path in definitions]))
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
