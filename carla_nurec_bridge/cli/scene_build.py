"""``carla-nurec scene build``: a scene package from a map and a recording."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ..core.rig import load_rig
from ..scene import build_scene


@click.command("build")
@click.option(
    "--map",
    "map_path",
    required=True,
    type=click.Path(path_type=Path),
    help="OpenDRIVE file of the recorded map (.xodr or .xodr.gz).",
)
@click.option(
    "--recording",
    required=True,
    type=click.Path(path_type=Path),
    help="CARLA recorder file (.log).",
)
@click.option(
    "--rig",
    default="demo",
    show_default=True,
    help="Sensor rig: a YAML file, or the name of a shipped one.",
)
@click.option("--ego", type=int, help="Recorded id of the ego; else the actor with role_name hero.")
@click.option(
    "--start-us",
    type=int,
    help="Absolute time of the recording's begin in microseconds; else its date.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Scene package to write (.usdz).",
)
def command(
    map_path: Path, recording: Path, rig: str, ego: int | None, start_us: int | None, output: Path
) -> None:
    """Build a scene package from a map and a recording.

    The ego's way becomes the rig's, all other vehicles and walkers become controllable tracks.
    """
    scene = build_scene(map_path, recording, load_rig(rig), output, ego_id=ego, epoch_us=start_us)
    start, end = scene.time_range_us
    console = Console(highlight=False, markup=False)
    for note in scene.notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    console.print(
        f"{output}: scene {scene.scene_id}, {(end - start) / 1e6:.2f} s, "
        f"{len(scene.cameras)} cameras, {len(scene.tracks)} other road users",
        soft_wrap=True,
    )
