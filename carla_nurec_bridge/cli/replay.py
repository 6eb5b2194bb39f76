"""``carla-nurec replay``: watch a scene as NuRec and CARLA draw it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ..core.errors import InputError

if TYPE_CHECKING:
    from ..core.rig.rig import Rig
    from ..runs.replay.player import Played
    from ..scene import Scene
_GIVEN = click.core.ParameterSource.COMMANDLINE


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
    type=click.FloatRange(0.01, 1.0),
    help="Size of recorded cameras' pictures, 1 = full.  "
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
    type=click.FloatRange(min=0.0, min_open=True),
    help="Simulated seconds to play.  [default: the whole scene]",
)
@click.option(
    "--carla-view/--no-carla-view",
    default=True,
    show_default=True,
    help="Show CARLA's own picture from the first camera's place too (not with --rig).",
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
    help="Write every picture to OUTPUT/images/CAMERA, with timestamps.csv.",
)
@click.option(
    "--image-format",
    type=click.Choice(["jpeg", "png"]),
    help="Format of all pictures.  [default: jpeg, or what the rig says]",
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
    from ..scene import open_scene

    path = scene or usdz_filename
    if path is None or (scene and usdz_filename):
        raise InputError("name one scene package: carla-nurec replay SCENE")
    _settle_servers(click.get_current_context(), options)
    opened = open_scene(path)
    rate_hz = float(options["camera_fps"] or options["fps"])
    wish = CameraWish(
        options["cameras"],
        options["rig"],
        options["resolution_ratio"],
        rate_hz,
        options["carla_view"],
        options["image_format"],
    )
    rig = chosen_cameras(opened, wish)
    console = Console(highlight=False)
    played = _play(opened, path, rig, options, console)
    return _tell(console, played, options["output_dir"])


def _settle_servers(context: click.Context, options: dict[str, Any]) -> None:
    """Take an address that was given for the wish to use what runs there."""
    for mode, addresses in (("carla_mode", ("host", "port")), ("nurec_mode", ("nurec_port",))):
        given = [n for n in addresses if context.get_parameter_source(n) == _GIVEN]
        if options[mode] is None:
            options[mode] = "external" if given else "embedded"
        elif given and options[mode] != "external":
            name = mode.removesuffix("_mode")
            raise InputError(
                f"--{given[0].replace('_', '-')} is the address of a running server; leave it out, "
                f"or give --{name} external"
            )


def _play(scene: Scene, path: Path, rig: Rig, options: dict[str, Any], console: Console) -> Played:
    from ..carla_client.session.opendrive_world import generate_world
    from ..carla_client.session.session import Session
    from ..nurec.client.client import Deadlines, NurecClient
    from ..runs.replay.output import window_wanted
    from ..runs.replay.player import Replay, ReplayPlayer
    from ..runs.replay.servers import carla_address, check_external, nurec_address

    check_external(options)
    window = window_wanted(options["window"])
    output = options["output_dir"]
    output.mkdir(parents=True, exist_ok=True)
    if options["saveimages"]:
        shutil.rmtree(output / "images", ignore_errors=True)
    fps = options["fps"]
    whole_s = (scene.time_range_us[1] - scene.time_range_us[0]) / 1e6
    frames = int(min(options["seconds"] or whole_s, whole_s) * fps)
    if frames < 1:
        raise InputError(f"there is no whole frame in the {whole_s:.2f} s of the scene")
    play = Replay(
        scene,
        rig,
        fps,
        frames,
        output,
        options["saveimages"],
        window,
        options["move_spectator"],
    )
    with ExitStack() as stack:
        console.print("starting the servers")
        host, port = carla_address(stack, scene, options, output)
        target = nurec_address(stack, path, options, output)
        session = stack.enter_context(Session(host, port, 20.0))
        session.open(20.0)
        if options["carla_mode"] == "external":
            generate_world(session, str(scene.xodr))
        nurec = stack.enter_context(NurecClient(target, Deadlines(20.0, 30.0, 300.0)))
        play = replace(play, scene=_as_offered(scene, nurec.scenes(), target))
        player = ReplayPlayer(play, session, nurec)
        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("frames", total=frames)
            return player.run(lambda done, _: progress.update(task, completed=done))


def _as_offered(scene: Scene, offered: Sequence[str], target: str) -> Scene:
    """Return the scene under the id that NuRec has for it: its own, or that of its sequence."""
    for name in (scene.scene_id, scene.sequence_id):
        if name in offered:
            return replace(scene, scene_id=name)
    known = ", ".join(offered) or "none"
    raise InputError(f"NuRec at {target} has no scene {scene.scene_id!r}; it has: {known}")


def _tell(console: Console, played: Played, output: Path) -> int:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(played.pictures.items()))
    console.print(f"{played.frames} frames; pictures: {counts or 'none'}")
    if played.refused_tracks:
        console.print(f"not in CARLA: tracks {', '.join(sorted(played.refused_tracks))}")
    for name, (count, reason) in sorted(played.failures.items()):
        console.print(f"[yellow]{name}: {count} pictures failed, the last: {reason}[/]")
    console.print(f"  {output / 'grid.mp4'}\n  {output / 'contact_sheet.png'}")
    if played.images:
        console.print(f"  {output / 'images'}: {played.images} pictures, timestamps.csv")
    return 1 if played.failures else 0
