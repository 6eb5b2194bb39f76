"""How alike the pictures CAMERA/STAMP_US.jpg of two folders are, which ``nurec render`` writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.files.images import ImageError, decoded_image

_NAME = re.compile(r"(?P<stamp>\d{1,18})\.(jpe?g|png)", re.IGNORECASE)
_SIGMA_PX = 1.5
_WINDOW_PX = 11
_C1, _C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
_AMPLIFIED = 4
_MOST_BYTES = 256 << 20
BEST_DB = 99.0
"""What equal pictures have."""

Image = NDArray[np.uint8]
Pictures = Mapping[tuple[str, int], Path]
"""Files by camera and stamp in microseconds."""


@dataclass(frozen=True)
class Likeness:
    """How alike two pictures of a camera are.

    * psnr_db: of all channels, 99 at most. ssim: -1 to 1, of luminance.
    * edges: correlation of the gradients' sizes, -1 to 1: of shapes, whatever the exposure. 1 where
      neither picture has any, 0 where one of them has none.
    """

    camera: str
    stamp_us: int
    other_stamp_us: int
    psnr_db: float
    ssim: float
    edges: float


def found_pictures(folder: Path) -> dict[tuple[str, int], Path]:
    """Return the pictures FOLDER/CAMERA/STAMP_US.jpg."""
    return {
        (path.parent.name, int(match["stamp"])): path
        for path in sorted(folder.glob("*/*"))
        if (match := _NAME.fullmatch(path.name))
    }


def pictures_in(folder: Path) -> dict[tuple[str, int], Path]:
    """Return the pictures FOLDER/CAMERA/STAMP_US.jpg; InputError when there are none."""
    found = found_pictures(folder)
    if not found:
        raise InputError(f"{folder} holds no pictures CAMERA/STAMP_US.jpg")
    return found


def pairs_of(
    one: Pictures, other: Pictures, tolerance_us: int
) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Return keys of pictures of one camera whose stamps are nearest and within the tolerance."""
    pairs = []
    for camera in sorted({camera for camera, _ in one}):
        stamps = np.array(sorted(stamp for name, stamp in other if name == camera), np.int64)
        if not len(stamps):
            continue
        for stamp in sorted(stamp for name, stamp in one if name == camera):
            nearest = int(stamps[np.argmin(np.abs(stamps - stamp))])
            if abs(nearest - stamp) <= tolerance_us:
                pairs.append(((camera, stamp), (camera, nearest)))
    return pairs


def compare(
    one: Pictures,
    other: Pictures,
    out: Path,
    *,
    tolerance_us: int = 1000,
    on_pair: Callable[[int, int], None] = lambda done, total: None,
) -> list[Likeness]:
    """Compare pictures and write OUT/CAMERA/STAMP_US.jpg: both and their difference, fourfold.

    Of pictures of two sizes the larger is made as small as the other. ``on_pair`` is told how many
    of how many are done. InputError: no pictures belong together, or one cannot be read.
    """
    pairs = pairs_of(one, other, tolerance_us)
    if not pairs:
        raise InputError(
            f"no pictures of one camera are within {tolerance_us / 1000:g} ms of each other; "
            "allow more with --tolerance-ms"
        )
    likenesses = []
    for done, (key, other_key) in enumerate(pairs, 1):
        first, second = _alike(_read(one[key]), _read(other[other_key]))
        camera, stamp_us = key
        psnr_db, ssim, edges = likeness(first, second)
        likenesses.append(Likeness(camera, stamp_us, other_key[1], psnr_db, ssim, edges))
        folder = out / camera
        folder.mkdir(parents=True, exist_ok=True)
        away = np.abs(first.astype(np.int16) - second.astype(np.int16)) * _AMPLIFIED
        shown = np.concatenate([first, second, np.minimum(away, 255).astype(np.uint8)], axis=1)
        if not cv2.imwrite(str(folder / f"{stamp_us}.jpg"), shown):
            raise InputError(f"cannot write {folder / f'{stamp_us}.jpg'}")
        on_pair(done, len(pairs))
    return likenesses


def likeness(one: Image, other: Image) -> tuple[float, float, float]:
    """Return PSNR (dB), SSIM and the correlation of edges of two pictures (H, W, 3), BGR.

    SSIM is that of Wang et al. 2004 (window of 11 pixels, sigma 1.5) on luminance.
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    mse = float(np.mean((a - b) ** 2))
    psnr_db = min(BEST_DB, 10.0 * np.log10(255.0**2 / mse)) if mse > 0.0 else BEST_DB
    grey, other_grey = (_luminance(picture) for picture in (one, other))
    return float(psnr_db), _ssim(grey, other_grey), _edges(grey, other_grey)


def _luminance(picture: Image) -> NDArray[np.float64]:
    grey: NDArray[np.float64] = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64)
    return grey


def _blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, (_WINDOW_PX, _WINDOW_PX), _SIGMA_PX))


def _ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a = _blurred(a * a) - mean_a * mean_a
    var_b = _blurred(b * b) - mean_b * mean_b
    both = _blurred(a * b) - mean_a * mean_b
    value = ((2 * mean_a * mean_b + _C1) * (2 * both + _C2)) / (
        (mean_a * mean_a + mean_b * mean_b + _C1) * (var_a + var_b + _C2)
    )
    rim = _WINDOW_PX // 2
    inner = value[rim:-rim, rim:-rim] if min(value.shape) > _WINDOW_PX else value
    return float(inner.mean())


def _edges(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    sizes = [np.hypot(*np.gradient(picture)).ravel() for picture in (a, b)]
    away = [size - size.mean() for size in sizes]
    lengths = [float(np.linalg.norm(one)) for one in away]
    if min(lengths) > 0.0:
        return float(away[0] @ away[1]) / (lengths[0] * lengths[1])
    return 1.0 if max(lengths) == 0.0 else 0.0


def _alike(one: Image, other: Image) -> tuple[Image, Image]:
    if one.shape == other.shape:
        return one, other
    small, large = (one, other) if one.shape[0] <= other.shape[0] else (other, one)
    size = (small.shape[1], small.shape[0])
    shrunk: Image = cv2.resize(large, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return (one, shrunk) if small is one else (shrunk, other)


def _read(path: Path) -> Image:
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} has over {_MOST_BYTES} bytes; it is not read")
    try:
        picture = decoded_image(path.read_bytes())
    except ImageError as error:
        raise InputError(f"{path} {error}") from error
    if min(picture.shape[:2]) < 2:
        raise InputError(f"{path} has less than 2 x 2 pixels; nothing is compared")
    return np.asarray(picture, np.uint8)
