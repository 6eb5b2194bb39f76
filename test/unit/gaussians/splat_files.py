"""Splat files packed by hand, number by number, from what their formats say."""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zstandard
from PIL import Image


@dataclass(frozen=True)
class Splat:
    """One Gaussian in right, down, forward; ``rests`` are (R, G, B) of the higher harmonics."""

    mean: tuple[float, float, float]
    wxyz: tuple[float, float, float, float]
    log_scale: tuple[float, float, float]
    opacity: float
    dc: tuple[float, float, float]
    rests: tuple[tuple[float, float, float], ...] = ()


def some_splats(count: int, degree: int, seed: int = 3) -> list[Splat]:
    """Return splats with moderate values, such that every format can hold them."""
    rng = np.random.default_rng(seed)
    splats = []
    for _ in range(count):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        splats.append(
            Splat(
                tuple(rng.uniform(-3.0, 3.0, 3)),
                tuple(quaternion),
                tuple(rng.uniform(-5.0, -1.0, 3)),
                float(rng.uniform(0.05, 0.95)),
                tuple(rng.uniform(-1.5, 1.5, 3)),
                tuple(map(tuple, rng.uniform(-0.9, 0.9, ((degree + 1) ** 2 - 1, 3)))),
            )
        )
    return splats


def ply_values(splat: Splat) -> dict[str, float]:
    """Return the properties of a 3DGS PLY by name."""
    values = dict(zip(("x", "y", "z"), splat.mean, strict=True))
    values |= {f"f_dc_{k}": splat.dc[k] for k in range(3)}
    count = len(splat.rests)
    for channel in range(3):
        for k in range(count):
            values[f"f_rest_{channel * count + k}"] = splat.rests[k][channel]
    values["opacity"] = math.log(splat.opacity / (1.0 - splat.opacity))
    values |= {f"scale_{k}": splat.log_scale[k] for k in range(3)}
    values |= {f"rot_{k}": splat.wxyz[k] for k in range(4)}
    return values


def ply_file(
    splats: list[Splat],
    *,
    form: str = "binary_little_endian",
    newline: str = "\n",
    order: list[str] | None = None,
    extra: tuple[str, ...] = (),
) -> bytes:
    """Return a 3DGS PLY; ``order`` are its properties, ``extra`` lines go before the vertices'."""
    rows = [ply_values(splat) for splat in splats]
    names = order or list(rows[0])
    lines = ["ply", f"format {form} 1.0", *extra, f"element vertex {len(rows)}"]
    lines += [f"property float {name}" for name in names]
    head = newline.join([*lines, "end_header", ""]).encode()
    if form == "ascii":
        body = newline.join(" ".join(repr(float(row[name])) for name in names) for row in rows)
        return head + body.encode()
    sign = ">" if "big" in form else "<"
    return head + b"".join(struct.pack(f"{sign}{len(names)}f", *map(r.get, names)) for r in rows)


def compressed_ply_file(splats: list[Splat], *, colours: bool = True) -> bytes:
    """Return a compressed PLY with bounds of each 256 splats, and ``sh`` where there are any."""
    chunks, vertices, rests = [], [], []
    for begin in range(0, len(splats), 256):
        part = splats[begin : begin + 256]
        rgb = [[0.5 + 0.28209479177387814 * dc for dc in s.dc] for s in part]
        bounds = [_bounds([s.mean for s in part]), _bounds([s.log_scale for s in part])]
        bounds += [_bounds(rgb)] if colours else [([0.0] * 3, [1.0] * 3)]
        chunks.append(
            struct.pack("<12f", *bounds[0][0], *bounds[0][1], *bounds[1][0], *bounds[1][1])
        )
        if colours:
            chunks[-1] += struct.pack("<6f", *bounds[2][0], *bounds[2][1])
        for s, colour in zip(part, rgb, strict=True):
            place = [_share(v, *b) for v, *b in zip(s.mean, *bounds[0], strict=True)]
            size = [_share(v, *b) for v, *b in zip(s.log_scale, *bounds[1], strict=True)]
            paint = [_share(v, *b) for v, *b in zip(colour, *bounds[2], strict=True)]
            eights = [round(255 * v) for v in (*paint, s.opacity)]
            vertices.append(
                struct.pack(
                    "<4I",
                    _elevens(place),
                    _largest_of_wxyz(s.wxyz),
                    _elevens(size),
                    eights[0] << 24 | eights[1] << 16 | eights[2] << 8 | eights[3],
                )
            )
            count = len(s.rests)
            values = [s.rests[k][c] for c in range(3) for k in range(count)]
            rests.append(bytes(min(254, max(1, int((v / 8.0 + 0.5) * 256))) for v in values))
    axes, ends = "xyz", ("min", "max")
    names = [f"{e}_{a}" for e in ends for a in axes]
    names += [f"{e}_scale_{a}" for e in ends for a in axes]
    names += [f"{e}_{a}" for e in ends for a in "rgb"] if colours else []
    lines = ["ply", "format binary_little_endian 1.0", f"element chunk {len(chunks)}"]
    lines += [f"property float {name}" for name in names]
    lines += [f"element vertex {len(vertices)}"]
    lines += [f"property uint packed_{n}" for n in ("position", "rotation", "scale", "color")]
    if rests[0]:
        lines += [f"element sh {len(rests)}"]
        lines += [f"property uchar f_rest_{k}" for k in range(len(rests[0]))]
    head = "\n".join([*lines, "end_header", ""]).encode()
    return head + b"".join(chunks) + b"".join(vertices) + b"".join(rests)


def _bounds(rows):
    return [min(column) for column in zip(*rows, strict=True)], [
        max(column) for column in zip(*rows, strict=True)
    ]


def _share(value, low, high):
    return 0.0 if high == low else (value - low) / (high - low)


def _elevens(shares):
    x, y, z = shares
    return round(x * 2047) << 21 | round(y * 1023) << 11 | round(z * 2047)


def _largest_of_wxyz(wxyz):
    largest = max(range(4), key=lambda k: abs(wxyz[k]))
    sign = math.copysign(1.0, wxyz[largest])
    word = largest
    for k in range(4):
        if k != largest:
            word = word << 10 | round((sign * wxyz[k] / math.sqrt(2.0) + 0.5) * 1023)
    return word


_SPZ_SIGNS = (-1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1)
"""What y and z turned round do to y, z, x; xy, yz, zz, xz, xx - yy; and to the third band."""


def spz_file(
    splats: list[Splat],
    version: int,
    *,
    flags: int = 0,
    extensions: bytes = b"",
    pack: Callable[[bytes], bytes] = gzip.compress,
) -> bytes:
    """Return an SPZ file, its axes right, up, back; ``pack`` makes the gzip stream of the old."""
    degree = {0: 0, 3: 1, 8: 2, 15: 3}[len(splats[0].rests)]
    positions, alphas, colours, scales, rotations, rests = (bytearray() for _ in range(6))
    for s in splats:
        x, y, z = s.mean[0], -s.mean[1], -s.mean[2]
        for value in (x, y, z):
            if version == 1:
                positions += struct.pack("<e", value)
            else:
                positions += (round(value * 4096) & 0xFFFFFF).to_bytes(3, "little")
        alphas.append(round(s.opacity * 255))
        colours += bytes(round((0.15 * dc + 0.5) * 255) for dc in s.dc)
        scales += bytes(round((v + 10) * 16) for v in s.log_scale)
        rotations += _spz_rotation(s.wxyz, version)
        for k, colour in enumerate(s.rests):
            rests += bytes(min(255, max(0, round(_SPZ_SIGNS[k] * v * 128 + 128))) for v in colour)
    planes = [bytes(p) for p in (positions, alphas, colours, scales, rotations, rests)]
    if version < 4:
        head = struct.pack("<4sIIBBBB", b"NGSP", version, len(splats), degree, 12, flags, 0)
        return pack(head + b"".join(planes) + extensions)
    packed = [(zstandard.compress(p), len(p)) for p in planes if p]
    table = 32 + len(extensions)
    head = struct.pack(
        "<4sIIBBBBI12x", b"NGSP", version, len(splats), degree, 12, flags, len(packed), table
    )
    rows = b"".join(struct.pack("<QQ", len(data), size) for data, size in packed)
    return head + extensions + rows + b"".join(data for data, _ in packed)


def _spz_rotation(wxyz, version):
    w, x, y, z = wxyz[0], wxyz[1], -wxyz[2], -wxyz[3]
    if version < 3:
        sign = -1.0 if w < 0 else 1.0
        return bytes(round(127.5 * sign * v + 127.5) for v in (x, y, z))
    xyzw = (x, y, z, w)
    largest = max(range(4), key=lambda k: abs(xyzw[k]))
    word = largest
    for k in range(4):
        if k != largest:
            negative = (xyzw[k] < 0) != (xyzw[largest] < 0)
            word = word << 10 | negative << 9 | round(abs(xyzw[k]) * math.sqrt(2.0) * 511)
    return struct.pack("<I", word)


def sog_members(splats: list[Splat], version: int = 2) -> dict[str, bytes]:
    """Return the members of a SOG: ``meta.json`` and lossless WebP images."""
    count, width = len(splats), 4
    terms = len(splats[0].rests)
    logs = [[math.copysign(math.log1p(abs(v)), v) for v in s.mean] for s in splats]
    low, high = _bounds(logs)
    words = [
        [round(_share(v, a, b) * 65535) for v, a, b in zip(row, low, high, strict=True)]
        for row in logs
    ]
    images = {
        "means_l.webp": [[v & 255 for v in row] + [255] for row in words],
        "means_u.webp": [[v >> 8 for v in row] + [255] for row in words],
        "quats.webp": [_sog_rotation(s.wxyz) for s in splats],
    }
    meta = {"means": {"mins": low, "maxs": high, "files": ["means_l.webp", "means_u.webp"]}}
    meta["quats"] = {"files": ["quats.webp"]}
    meta["scales"] = {"files": ["scales.webp"]}
    meta["sh0"] = {"files": ["sh0.webp"]}
    sizes = [s.log_scale for s in splats]
    logits = [math.log(s.opacity / (1 - s.opacity)) for s in splats]
    paints = [s.dc for s in splats]
    if version == 2:
        books = {}
        for name, rows in (("scales", sizes), ("sh0", paints)):
            values = [v for row in rows for v in row]
            books[name] = list(np.linspace(min(values), max(values), 256))
            meta[name]["codebook"] = books[name]
        nearest = {
            name: [[int(np.argmin(np.abs(np.array(books[name]) - v))) for v in row] for row in rows]
            for name, rows in (("scales", sizes), ("sh0", paints))
        }
        images["scales.webp"] = [[*row, 255] for row in nearest["scales"]]
        images["sh0.webp"] = [
            [*row, round(s.opacity * 255)] for row, s in zip(nearest["sh0"], splats, strict=True)
        ]
        meta |= {"version": 2, "count": count}
    else:
        meta["means"]["shape"] = [count, 3]
        for name, rows in (
            ("scales", sizes),
            ("sh0", [[*p, o] for p, o in zip(paints, logits, strict=True)]),
        ):
            mins, maxs = _bounds(rows)
            meta[name] |= {"mins": mins, "maxs": maxs}
            images[f"{name}.webp"] = [
                (
                    [round(_share(v, a, b) * 255) for v, a, b in zip(row, mins, maxs, strict=True)]
                    + [255]
                )[:4]
                for row in rows
            ]
    members = {name: _webp(rows, width) for name, rows in images.items()}
    if terms:
        book = np.linspace(-1.0, 1.0, 256)
        palette = np.zeros((-(-count // 64), 64 * terms, 4), np.uint8)
        palette[..., 3] = 255
        for label, s in enumerate(splats):
            for k, colour in enumerate(s.rests):
                column = (label % 64) * terms + k
                palette[label // 64, column, :3] = [np.argmin(np.abs(book - v)) for v in colour]
        members["shN_centroids.webp"] = _webp_of(palette)
        labels = [[label & 255, label >> 8, 0, 255] for label in range(count)]
        members["shN_labels.webp"] = _webp(labels, width)
        files = ["shN_centroids.webp", "shN_labels.webp"]
        bands = {3: 1, 8: 2, 15: 3}[terms]
        meta["shN"] = {"files": files}
        if version == 2:
            meta["shN"] |= {"count": count, "bands": bands, "codebook": book.tolist()}
        else:
            meta["shN"] |= {"mins": -1.0, "maxs": 1.0}
    return {"meta.json": json.dumps(meta).encode(), **members}


def _sog_rotation(wxyz):
    largest = max(range(4), key=lambda k: abs(wxyz[k]))
    sign = math.copysign(1.0, wxyz[largest])
    others = [sign * wxyz[k] for k in range(4) if k != largest]
    return [*(round((v * math.sqrt(2.0) + 1.0) / 2.0 * 255) for v in others), 252 + largest]


def _webp(rows, width):
    pixels = np.zeros((-(-len(rows) // width), width, 4), np.uint8)
    pixels.reshape(-1, 4)[: len(rows)] = rows
    return _webp_of(pixels)


def _webp_of(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "WEBP", lossless=True, exact=True)
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()
