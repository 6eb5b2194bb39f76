"""The sky that instant-nurec writes beside a PLY: ``STEM.sky.npz``.

Its faces are +x, -x, -y, +y, +z, -z of directions (x, y, z) in the world of the PLY.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix
from ..cloud import Floats
from ..scene import GaussianScene, NotDrawn
from ..sky import directions_of_texels

_MOST_BYTES = 1 << 28
_MOST_SIDE = 4096
_FACES = 6
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What ``zipfile`` and NumPy raise on broken, encrypted and otherwise packed members."""
_SKY, _AFFINE = "sky_cubemap", "affine_matrix"


def with_sky_beside(scene: GaussianScene, path: Path) -> GaussianScene:
    """Return a PLY's scene with the sky of the file beside it, where there is one."""
    beside = path.with_name(f"{path.stem}.sky.npz")
    if not beside.is_file():
        return scene
    faces, affine = _read(beside)
    side = faces.shape[1]
    sky = _sampled(faces, directions_of_texels(side).reshape(-1, 3)).reshape(_FACES, side, side, 3)
    not_drawn = scene.not_drawn
    if affine:
        what = f"affine colour matrices of cameras in {beside.name}"
        not_drawn = (*not_drawn, NotDrawn(what, affine, "cameras of requests are others"))
    return replace(scene, sky=sky, not_drawn=not_drawn, format="PLY of instant-nurec")


def _read(path: Path) -> tuple[Floats, int]:
    """Return the faces float32 (6, S, S, 3), 0 to 1, and the count of affine matrices."""
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} has over {_MOST_BYTES} bytes; it is not read")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
                raise InputError(f"{path} unpacks to over {_MOST_BYTES} bytes; it is not read")
            for name in {f"{_SKY}.npy", f"{_AFFINE}.npy"} & set(archive.namelist()):
                _check_told(archive, name)
        with np.load(path, allow_pickle=False) as content:
            faces = content[_SKY]
            affine = len(content[_AFFINE]) if _AFFINE in content else 0
    except _UNREADABLE as error:
        raise InputError(f"{path} is no sky of instant-nurec: {error}") from error
    square = faces.ndim == 4 and faces.shape[0] == _FACES and faces.shape[1] == faces.shape[2]
    if not square or faces.shape[3] != 3 or not 0 < faces.shape[1] <= _MOST_SIDE:
        raise InputError(f"{path}: sky_cubemap has the shape {faces.shape}; (6, S, S, 3) is needed")
    if faces.dtype.kind != "f":
        raise InputError(f"{path}: sky_cubemap holds {faces.dtype}, not floats")
    plain = np.nan_to_num(faces.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return np.clip(plain, 0.0, 1.0), affine


def _check_told(archive: zipfile.ZipFile, name: str) -> None:
    """Raise ValueError when an array is told to be larger than its member; NumPy allocates that."""
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise ValueError(f"{name} is of version {version}")
        shape, _, dtype = read(member)
    size = archive.getinfo(name).file_size
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name} of {size} bytes is said to have the shape {shape}")


def _sampled(faces: Floats, directions: Matrix) -> Floats:
    """Return the nearest texels (N, 3) of instant-nurec's faces in directions (N, 3)."""
    x, y, z = directions.T
    sizes = np.abs(directions)
    axis = np.argmax(sizes, axis=1)
    positive = np.take_along_axis(directions, axis[:, None], 1)[:, 0] > 0.0
    face = np.select(
        [axis == 0, axis == 1], [np.where(positive, 0, 1), np.where(positive, 3, 2)], 0
    )
    face = np.where(axis == 2, np.where(positive, 4, 5), face)
    u = np.choose(face, [-z, z, x, x, x, -x])
    v = np.choose(face, [y, y, z, -z, y, y])
    longest = np.take_along_axis(sizes, axis[:, None], 1)[:, 0]
    side = faces.shape[1]
    column, row = (_place(part / longest, side) for part in (u, v))
    return faces[face, row, column]


def _place(part: Matrix, side: int) -> NDArray[np.intp]:
    return np.clip(((part + 1.0) * 0.5 * side).astype(np.intp), 0, side - 1)
