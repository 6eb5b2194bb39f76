"""``carla-nurec rectify``: undistort images of any camera to a pinhole."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ..core.cameras.models import CameraModel, OpenCVPinholeCamera
from ..core.cameras.rectify import WIDEST_DEG, projection_rows
from ..core.cameras.rectify_files import calibrated_camera, rectify_files
from ..core.errors import InputError
from ..core.rig.rig import load_rig
from .finite import FiniteRange

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("images", nargs=-1, required=True, type=_PATH)
@click.option("--out", required=True, type=_PATH, help="Folder for the rectified images.")
@click.option(
    "--calibration",
    type=_PATH,
    help="JSON file of the camera: the text of its topic camera/NAME/calibration.",
)
@click.option("--rig", help="Take the camera from a rig instead: a shipped name or a YAML file.")
@click.option("--camera", help="The camera's name in --rig.")
@click.option(
    "--fov",
    type=FiniteRange(0.0, WIDEST_DEG, min_open=True),
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
    """Undistort images (files or folders of them) to a pinhole, and print its P.

    \b
    carla-nurec rectify image.jpg --rig demo --camera front_wide_120fov --out flat
    carla-nurec rectify capture/front --calibration front.json --fov 100 --out flat

    Images may have another size than the calibration: the camera is rescaled to each. Where
    the lens saw nothing the result is black.
    """  # noqa: D301
    console = Console(highlight=False)

    def show(width: int, height: int, view: OpenCVPinholeCamera) -> None:
        rows = " ".join(f"{value:.6g}" for value in projection_rows(view))
        console.print(f"{width}x{height}: P = {rows}")

    rectify_files(images, _model(calibration, rig, camera), fov, out, show)
    return 0


def _model(calibration: Path | None, rig: str | None, camera: str | None) -> CameraModel:
    if (calibration is None) == (rig is None):
        raise InputError("say which camera it was: give --calibration, or --rig and --camera")
    if calibration is not None:
        return calibrated_camera(calibration)
    cameras = {c.name: c.model for c in load_rig(str(rig)).cameras}
    if camera not in cameras:
        raise InputError(f"rig {rig} has no camera {camera!r}; it has: {', '.join(cameras)}")
    return cameras[camera]
