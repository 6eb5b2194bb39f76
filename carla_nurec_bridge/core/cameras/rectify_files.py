"""Undistort image files of one camera to a pinhole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from ..errors import InputError
from ..files.images import ImageError, decoded_image
from .models import CameraModel, OpenCVPinholeCamera, camera_from_json
from .rectify import rectified_view, rectify_maps

_KINDS = (".png", ".jpg", ".jpeg")
_SHAPE_TOLERANCE = 0.03
"""Rounded and padded sizes are this near to the camera's shape."""

OnView = Callable[[int, int, OpenCVPinholeCamera], None]


def rectify_files(
    paths: Sequence[Path],
    model: CameraModel,
    horizontal_fov_deg: float | None,
    folder: Path,
    on_view: OnView,
) -> None:
    """Write image files, or those in folders, undistorted to ``folder`` under their names.

    The camera is rescaled to each image; ``on_view`` is told width, height and pinhole wherever
    the size changes. InputError for what is no image of this camera, and where none can be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    maps = None
    for path in _files(paths):
        try:
            image = decoded_image(path.read_bytes(), cv2.IMREAD_UNCHANGED)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        except ImageError as error:
            raise InputError(f"{path} {error}") from error
        height, width = image.shape[:2]
        if maps is None or maps[0] != (width, height):
            _check_shape(path, width, height, model)
            sized = model.scaled(width, height)
            view = rectified_view(sized, horizontal_fov_deg)
            maps = ((width, height), rectify_maps(sized, view))
            on_view(width, height, view)
        flat = cv2.remap(image, *maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if not cv2.imwrite(str(folder / path.name), flat):
            raise InputError(f"cannot write {folder / path.name}")


def calibrated_camera(calibration: Path) -> CameraModel:
    """Return the camera of a file with the text of a calibration topic; InputError for others."""
    try:
        content = json.loads(calibration.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read the calibration {calibration}: {error}") from error
    if not isinstance(content, dict) or "camera_model" not in content:
        raise InputError(f"{calibration} has no camera_model, as calibration topics have")
    return camera_from_json(content["camera_model"])


def _check_shape(path: Path, width: int, height: int, model: CameraModel) -> None:
    if abs(width * model.height / (height * model.width) - 1.0) > _SHAPE_TOLERANCE:
        raise InputError(
            f"{path} is {width}x{height}, another shape than the camera's "
            f"{model.width}x{model.height}; give the camera it came from"
        )


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(f for f in path.iterdir() if f.suffix.lower() in _KINDS)
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"there is no image and no folder {path}")
    if not found:
        raise InputError(f"no PNG or JPEG in {', '.join(map(str, paths))}")
    return found
