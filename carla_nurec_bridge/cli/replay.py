"""``carla-nurec replay``: watch a scene as NuRec and CARLA draw it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ..core.errors import InputError
from .finite import FiniteRange
from .parameters.given import given

if TYPE_CHECKING:
    from ..runs.replay.player import Played
    from ..runs.replay.servers import ReplayServers


@click.command(epilog="Example: carla-nurec replay scene.usdz -c camera_front_wide_120fov -o out")
@click.argument("scene", required=False, type=click.Path(path_type=Path))
@click.option(
    "-u",
    "--usdz-filename",
    type=click.Path(path_type=Path),
    help="The scene package, for those used to CARLA's scripts.",
)
@click.option(
    "--carla",
    "carla_mode",
    type=click.Choice(["embedded", "external"]),
    help="Start this package's CARLA, or use a running one, whose world is replaced.  "
    "[default: external with --host or --port, else embedded]",
)
@click.option(
    "--nurec",
    "nurec_mode",
    type=click.Choice(["embedded", "container", "external"]),
    help="Start this package's renderer, NVIDIA's in Docker, or use a running one.  "
    "[default: external with --nurec-port, else embedded]",
)
@click.option(
    "-h", "--host", default="127.0.0.1", show_default=True, help="External CARLA's address."
)
@click.option(
    "-p",
    "--port",
    default=2000,
    show_default=True,
    type=click.IntRange(1, 65534),
    help="External CARLA's port.",
)
@click.option(
    "-np",
    "--nurec-port",
    default=46435,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of an external NuRec on this machine.",
)
@click.option(
    "-c",
    "--camera",
    "cameras",
    multiple=True,
    help="Recorded camera, or 'all'; may be repeated. "
    "[default: camera_front_wide_120fov, or all if there is none of that name]",
)
@click.option(
    "--rig",
    help="Cameras of a rig, in place of recorded ones or, with -c, beside them: a shipped name or "
    "a YAML file. It may hold custom cameras and CARLA's, each with its own rate and size.",
)
@click.option(
    "--resolution-ratio",
    type=FiniteRange(0.01, 1.0),
    help="Size of recorded cameras' images, 1 = full.  "
    "[default: 0.25, but no less than 640 pixels of width]",
)
@click.option(
    "--camera-fps",
    type=click.IntRange(1, 100),
    help="Rate of recorded cameras in Hz; must divide --fps.  [default: --fps]",
)
@click.option(
    "--fps",
    default=10,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Frames of simulation and video a second.",
)
@click.option(
    "--seconds",
    type=FiniteRange(min=0.0, min_open=True),
    help="Simulated seconds to play.  [default: the whole scene]",
)
@click.option(
    "--carla-view/--no-carla-view",
    default=True,
    show_default=True,
    help="Show CARLA's own image from the first camera's place too (not with --rig).",
)
@click.option("--move-spectator", is_flag=True, help="Let CARLA's spectator follow the ego.")
@click.option(
    "--window/--no-window",
    default=None,
    help="Show the grid in a window too; q or Esc there ends the replay.  [default: if there is a "
    "display]",
)
@click.option(
    "--saveimages",
    is_flag=True,
    help="Write every image to OUTPUT/images/CAMERA, with timestamps.csv.",
)
@click.option(
    "--image-format",
    type=click.Choice(["jpeg", "png"]),
    help="Format of all images.  [default: jpeg, or what the rig says]",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    default=Path("out/replay"),
    show_default=True,
    help="Folder for grid.mp4, contact_sheet.png and images.",
)
def command(scene: Path | None, usdz_filename: Path | None, **options: Any) -> int:
    """Play a scene package: its ego and road users in CARLA, its cameras from NuRec.

    Writes a video of all cameras side by side and a contact sheet. Without further options
    nothing else is needed: both servers are started and stopped here.
    """
    from ..runs.replay.cameras import CameraWish, chosen_cameras
    from ..runs.replay.output import window_wanted
    from ..runs.replay.play import frames_of, play
    from ..runs.replay.player import Replay
    from ..scene import open_scene

    path = scene or usdz_filename
    if path is None or (scene and usdz_filename):
        raise InputError("name one scene package: carla-nurec replay SCENE")
    servers = _servers(click.get_current_context(), options)
    opened = open_scene(path)
    fps, output = options["fps"], options["output_dir"]
    cameras = CameraWish(
        options["cameras"],
        options["rig"],
        options["resolution_ratio"],
        float(options["camera_fps"] or fps),
        options["carla_view"],
        options["image_format"],
    )
    wish = Replay(
        opened,
        chosen_cameras(opened, cameras),
        fps,
        frames_of(opened, fps, options["seconds"]),
        output,
        images=options["saveimages"],
        window=window_wanted(options["window"]),
        move_spectator=options["move_spectator"],
    )
    console = Console(highlight=False)
    console.print("starting the servers")
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("frames", total=wish.frames)
        played = play(path, wish, servers, lambda done, _: progress.update(task, completed=done))
    return _tell(console, played, output)


def _servers(context: click.Context, options: dict[str, Any]) -> ReplayServers:
    """Take an address that was given for the wish to use what runs there."""
    from ..runs.replay.servers import ReplayServers

    written = {parameter.name for parameter in given(context)}
    modes: dict[str, Any] = {}
    for name, addresses in (("carla", ("host", "port")), ("nurec", ("nurec_port",))):
        told = [n for n in addresses if n in written]
        mode = options[f"{name}_mode"] or ("external" if told else "embedded")
        if told and mode != "external":
            raise InputError(
                f"--{told[0].replace('_', '-')} is the address of a running server; leave it out, "
                f"or give --{name} external"
            )
        modes[name] = mode
    return ReplayServers(
        modes["carla"], options["host"], options["port"], modes["nurec"], options["nurec_port"]
    )


def _tell(console: Console, played: Played, output: Path) -> int:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(played.shown.items()))
    console.print(f"{played.frames} frames; images: {counts or 'none'}")
    if played.refused_tracks:
        console.print(f"not in CARLA: tracks {', '.join(sorted(played.refused_tracks))}")
    for name, (count, reason) in sorted(played.failures.items()):
        console.print(f"[yellow]{name}: {count} images failed, the last: {reason}[/]")
    console.print(f"  {output / 'grid.mp4'}\n  {output / 'contact_sheet.png'}")
    if played.images:
        console.print(f"  {output / 'images'}: {played.images} images, timestamps.csv")
    return 1 if played.failures else 0
