"""``carla-nurec rectify``: undistort pictures of any camera to a pinhole."""

from __future__ import annotations

import json
from pathlib import Path

import click
import cv2
from rich.console import Console

from ..core.cameras.models import CameraModel, camera_from_json
from ..core.cameras.rectify import (
    WIDEST_DEG,
    projection_rows,
    rectified_view,
    rectify_maps,
)
from ..core.errors import InputError
from ..core.rig.rig import load_rig

_KINDS = (".png", ".jpg", ".jpeg")
_SHAPE_TOLERANCE = 0.03
"""Rounded and padded sizes are this near to the camera's shape."""
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("images", nargs=-1, required=True, type=_PATH)
@click.option("--out", required=True, type=_PATH, help="Folder for the rectified pictures.")
@click.option(
    "--calibration",
    type=_PATH,
    help="JSON file of the camera: the text of its topic camera/NAME/calibration.",
)
@click.option("--rig", help="Take the camera from a rig instead: a shipped name or a YAML file.")
@click.option("--camera", help="The camera's name in --rig.")
@click.option(
    "--fov",
    type=click.FloatRange(0.0, WIDEST_DEG, min_open=True),
    help="Horizontal field of view wanted, in degrees. [default: that of CameraInfo.P]",
)
def command(
    images: tuple[Path, ...],
    out: Path,
    calibration: Path | None,
    rig: str | None,
    camera: str | None,
    fov: float | None,
) -> int:
    """Undistort pictures (files or folders of them) to a pinhole, and print its P.

    \b
    carla-nurec rectify picture.jpg --rig demo --camera front_wide_120fov --out flat
    carla-nurec rectify capture/front --calibration front.json --fov 100 --out flat

    Pictures may have another size than the calibration: the camera is rescaled to each. Where
    the lens saw nothing the result is black.
    """  # noqa: D301
    model = _model(calibration, rig, camera)
    console = Console(highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    maps = None
    for path in _files(images):
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise InputError(f"{path} is not a picture that can be read (PNG or JPEG)")
        height, width = picture.shape[:2]
        if maps is None or maps[0] != (width, height):
            _check_shape(path, width, height, model)
            sized = model.scaled(width, height)
            view = rectified_view(sized, fov)
            maps = ((width, height), rectify_maps(sized, view))
            rows = " ".join(f"{value:.6g}" for value in projection_rows(view))
            console.print(f"{width}x{height}: P = {rows}")
        flat = cv2.remap(picture, *maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if not cv2.imwrite(str(out / path.name), flat):
            raise InputError(f"cannot write {out / path.name}")
    return 0


def _model(calibration: Path | None, rig: str | None, camera: str | None) -> CameraModel:
    if (calibration is None) == (rig is None):
        raise InputError("say which camera it was: give --calibration, or --rig and --camera")
    if calibration is not None:
        try:
            content = json.loads(calibration.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the calibration {calibration}: {error}") from error
        if not isinstance(content, dict) or "camera_model" not in content:
            raise InputError(f"{calibration} has no camera_model, as calibration topics have")
        return camera_from_json(content["camera_model"])
    cameras = {c.name: c.model for c in load_rig(str(rig)).cameras}
    if camera not in cameras:
        raise InputError(f"rig {rig} has no camera {camera!r}; it has: {', '.join(cameras)}")
    return cameras[camera]


def _check_shape(path: Path, width: int, height: int, model: CameraModel) -> None:
    if abs(width * model.height / (height * model.width) - 1.0) > _SHAPE_TOLERANCE:
        raise InputError(
            f"{path} is {width}x{height}, another shape than the camera's "
            f"{model.width}x{model.height}; give the camera it came from"
        )


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(f for f in path.iterdir() if f.suffix.lower() in _KINDS)
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"there is no picture and no folder {path}")
    if not found:
        raise InputError(f"no PNG or JPEG in {', '.join(map(str, paths))}")
    return found
