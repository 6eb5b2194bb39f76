"""The ground of a map as grids of triangles: from the disk where it was built before."""

from __future__ import annotations

import hashlib
import io
import logging
import zlib
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.files.sources import sources_digest
from ...core.files.whole import write_whole
from ...core.resources import cache_dir
from ..land import land
from ..model import DRIVABLE, OpenDriveMap
from ..surface import SUNK_M, pavement
from .triangle_grid import TriangleGrid, triangle_grid

log = logging.getLogger(__name__)

_ROAD_CELL_M = 2.0
_LAND_CELL_M = 30.0


@dataclass(frozen=True, eq=False)
class GroundIndex:
    """The pavement's and the land's triangles; ``owners`` (T,) is the strip of a road triangle."""

    road: TriangleGrid
    land: TriangleGrid
    owners: NDArray[np.int32]


@lru_cache(maxsize=4)
def ground_index(opendrive: OpenDriveMap) -> GroundIndex:
    """Return the index of a map's ground, kept in memory and below ``cache_dir("grounds")``.

    Its file is named by the map's text and this package's code, so a changed package builds anew.
    One that is broken is built anew as well; where none can be written, the log says so.
    """
    try:
        folder = cache_dir("grounds")
    except InputError as error:
        log.warning("every process builds this ground again: %s", error)
        return _built(opendrive)
    code = sources_digest(Path(__file__).parents[1])
    digest = hashlib.sha256(f"{np.__version__}\n{code}\n{opendrive.text}".encode())
    file = folder / f"{digest.hexdigest()[:40]}.npz"
    try:
        return _read(file)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error):
        index = _built(opendrive)
    try:
        _write(file, index)
    except OSError as error:
        log.warning("the next process builds this ground again: cannot write %s: %s", file, error)
    return index


def _read(file: Path) -> GroundIndex:
    with np.load(file, allow_pickle=False) as found:
        grids = {}
        for grid in ("road", "land"):
            values = {f.name: found[f"{grid}_{f.name}"] for f in fields(TriangleGrid)}
            grids[grid] = TriangleGrid(
                **{name: x if x.ndim else x.item() for name, x in values.items()}
            )
        return GroundIndex(grids["road"], grids["land"], found["owners"])


def _write(file: Path, index: GroundIndex) -> None:
    """Write a file that is whole from its first moment, whoever else writes it meanwhile."""
    arrays = {
        f"{name}_{f.name}": np.asarray(getattr(grid, f.name))
        for name, grid in (("road", index.road), ("land", index.land))
        for f in fields(TriangleGrid)
    }
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, owners=index.owners, **arrays)
    write_whole(file, content.getvalue())


def _built(opendrive: OpenDriveMap) -> GroundIndex:
    built = pavement(opendrive)
    quads, owners, rank = [], [], []
    for number, (strip, keep) in enumerate(zip(built.strips, built.kept, strict=True)):
        kept = strip.quads()[keep]
        quads.append(kept)
        owners.append(np.full(len(kept), number))
        rank.append(np.full(len(kept), 2 if strip.lane.type in DRIVABLE else 1))
    quads.append(built.fillings + (0.0, 0.0, SUNK_M))
    owners.append(np.full(len(built.fillings), -1))
    rank.append(np.zeros(len(built.fillings)))
    corners = np.concatenate(quads)
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    ground = land(opendrive)
    everywhere = ground.vertices[np.concatenate([ground.triangles, ground.under])]
    return GroundIndex(
        triangle_grid(triangles, _ROAD_CELL_M, np.tile(np.concatenate(rank), 2)),
        triangle_grid(everywhere, _LAND_CELL_M, np.zeros(len(everywhere))),
        np.tile(np.concatenate(owners), 2).astype(np.int32),
    )
