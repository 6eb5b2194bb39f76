"""Compressed PLY files, as SuperSplat and splat-transform write them: 16 bytes a Gaussian.

An element ``chunk`` has the bounds of each 256 splats; in ``vertex`` four 32-bit words hold
position and scale (11, 10, 11 bits between the bounds), rotation (two bits for the largest of
w, x, y, z, ten for each other) and colour with opacity (8 bits each); ``sh`` has a byte for each
f_rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ..cloud import Floats
from ..harmonics import dc_from_colour
from ..scene import GaussianScene, RenderSettings
from .ply_table import PlyHeader, Table, columns, read_tables
from .rows import Rows, cloud_of, exponential, from_smallest_three, shares

_SPLATS = 256
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_DEGREE_OF_RESTS = {9: 1, 24: 2, 45: 3}

Words = NDArray[np.uint32]


def is_compressed(header: PlyHeader) -> bool:
    """Tell whether a PLY's header is that of a compressed one."""
    vertex = header.element("vertex")
    packed = vertex is not None and set(_PACKED) <= set(vertex.properties)
    return packed and header.element("chunk") is not None


def decode_compressed(data: bytes, header: PlyHeader, what: str) -> GaussianScene:
    """Read a compressed PLY; InputError says what does not fit."""
    tables = read_tables(data, header, ("chunk", "vertex", "sh"), what)
    chunks, vertices, sh_table = tables["chunk"], tables["vertex"], tables.get("sh")
    count = len(vertices)
    if len(chunks) != -(-count // _SPLATS):
        raise InputError(
            f"{what}: {count} splats need {-(-count // _SPLATS)} chunks, not {len(chunks)}"
        )
    low, high = _bounds(chunks, ("x", "y", "z"), "", what)
    low_scale, high_scale = _bounds(chunks, ("x", "y", "z"), "scale_", what)
    chunk = np.arange(count) // _SPLATS
    position, rotation, scale, colour = (_words(vertices, name, what) for name in _PACKED)
    parts = shares(np.stack([(colour >> shift) & 255 for shift in (24, 16, 8, 0)], axis=1))
    rgb = parts[:, :3]
    if "min_r" in (chunks.dtype.names or ()):
        low_rgb, high_rgb = _bounds(chunks, ("r", "g", "b"), "", what)
        rgb = _between(low_rgb[chunk], high_rgb[chunk], rgb)
    rests = _rests(sh_table, count, what)
    sh = np.concatenate([dc_from_colour(rgb)[:, None, :], rests], axis=1)
    rows = Rows(
        _between(low[chunk], high[chunk], _thirds(position)),
        _rotations(rotation),
        exponential(_between(low_scale[chunk], high_scale[chunk], _thirds(scale))),
        parts[:, 3].copy(),
        sh,
    )
    cloud, _, dropped = cloud_of(rows)
    return GaussianScene(
        {"gaussians": cloud},
        settings=RenderSettings(sh_degree=cloud.sh_degree),
        not_drawn=tuple(dropped),
        format="compressed PLY",
    )


def _bounds(chunks: Table, axes: tuple[str, ...], kind: str, what: str) -> tuple[Floats, Floats]:
    names = [f"{end}_{kind}{axis}" for end in ("min", "max") for axis in axes]
    missing = [name for name in names if name not in (chunks.dtype.names or ())]
    if missing:
        raise InputError(f"{what}: its chunks lack {', '.join(missing)}")
    values = columns(chunks, names)
    return values[:, :3], values[:, 3:]


def _words(vertices: Table, name: str, what: str) -> Words:
    if vertices.dtype[name].kind not in "ui" or vertices.dtype[name].itemsize != 4:
        raise InputError(f"{what}: {name} is no 32-bit word")
    return vertices[name].astype(np.uint32)


def _between(low: Floats, high: Floats, share: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        result: Floats = low * (np.float32(1) - share) + high * share
    return result


def _thirds(words: Words) -> Floats:
    """Return 11, 10 and 11 bits, x in the highest, as shares 0 to 1 (N, 3)."""
    x, y, z = words >> 21, (words >> 11) & 1023, words & 2047
    return np.stack([x / 2047.0, y / 1023.0, z / 2047.0], axis=1).astype(np.float32)


def _rotations(words: Words) -> Floats:
    """Return (w, x, y, z) (N, 4) of the index of the largest and the three others in order."""
    largest = (words >> 30).astype(np.intp)
    tens = np.stack([(words >> shift) & 1023 for shift in (20, 10, 0)], axis=1)
    others = (tens / 1023.0 - 0.5) * np.sqrt(2.0)
    return from_smallest_three(largest, others)


def _rests(table: Table | None, count: int, what: str) -> Floats:
    """Return the coefficients behind the constant one, (N, K - 1, 3)."""
    if table is None:
        return np.zeros((count, 0, 3), np.float32)
    names = table.dtype.names or ()
    rests = sum(name.startswith("f_rest_") for name in names)
    wanted = [f"f_rest_{index}" for index in range(rests)]
    if rests not in _DEGREE_OF_RESTS or not set(wanted) <= set(names) or len(table) != count:
        raise InputError(f"{what}: its element sh does not fit: {rests} f_rest, {len(table)} rows")
    if any(table.dtype[name] != np.uint8 for name in wanted):
        raise InputError(f"{what}: the f_rest of its element sh are no bytes")
    share = (np.arange(256) + 0.5) / 256.0
    share[[0, 255]] = 0.0, 1.0
    values = ((share - 0.5) * 8.0).astype(np.float32)
    columns: list[Floats] = [values[table[name]] for name in wanted]
    taken = np.stack(columns, axis=1)
    return taken.reshape(count, 3, rests // 3).transpose(0, 2, 1).copy()
