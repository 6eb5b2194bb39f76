"""Generate the Python modules of the gRPC contracts: NuRec's, and AlpaSim's built on it.

Used by the build (``setup.py``); also runs by itself: ``python proto/generate.py``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PROTO_DIR = Path(__file__).resolve().parent
PACKAGE_DIR = PROTO_DIR.parent / "carla_nurec_bridge"
CONTRACTS = ("nurec", "alpasim")
"""Folders of ``proto``, each after those whose messages it imports; ``stubs`` of the rooms of the
same names are made of them."""

# protoc imports sibling modules as top-level ones; inside packages they are relatives.
_ABSOLUTE_IMPORT = re.compile(r"^import (\w+)_pb2 as", flags=re.MULTILINE)


def generate_stubs(package: Path = PACKAGE_DIR) -> list[Path]:
    """Write ``*_pb2.py``, ``*_pb2.pyi`` and ``*_pb2_grpc.py`` below ``package``; return the paths.

    Nothing is done while all of them are newer than their sources. RuntimeError when the compiler
    is missing or refuses a file.
    """
    sources = {name: sorted((PROTO_DIR / name).glob("*.proto")) for name in CONTRACTS}
    home = {source.stem: name for name, files in sources.items() for source in files}
    targets = [
        package / name / "stubs" / f"{source.stem}{suffix}"
        for name, files in sources.items()
        for source in files
        for suffix in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")
    ]
    markers = [package / name / "stubs" / "__init__.py" for name in CONTRACTS]
    made_of = (*(source for files in sources.values() for source in files), Path(__file__))
    newest = max(path.stat().st_mtime for path in made_of)
    every = [*targets, *markers]
    if all(path.exists() and path.stat().st_mtime > newest for path in every):
        return every

    for name, marker in zip(CONTRACTS, markers, strict=True):
        marker.parent.mkdir(parents=True, exist_ok=True)
        _compile(sources[name], marker.parent)
        marker.write_text(f'"""Modules generated from proto/{name}; do not edit."""\n')
    for path in targets:
        room = path.parents[1].name
        path.write_text(_with_relative_imports(path.read_text(), room, home))
    return every


def _compile(sources: list[Path], output: Path) -> None:
    try:
        from grpc_tools import protoc
    except ImportError as error:
        raise RuntimeError(
            "building the gRPC stubs needs grpc_tools: install python3-grpc-tools, "
            "or `pip install grpcio-tools`"
        ) from error

    includes = [f"-I{PROTO_DIR / name}" for name in CONTRACTS]
    outputs = [f"--{kind}_out={output}" for kind in ("python", "pyi", "grpc_python")]
    code = protoc.main(["protoc", *includes, *outputs, *map(str, sources)])
    if code != 0:
        raise RuntimeError(
            f"protoc failed with code {code} on {sources[0].parent}; see its message above"
        )


def _with_relative_imports(text: str, room: str, home: dict[str, str]) -> str:
    """Return a module of ``room`` that imports others from where ``home`` says they are."""

    def relative(found: re.Match[str]) -> str:
        module = found[1]
        place = "." if home[module] == room else f"...{home[module]}.stubs"
        return f"from {place} import {module}_pb2 as"

    return _ABSOLUTE_IMPORT.sub(relative, text)


if __name__ == "__main__":
    for generated in generate_stubs():
        sys.stdout.write(f"{generated}\n")
