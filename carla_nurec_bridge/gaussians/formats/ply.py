"""PLY files of 3D Gaussian splatting, as its authors' code and those after it write them.

Scales are logarithms, opacities logits, rotations (w, x, y, z); ``f_rest`` has all coefficients of
red, then of green, then of blue. What 3DGRUT and instant-nurec export is of this kind.
"""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ..cloud import Floats, GaussianCloud
from ..harmonics import MOST_DEGREE, dc_from_colour
from ..scene import GaussianScene, NotDrawn, RenderSettings
from .compressed_ply import decode_compressed, is_compressed
from .ply_table import PlyHeader, Table, columns, read_header, read_tables
from .rows import LEAST_SCALE_M, Rows, cloud_of, exponential, sigmoid

_POSITION = ("x", "y", "z")
_ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")
_DC = ("f_dc_0", "f_dc_1", "f_dc_2")
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"))
_DEGREE_OF_RESTS = {0: 0, 9: 1, 24: 2, 45: 3, 72: 4}
_LEAST_LOGIT = 87.0


def decode_ply(data: bytes, what: str) -> GaussianScene:
    """Read a PLY of Gaussians, plain or compressed; InputError says what it lacks."""
    header = read_header(data, what)
    if is_compressed(header):
        return decode_compressed(data, header, what)
    tables = read_tables(data, header, ("vertex",), what)
    if "vertex" not in tables:
        raise InputError(f"{what} has no element vertex; a PLY of Gaussians has one")
    return _scene(tables["vertex"], header, what)


def _scene(table: Table, header: PlyHeader, what: str) -> GaussianScene:
    names = set(table.dtype.names or ())
    flat = "scale_2" not in names and {"scale_0", "scale_1"} <= names
    scale_names = ("scale_0", "scale_1") if flat else ("scale_0", "scale_1", "scale_2")
    needed = (*_POSITION, *_ROTATION, *scale_names)
    missing = [name for name in needed if name not in names]
    if missing:
        points = "it holds points, not Gaussians; " if set(_POSITION) <= names else ""
        raise InputError(f"{what}: {points}its vertices lack {', '.join(missing)}")
    scales = exponential(columns(table, scale_names))
    if flat:
        scales = np.column_stack([scales, np.full(len(table), LEAST_SCALE_M, np.float32)])
    opacities = (
        sigmoid(columns(table, ("opacity",))[:, 0])
        if "opacity" in names
        else np.ones(len(table), np.float32)
    )
    sh, lost = _harmonics(table, names, what)
    rows = Rows(columns(table, _POSITION), columns(table, _ROTATION), scales, opacities, sh)
    cloud, kept, dropped = cloud_of(rows)
    notes = ["the Gaussians are discs: scale_2 is missing"] if flat else []
    if "opacity" not in names:
        notes.append("opacity is missing: all Gaussians are opaque")
    antialiased = any(
        comment.lower().replace(":", " ").split()
        in (["antialiased", "1"], ["splatrendermode", "mip"])
        for comment in header.comments
    )
    layers = {"gaussians": cloud}
    if "road_mask" in names:
        road = table["road_mask"][kept] > 0
        layers = {"background": cloud.select(~road), "road": cloud.select(road)}
    settings = RenderSettings(sh_degree=cloud.sh_degree, antialiased=antialiased)
    return GaussianScene(
        layers,
        settings=settings,
        not_drawn=(*dropped, *lost),
        notes=tuple(notes),
        format="3DGS PLY",
    )


def _harmonics(table: Table, names: set[str], what: str) -> tuple[Floats, list[NotDrawn]]:
    """Return coefficients (N, K, 3) and what of them is not used."""
    if not set(_DC) <= names:
        for colour in _COLOURS:
            if set(colour) <= names:
                values = columns(table, colour)
                if np.issubdtype(table.dtype[colour[0]], np.integer):
                    values = values / np.float32(np.iinfo(table.dtype[colour[0]]).max)
                return dc_from_colour(values)[:, None, :], []
        raise InputError(
            f"{what}: its vertices have neither f_dc_0, f_dc_1, f_dc_2 nor red, green, blue; "
            "features that a network decodes are not read"
        )
    rests = sum(name.startswith("f_rest_") for name in names)
    rest_names = [f"f_rest_{index}" for index in range(rests)]
    if rests not in _DEGREE_OF_RESTS or not set(rest_names) <= names:
        raise InputError(f"{what}: {rests} properties f_rest are of no degree; 0, 9, 24 or 45 are")
    degree = _DEGREE_OF_RESTS[rests]
    count = (min(degree, MOST_DEGREE) + 1) ** 2
    sh = np.empty((len(table), count, 3), np.float32)
    sh[:, 0] = columns(table, _DC)
    for channel in range(3):
        first = channel * (rests // 3)
        sh[:, 1:, channel] = columns(table, rest_names[first : first + count - 1])
    lost = (
        [NotDrawn("bands of harmonics", 1, "degree 3 is the highest drawn")] if degree > 3 else []
    )
    return sh, lost


def encode_ply(cloud: GaussianCloud, comment: str = "") -> bytes:
    """Write a cloud as a 3DGS PLY, binary little endian, with ``f_rest`` of its degree."""
    rests = 3 * (cloud.sh.shape[1] - 1)
    names = [*_POSITION, "nx", "ny", "nz", *_DC, *(f"f_rest_{k}" for k in range(rests))]
    names += ["opacity", "scale_0", "scale_1", "scale_2", *_ROTATION]
    values = np.zeros((len(cloud), len(names)), "<f4")
    values[:, :3] = cloud.means_m
    values[:, 6:9] = cloud.sh[:, 0]
    values[:, 9 : 9 + rests] = cloud.sh[:, 1:].transpose(0, 2, 1).reshape(len(cloud), rests)
    values[:, 9 + rests] = logits(cloud.opacities)
    values[:, 10 + rests : 13 + rests] = np.log(cloud.scales_m)
    values[:, 13 + rests :] = cloud.rotations_wxyz
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {comment}"] if comment else []
    lines += [f"element vertex {len(cloud)}", *(f"property float {name}" for name in names)]
    return "\n".join([*lines, "end_header", ""]).encode("ascii") + values.tobytes()


def logits(opacities: Floats) -> Floats:
    """Return log(p / (1 - p)), bounded to +-87 for 0 and 1."""
    wide = opacities.astype(np.float64)
    with np.errstate(divide="ignore"):
        values = np.log(wide) - np.log1p(-wide)
    return np.clip(values, -_LEAST_LOGIT, _LEAST_LOGIT).astype(np.float32)
