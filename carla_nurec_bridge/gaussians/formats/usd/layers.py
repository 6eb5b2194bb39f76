"""The USD layers of a package, text and binary, and which of them puts another where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ....core.errors import InputError
from ....core.files.archive import Archive
from .crate import parse_crate
from .crate_bytes import MAGIC
from .prims import Prim
from .text import MOST_BYTES, parse_usda

Layer = dict[str, Prim]
"""The prims of a layer by their paths."""
_ENDINGS = (".usda", ".usdc", ".usd")
_ASSET = re.compile(r"@(?:\./)?([^@]+)@")


def layer_of(data: bytes, what: str) -> Layer:
    """Return the prims of a layer, text or binary; InputError when it is damaged or too large."""
    binary = data.startswith(MAGIC)
    if not binary and len(data) > MOST_BYTES:
        raise InputError(
            f"{what} is a text layer of {len(data)} bytes; {MOST_BYTES} are the most read, write "
            "it as a binary one (.usdc)"
        )
    return {prim.path: prim for prim in (parse_crate if binary else parse_usda)(data, what)}


def layers_of(archive: Archive, *, text_only: bool = False) -> dict[str, Layer]:
    """Return the layers of a package by their names, in their order; the first is its own.

    With ``text_only`` binary ones are left out, and text that is too large to be read.
    """
    found: dict[str, Layer] = {}
    for name, member in archive.members.items():
        if not name.endswith(_ENDINGS):
            continue
        binary = archive.head(name, len(MAGIC)) == MAGIC
        if text_only and (binary or member.file_size > MOST_BYTES):
            continue
        found[name] = layer_of(archive.read(name), f"{archive.path}: {name}")
    return found


def put_together(layers: Mapping[str, Layer]) -> Layer:
    """Return the prims of all layers; those of one path in several are one."""
    found: Layer = {}
    for layer in layers.values():
        for path, prim in layer.items():
            known = found.get(path)
            if known is None:
                found[path] = replace(prim, attributes=dict(prim.attributes))
            else:
                known.attributes.update(prim.attributes)
    return found


def places_of(name: str, layers: Mapping[str, Layer]) -> list[tuple[str, str]]:
    """Return the names of layers, and the paths in them, at which a layer is put by its name."""
    short = name.rpartition("/")[2]
    return [
        (other, prim.path)
        for other, layer in layers.items()
        if other != name
        for prim in layer.values()
        for asset in _ASSET.findall(prim.attributes.get("references", ""))
        if asset.rpartition("/")[2] == short
    ]
