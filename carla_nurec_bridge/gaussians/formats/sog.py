"""SOG files of PlayCanvas, versions 1 and 2: attributes as lossless WebP images.

A file is a ZIP, or a folder, of ``meta.json`` and images, whose pixels are the Gaussians, row by
row.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ..cloud import Floats
from ..scene import GaussianScene, RenderSettings
from .rows import Rows, cloud_of, exponential, from_smallest_three, shares, sigmoid
from .sog_images import ImageReader, Load, Pixels

META = "meta.json"
MOST_META_BYTES = 4 << 20
MOST_IMAGE_BYTES = 1 << 29
_PALETTE_COLUMNS = 64
_RESTS = {1: 3, 2: 8, 3: 15}
_FIRST_TAG = 252
_LAST_CODE = 255

_Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]
_Three = Annotated[list[_Number], Field(min_length=3, max_length=3)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\- ]{1,100}$")]
_Files = Annotated[list[_Name], Field(min_length=1, max_length=8)]


def _first_told(numbers: Any) -> Any:
    """Return a codebook whose first number, which early writers left out, goes on as the others."""
    if isinstance(numbers, list) and len(numbers) > 1 and numbers[0] is None:
        second, last = numbers[1], numbers[-1]
        if all(isinstance(one, int | float) for one in (second, last)):
            return [second + (second - last) / _LAST_CODE, *numbers[1:]]
    return numbers


_Codebook = Annotated[
    list[_Number], Field(min_length=1, max_length=65_536), BeforeValidator(_first_told)
]
_Count = Annotated[int, Field(ge=0, le=200_000_000)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)


class _Means(_Model):
    mins: _Three
    maxs: _Three
    files: Annotated[list[_Name], Field(min_length=2, max_length=8)]
    shape: list[_Count] | None = None


class _Coded(_Model):
    codebook: _Codebook
    files: _Files


class _Ranged(_Model):
    mins: list[_Number]
    maxs: list[_Number]
    files: _Files


class _Images(_Model):
    files: _Files


class _Palette(_Model):
    count: Annotated[int, Field(ge=0, le=1 << 20)]
    bands: Annotated[int, Field(ge=0, le=3)]
    codebook: _Codebook
    files: Annotated[list[_Name], Field(min_length=2, max_length=8)]


class _RangedPalette(_Model):
    mins: _Number
    maxs: _Number
    files: Annotated[list[_Name], Field(min_length=2, max_length=8)]


class _MetaTwo(_Model):
    version: Annotated[int, Field(ge=2, le=2)]
    count: _Count
    means: _Means
    scales: _Coded
    quats: _Images
    sh0: _Coded
    rest: Annotated[_Palette | None, Field(alias="shN")] = None
    antialias: bool = False
    model: str = ""


class _MetaOne(_Model):
    means: _Means
    scales: _Ranged
    quats: _Images
    sh0: _Ranged
    rest: Annotated[_RangedPalette | None, Field(alias="shN")] = None


def decode_sog(meta: Any, load: Load, what: str, stored_bytes: int | None = None) -> GaussianScene:
    """Read a SOG of its parsed ``meta.json``; InputError says what does not fit.

    ``stored_bytes`` is the size of the archive that ``load`` reads from, if it is one.
    """
    if not isinstance(meta, dict):
        raise InputError(f"{what}: {META} is no object")
    version = meta.get("version", 1)
    if version not in (1, 2):
        raise InputError(f"{what} is SOG of version {version!r}; 1 and 2 are read")
    images = ImageReader(load, what, stored_bytes)
    if version == 2:
        rows, antialiased = _version_two(_parsed(meta, TypeAdapter(_MetaTwo), what), images)
    else:
        rows, antialiased = _version_one(_parsed(meta, TypeAdapter(_MetaOne), what), images), False
    cloud, _, dropped = cloud_of(rows)
    return GaussianScene(
        {"gaussians": cloud},
        settings=RenderSettings(sh_degree=cloud.sh_degree, antialiased=antialiased),
        not_drawn=tuple(dropped),
        format=f"SOG version {version}",
    )


def _parsed(meta: Any, model: TypeAdapter[Any], what: str) -> Any:
    try:
        return model.validate_python(meta)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{what}: {META}: {where}: {problem_text(first)}") from error


def _names(meta: _MetaOne | _MetaTwo, palette: _Palette | _RangedPalette | None) -> list[str]:
    """Return the names of the images that are read."""
    pairs = meta.means.files[:2] + (palette.files[:2] if palette is not None else [])
    return [*pairs, *(part.files[0] for part in (meta.scales, meta.quats, meta.sh0))]


def _version_two(meta: _MetaTwo, images: ImageReader) -> tuple[Rows, bool]:
    count = meta.count
    palette = meta.rest if meta.rest is not None and meta.rest.bands else None
    images.open(_names(meta, palette), count)
    scales = images.rows(meta.scales.files[0], count)[:, :3]
    sh0 = images.rows(meta.sh0.files[0], count)
    dc = _coded(meta.sh0.codebook, sh0[:, :3])
    rests = np.zeros((count, 0, 3), np.float32)
    if palette is not None:
        pixels, labels = _labelled(palette.files, count, _RESTS[palette.bands], images)
        rests = _coded(palette.codebook, pixels)
        rests[(labels < 0) | (labels >= palette.count)] = 0.0
    rows = Rows(
        _means(meta.means, count, images),
        _rotations(images.rows(meta.quats.files[0], count)),
        exponential(_coded(meta.scales.codebook, scales)),
        shares(sh0[:, 3]),
        np.concatenate([dc[:, None, :], rests], axis=1),
    )
    return rows, meta.antialias or meta.model in ("antialiased", "mip")


def _version_one(meta: _MetaOne, images: ImageReader) -> Rows:
    shape = meta.means.shape
    if not shape:
        raise InputError(f"{images.what}: {META}: means.shape does not say how many there are")
    count = shape[0]
    images.open(_names(meta, meta.rest), count)
    sh0 = _ranged(meta.sh0, images.rows(meta.sh0.files[0], count), 4, images.what)
    rests = np.zeros((count, 0, 3), np.float32)
    if meta.rest is not None:
        width = images.load(meta.rest.files[0]).shape[1]
        terms = {_PALETTE_COLUMNS * number: number for number in _RESTS.values()}.get(width)
        if terms is None:
            raise InputError(
                f"{images.what}: its palette is {width} pixels wide: no degree has that"
            )
        pixels, labels = _labelled(meta.rest.files, count, terms, images)
        span = np.float32(meta.rest.maxs - meta.rest.mins)
        rests = np.float32(meta.rest.mins) + span * shares(pixels)
        rests[labels < 0] = 0.0
    scales = images.rows(meta.scales.files[0], count)
    return Rows(
        _means(meta.means, count, images),
        _rotations(images.rows(meta.quats.files[0], count)),
        exponential(_ranged(meta.scales, scales, 3, images.what)),
        sigmoid(sh0[:, 3]),
        np.concatenate([sh0[:, None, :3], rests], axis=1),
    )


def _means(meta: _Means, count: int, images: ImageReader) -> Floats:
    low, high = (images.rows(name, count)[:, :3].astype(np.int32) for name in meta.files[:2])
    mins, maxs = np.array(meta.mins), np.array(meta.maxs)
    spans = np.where(maxs == mins, 1.0, maxs - mins)
    values = mins + spans * ((low | high << 8) / 65_535.0)
    with np.errstate(over="ignore"):
        return (np.sign(values) * np.expm1(np.abs(values))).astype(np.float32)


def _rotations(pixels: Pixels) -> Floats:
    """Return (w, x, y, z) (N, 4); a pixel without a largest part is no rotation at all."""
    tags = pixels[:, 3].astype(np.intp) - _FIRST_TAG
    others = (pixels[:, :3] / 255.0 * 2.0 - 1.0) / np.sqrt(2.0)
    rotations = from_smallest_three(np.maximum(tags, 0), others)
    rotations[tags < 0] = 1.0, 0.0, 0.0, 0.0
    return rotations


def _coded(codebook: list[float], places: Pixels) -> Floats:
    """Return the numbers of a codebook at places; those beyond it are 0."""
    book = np.zeros(256, np.float32)
    book[: len(codebook)] = codebook[:256]
    return book[places]


def _ranged(meta: _Ranged, pixels: Pixels, channels: int, what: str) -> Floats:
    if len(meta.mins) != channels or len(meta.maxs) != channels:
        raise InputError(f"{what}: {META}: mins and maxs need {channels} numbers")
    low, high = np.array(meta.mins, np.float32), np.array(meta.maxs, np.float32)
    result: Floats = low + (high - low) * shares(pixels[:, :channels])
    return result


def _labelled(
    files: list[str], count: int, terms: int, images: ImageReader
) -> tuple[Pixels, NDArray[np.int32]]:
    """Return the palette's pixels (count, terms, 3) of each label, and the labels; -1 is none."""
    palette = images.load(files[0])
    if palette.shape[1] != _PALETTE_COLUMNS * terms:
        raise InputError(
            f"{images.what}: {files[0]} is {palette.shape[1]} pixels wide, "
            f"not {_PALETTE_COLUMNS * terms}"
        )
    marks = images.rows(files[1], count).astype(np.int32)
    labels = marks[:, 0] | marks[:, 1] << 8
    entries = palette[:, :, :3].reshape(-1, terms, 3)
    labels = np.where(labels < len(entries), labels, -1)
    return entries[labels], labels
