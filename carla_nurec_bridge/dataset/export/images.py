"""Images of an export's own: copied, or written as PNG."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from ...core.errors import RunError


def copy_image(source: Path, stem: Path) -> Path:
    """Copy a file to ``stem`` with its own suffix, making folders; return the path."""
    target = stem.with_name(stem.name + source.suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def write_png(path: Path, pixels: NDArray[Any]) -> None:
    """Write pixels, (H, W) or (H, W, 3) RGB, as PNG, making folders; RunError if it cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    coded, data = cv2.imencode(".png", ordered, (cv2.IMWRITE_PNG_COMPRESSION, 1))
    if not coded:
        raise RunError(f"an image {pixels.shape} of {pixels.dtype} cannot be written as {path}")
    path.write_bytes(data.tobytes())
