"""Generate the Python modules of the NuRec contract from ``proto/nurec``.

Used by the build (``setup.py``); also runs by itself: ``python proto/generate.py``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PROTO_DIR = Path(__file__).resolve().parent / "nurec"
STUBS_DIR = PROTO_DIR.parents[1] / "carla_nurec_bridge" / "nurec" / "stubs"

# protoc imports sibling modules as top-level ones; inside a package they are relatives.
_ABSOLUTE_IMPORT = re.compile(r"^import (\w+_pb2) as", flags=re.MULTILINE)


def generate_stubs(output: Path = STUBS_DIR) -> list[Path]:
    """Write ``*_pb2.py``, ``*_pb2.pyi`` and ``*_pb2_grpc.py`` to ``output``; return their paths.

    Nothing is done while all of them are newer than their sources. RuntimeError when the compiler
    is missing or refuses a file.
    """
    sources = sorted(PROTO_DIR.glob("*.proto"))
    targets = [
        output / f"{source.stem}{suffix}"
        for source in sources
        for suffix in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")
    ]
    targets.append(output / "__init__.py")
    newest = max(path.stat().st_mtime for path in (*sources, Path(__file__)))
    if all(path.exists() and path.stat().st_mtime > newest for path in targets):
        return targets

    try:
        from grpc_tools import protoc
    except ImportError as error:
        raise RuntimeError(
            "building the gRPC stubs needs grpc_tools: install python3-grpc-tools, "
            "or `pip install grpcio-tools`"
        ) from error

    output.mkdir(parents=True, exist_ok=True)
    outputs = [f"--{kind}_out={output}" for kind in ("python", "pyi", "grpc_python")]
    code = protoc.main(["protoc", f"-I{PROTO_DIR}", *outputs, *map(str, sources)])
    if code != 0:
        raise RuntimeError(f"protoc failed with code {code} on {PROTO_DIR}; see its message above")
    for path in targets[:-1]:
        path.write_text(_ABSOLUTE_IMPORT.sub(r"from . import \1 as", path.read_text()))
    targets[-1].write_text('"""Modules generated from proto/nurec; do not edit."""\n')
    return targets


if __name__ == "__main__":
    for generated in generate_stubs():
        sys.stdout.write(f"{generated}\n")
