"""``carla-nurec nurec render``: write a scene's images, as the documentation's render client."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ..finite import FiniteRange
from .options import connect, connection_options


@click.command(
    epilog="Example: carla-nurec nurec render --port 8080 --height 540 --frame-step 5 -o images"
)
@connection_options
@click.option("--scene-id", help="Scene to render.  [default: the only one]")
@click.option(
    "--height",
    default=300,
    show_default=True,
    type=click.IntRange(1, 4320),
    help="Height of the images in pixels; the width follows the camera.",
)
@click.option(
    "--camera-id",
    "camera_ids",
    multiple=True,
    default=("camera_front_wide_120fov",),
    show_default=True,
    help="Recorded camera; may be repeated, or 'all'.",
)
@click.option(
    "--image-format",
    default="jpeg",
    show_default=True,
    type=click.Choice(["jpeg", "png"]),
    help="How images come.",
)
@click.option(
    "--frame-step",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Render every n-th pose of the recorded trajectory (10 a second as a rule).",
)
@click.option(
    "--disable-rolling-shutter",
    is_flag=True,
    help="Expose all of an image at the end of its frame.",
)
@click.option(
    "--exposure-ms",
    default=30.0,
    show_default=True,
    type=FiniteRange(0.001, 1000.0),
    help="Time from a frame's start to its end, which is a pose of the trajectory.",
)
@click.option("--rig-name", help="Lay the hood of this rig over the images, e.g. hyperion_8_1.")
@click.option(
    "--layers",
    is_flag=True,
    help="Write END_US.layers.npz and .png beside each image: distance along the rays (m), opacity "
    "and, where a scene of Gaussians has scores, semantic classes. Of 'nurec serve' alone.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    default=Path("render_output"),
    show_default=True,
    help="Folder for CAMERA/END_US.jpg and timestamps.csv.",
)
def command(
    scene_id: str | None,
    camera_ids: tuple[str, ...],
    frame_step: int,
    disable_rolling_shutter: bool,
    exposure_ms: float,
    height: int,
    image_format: Literal["jpeg", "png"],
    rig_name: str | None,
    layers: bool,
    output_dir: Path,
    **connection: Any,
) -> int:
    """Render the recorded cameras of a scene along its trajectory into image files.

    Other road users are where the recording has them, also on a server with editing enabled.
    Exit code 1 when an image or its layers failed; the others are there.
    """
    from ...scene.along_trajectory import ImageWish, planned_images, render_to_files

    exposure_us = max(1, round(1e3 * exposure_ms))
    wish = ImageWish(
        height, image_format, exposure_us, not disable_rolling_shutter, rig_name, layers
    )
    console = Console(highlight=False)
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with connect(connection) as client, Progress(*columns, console=console) as progress:
        plan = planned_images(client, scene_id, camera_ids, exposure_us, frame_step)
        task = progress.add_task(f"scene {plan.scene_id}", total=len(plan.frames))

        def show(end_us: int, errors: Sequence[str]) -> None:
            progress.advance(task)
            for error in errors:
                console.print(f"{end_us} us: {error}", style="red", soft_wrap=True)

        failed = render_to_files(client, plan, wish, output_dir, show)
    total = len(plan.frames) * len(plan.cameras)
    console.print(f"{total - failed} of {total} images in {output_dir}", soft_wrap=True)
    return 1 if failed else 0
