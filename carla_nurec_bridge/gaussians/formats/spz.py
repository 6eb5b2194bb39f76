"""Niantic's SPZ files, versions 1 to 4: one plane of bytes for each attribute.

Versions 1 to 3 are one gzip stream of a 16-byte header and the planes, version 4 a plain 32-byte
header and a Zstandard stream a plane. Axes are right, up, back unless an extension names others;
they are turned to right, down, forward, as PLY files of splats have them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ..cloud import Floats
from ..harmonics import MOST_DEGREE, basis
from ..scene import GaussianScene, NotDrawn, RenderSettings
from .rows import Rows, cloud_of, exponential, from_smallest_three, shares
from .unpacking import gunzip, unzstd

MAGIC = b"NGSP"
_OLD = struct.Struct("<4sIIBBBB")
_NEW = struct.Struct("<4sIIBBBBI12x")
_STREAM = struct.Struct("<QQ")
_EXTENSION = struct.Struct("<II")
_NEWEST = 4
_MOST_POINTS = 200_000_000
_MOST_STORED_DEGREE = 4
_MOST_RATIO = 1024
"""The most bytes that one packed byte may stand for, as in the format's own reader."""
_ANTIALIASED, _EXTENDED = 1, 2
_AXES_EXTENSION = 0xADBE0003
_RIGHT_UP_BACK = 4
_FLIPS = {
    0: (1, -1, -1),
    1: (-1, 1, -1),
    2: (1, 1, -1),
    3: (-1, -1, -1),
    4: (1, -1, -1),
    5: (-1, 1, 1),
    6: (1, 1, 1),
    7: (-1, -1, 1),
    8: (1, -1, 1),
}
"""Signs that take x, y, z of an axes' number (left or right, down or up, back or forward) to right,
down, forward; 0 is not specified: right, up, back."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class _Planes:
    version: int
    count: int
    degree: int
    fraction_bits: int
    flags: int
    planes: tuple[bytes, ...]
    axes: int = _RIGHT_UP_BACK
    unknown_extensions: int = 0


def decode_spz(data: bytes, what: str) -> GaussianScene:
    """Read an SPZ file of any version; InputError says what does not fit."""
    if data.startswith(b"\x1f\x8b"):
        planes = _old(bytes(gunzip(data, what)), what)
    elif data.startswith(MAGIC) and len(data) >= 8 and _version(data) < 4:
        planes = _old(data, what)
    else:
        planes = _new(data, what)
    return _scene(planes)


def _version(data: bytes) -> int:
    return int.from_bytes(data[4:8], "little")


def _sizes(version: int, count: int, degree: int, what: str) -> list[int]:
    """Return the bytes of positions, opacities, colours, scales, rotations, harmonics."""
    if not 1 <= version <= _NEWEST:
        raise InputError(f"{what} is SPZ of version {version}; 1 to {_NEWEST} are read")
    if degree > _MOST_STORED_DEGREE:
        raise InputError(f"{what} is said to have harmonics of degree {degree}; 4 is the most")
    if count > _MOST_POINTS:
        raise InputError(f"{what} is said to have {count} Gaussians; {_MOST_POINTS} are read")
    rests = (degree + 1) ** 2 - 1
    widths = [6 if version == 1 else 9, 1, 3, 3, 4 if version >= 3 else 3, 3 * rests]
    return [count * width for width in widths]


def _old(plain: bytes, what: str) -> _Planes:
    if len(plain) < _OLD.size or not plain.startswith(MAGIC):
        raise InputError(f"{what} is no SPZ file: its header does not begin with {MAGIC.decode()}")
    _, version, count, degree, bits, flags, _ = _OLD.unpack_from(plain)
    sizes = _sizes(version, count, degree, what)
    if len(plain) < _OLD.size + sum(sizes):
        raise InputError(
            f"{what} is cut off: {count} Gaussians need {_OLD.size + sum(sizes)} bytes, "
            f"it has {len(plain)}"
        )
    planes, offset = [], _OLD.size
    for size in sizes:
        planes.append(plain[offset : offset + size])
        offset += size
    axes, unknown = _extensions(plain[offset:], what) if flags & _EXTENDED else (_RIGHT_UP_BACK, 0)
    return _Planes(version, count, degree, bits, flags, tuple(planes), axes, unknown)


def _new(data: bytes, what: str) -> _Planes:
    if len(data) < _NEW.size or not data.startswith(MAGIC):
        raise InputError(f"{what} is no SPZ file: its header does not begin with {MAGIC.decode()}")
    _, version, count, degree, bits, flags, streams, table = _NEW.unpack_from(data)
    sizes = [size for size in _sizes(version, count, degree, what) if size]
    if sum(sizes) > _MOST_RATIO * len(data):
        raise InputError(
            f"{what} is said to have {count} Gaussians, {sum(sizes)} bytes, in {len(data)} bytes"
        )
    offset = table + streams * _STREAM.size
    if streams != len(sizes) or table < _NEW.size or offset > len(data):
        raise InputError(f"{what}: its header names {streams} streams, {len(sizes)} are needed")
    planes = []
    for index, size in enumerate(sizes):
        packed, plain = _STREAM.unpack_from(data, table + index * _STREAM.size)
        if plain != size:
            raise InputError(f"{what}: stream {index} is said to have {plain} bytes, not {size}")
        if packed > len(data) - offset:
            raise InputError(
                f"{what} is cut off: its stream {index} ends before its {packed} bytes"
            )
        planes.append(unzstd(data[offset : offset + packed], size, f"{what}: stream {index}"))
        offset += packed
    planes += [b""] * (6 - len(planes))
    axes, unknown = _RIGHT_UP_BACK, 0
    if flags & _EXTENDED:
        axes, unknown = _extensions(data[_NEW.size : table], what)
    return _Planes(version, count, degree, bits, flags, tuple(planes), axes, unknown)


def _extensions(block: bytes, what: str) -> tuple[int, int]:
    """Return the number of the axes, and how many records are not known."""
    axes, unknown, offset = _RIGHT_UP_BACK, 0, 0
    while offset + _EXTENSION.size <= len(block):
        kind, size = _EXTENSION.unpack_from(block, offset)
        offset += _EXTENSION.size
        if size > len(block) - offset:
            raise InputError(f"{what}: its extension {kind:#x} is cut off")
        if kind == _AXES_EXTENSION and size >= 4:
            axes = int.from_bytes(block[offset : offset + 4], "little")
            if axes not in _FLIPS:
                raise InputError(f"{what}: its axes are number {axes}, which is not known")
        else:
            unknown += 1
        offset += size
    return axes, unknown


def _scene(file: _Planes) -> GaussianScene:
    positions, alphas, colours, scales, rotations, rests = (
        np.frombuffer(plane, np.uint8) for plane in file.planes
    )
    flip = np.array(_FLIPS[file.axes], np.float32)
    count, stored = file.count, (file.degree + 1) ** 2 - 1
    sh = np.empty((count, stored + 1, 3), np.float32)
    sh[:, 0] = (shares(colours.reshape(count, 3)) - np.float32(0.5)) / np.float32(0.15)
    sh[:, 1:] = (rests.reshape(count, stored, 3).astype(np.float32) - 128) / np.float32(128)
    degree = min(file.degree, MOST_DEGREE)
    sh = sh[:, : (degree + 1) ** 2] * _harmonic_signs(flip, degree)[:, None]
    # A mirrored frame turns the axis of a rotation by the product of the two other signs.
    turn = np.concatenate([[1], flip[[1, 0, 0]] * flip[[2, 2, 1]]]).astype(np.float32)
    rows = Rows(
        _positions(positions, file) * flip,
        _rotations(rotations, file.version) * turn,
        exponential(scales.reshape(count, 3).astype(np.float32) / np.float32(16) - np.float32(10)),
        shares(alphas),
        sh,
    )
    cloud, _, dropped = cloud_of(rows)
    if file.degree > MOST_DEGREE:
        dropped.append(NotDrawn("bands of harmonics", 1, "degree 3 is the highest drawn"))
    notes = []
    if file.unknown_extensions:
        notes.append(f"{file.unknown_extensions} extensions are not known and passed over")
    return GaussianScene(
        {"gaussians": cloud},
        settings=RenderSettings(
            sh_degree=cloud.sh_degree, antialiased=bool(file.flags & _ANTIALIASED)
        ),
        not_drawn=tuple(dropped),
        notes=tuple(notes),
        format=f"SPZ version {file.version}",
    )


def _harmonic_signs(flip: Floats, degree: int) -> Floats:
    """Return the signs (K,) that the harmonics take under a mirror of axes."""
    direction = np.array([0.48, 0.6, 0.64])
    signs: Floats = np.sign(basis(direction * flip, degree) / basis(direction, degree))
    return signs.astype(np.float32)


def _positions(plane: Bytes, file: _Planes) -> Floats:
    if file.version == 1:
        return plane.view("<f2").astype(np.float32).reshape(-1, 3)
    thirds = plane.reshape(-1, 3).astype(np.int32)
    numbers = thirds[:, 0] | thirds[:, 1] << 8 | thirds[:, 2] << 16
    numbers -= (numbers & 0x800000) << 1
    return (numbers * 2.0 ** -min(file.fraction_bits, 60)).astype(np.float32).reshape(-1, 3)


def _rotations(plane: Bytes, version: int) -> Floats:
    """Return (w, x, y, z) (N, 4)."""
    if version < 3:
        vector = plane.reshape(-1, 3) / 127.5 - 1.0
        w = np.sqrt(np.maximum(0.0, 1.0 - np.sum(vector * vector, axis=1)))
        return np.column_stack([w, vector]).astype(np.float32)
    words = plane.view("<u4")
    largest = (words >> 30).astype(np.intp)
    tens = np.stack([(words >> shift) & 1023 for shift in (20, 10, 0)], axis=1)
    sizes = (tens & 511) * (np.sqrt(0.5) / 511.0)
    others = np.where(tens & 512, -sizes, sizes)
    return from_smallest_three(largest, others)[:, [3, 0, 1, 2]]
