"""Streets on disk, by content: built once, memory-mapped by every process that shows them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ... import opendrive
from ...core.files.sources import sources_digest
from ...core.resources import cache_dir
from ...opendrive.model import OpenDriveMap
from ...opendrive.reading.parser import parse
from ...rendering import mesh
from ...rendering.mesh import Mesh
from .build import Street, build_street
from .furniture import SignalHead

_HEADS = "heads.json"


def cached_street(xodr_text: str, seed: int = 0) -> Street:
    """Return the street of an OpenDRIVE text, from the disk cache if it was built before.

    The arrays are read-only views of files below ``cache_dir("streets")``. The key covers the
    text, the seed and this package's building code, so a changed package builds anew. Several
    processes may call this at once: each writes its own folder and the first one is kept.
    """
    return _cached(xodr_text, seed, lambda: parse(xodr_text))


def street_of(road_map: OpenDriveMap, seed: int = 0) -> Street:
    """Return the street of a map that is parsed already, as ``cached_street`` does."""
    return _cached(road_map.text, seed, lambda: road_map)


def _cached(xodr_text: str, seed: int, parsed: Callable[[], OpenDriveMap]) -> Street:
    folder = cache_dir("streets") / street_key(xodr_text, seed)
    if not (folder / _HEADS).is_file():
        _write(folder, build_street(parsed(), seed))
    return _read(folder)


def street_key(xodr_text: str, seed: int) -> str:
    """Return the hex digest that names the cached street."""
    map_code = Path(opendrive.__file__).parent
    code = sources_digest(Path(mesh.__file__), map_code, Path(__file__).parent)
    digest = hashlib.sha256(f"{seed}\n{code}\n".encode())
    digest.update(xodr_text.encode())
    return digest.hexdigest()[:40]


def _write(folder: Path, street: Street) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        street.mesh.save(scratch)
        heads = [
            {"signal_id": head.signal_id, "map_from_head": head.map_from_head.tolist()}
            for head in street.lights
        ]
        (scratch / _HEADS).write_text(json.dumps(heads))
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / _HEADS).is_file():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read(folder: Path) -> Street:
    heads = json.loads((folder / _HEADS).read_text())
    return Street(
        Mesh.load(folder, mmap=True),
        tuple(SignalHead(x["signal_id"], np.array(x["map_from_head"])) for x in heads),
    )
