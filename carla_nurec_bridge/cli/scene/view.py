"""``carla-nurec scene view``: a scene or a file of Gaussians in rerun's viewer."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from ..until_signal import stop_on_signal


@click.command(
    "view",
    epilog="Examples: carla-nurec scene view drive.usdz; carla-nurec scene view splats.ply "
    "--ellipsoids 20000; carla-nurec scene view drive.usdz --images render_output --save drive.rrd",
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Folder of pictures CAMERA/END_US.jpg, as `nurec render` writes them, to show too.",
)
@click.option(
    "--most",
    default=400_000,
    show_default=True,
    type=click.IntRange(1),
    help="Gaussians that are shown, the most visible ones of a layer.",
)
@click.option(
    "--ellipsoids",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Show so many of each layer as ellipsoids of one sigma; the others are points.",
)
@click.option(
    "--sweeps",
    default=0,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Sweeps of a 128-beam lidar on the roof, along the path, measured among the Gaussians.",
)
@click.option(
    "--classes",
    is_flag=True,
    help="Colour Gaussians by the class that they score highest, where the file has scores.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    help="Write a recording for rerun (.rrd) instead of opening the viewer.",
)
@click.option(
    "--port",
    default=9090,
    show_default=True,
    type=click.IntRange(1, 65534),
    help="Port of the page; the port above it serves the data.",
)
@click.option("--no-browser", is_flag=True, help="Say where the page is, but do not open it.")
def command(
    path: Path,
    images: Path | None,
    most: int,
    ellipsoids: int,
    sweeps: int,
    classes: bool,
    save: Path | None,
    port: int,
    no_browser: bool,
) -> None:
    """Show a scene package, or a file of Gaussians, in rerun's viewer in the browser.

    Of a package: Gaussians, ground, the rig's path, cameras with their pictures, and the tracks as
    they move. Nothing is loaded from a network; rerun is an extra: pip install
    'carla_nurec_bridge[view]'.
    """
    from ...scene.splats.viewer.viewing import ViewWish, open_viewer, show

    console = Console(highlight=False, markup=False)
    stop = stop_on_signal() if save is None else None
    wish = ViewWish(most, ellipsoids, images, sweeps, classes)
    with open_viewer(path.name, save, port, browser=not no_browser) as viewer:
        for note in show(viewer.rerun, path, wish):
            console.print(f"note: {note}", style="yellow", soft_wrap=True)
        if stop is None:
            console.print(f"{save}: open it with `rerun {save}`", soft_wrap=True)
            return
        console.print(f"{viewer.url} shows {path}; stop with Ctrl-C", soft_wrap=True)
        stop.wait()
