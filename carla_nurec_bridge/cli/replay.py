"""``carla-nurec replay``: watch a scene as NuRec and CARLA draw it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ..core.errors import InputError
from ..core.frames import Matrix
from ..core.rig import Rig, RigCamera, load_rig

if TYPE_CHECKING:
    from ..scene import Scene
    from .replay_player import Played

_USUAL_SHUTTER_S = 0.03
_CARLA_SIZE = (640, 360)
_CARLA_FOV_DEG = 90.0


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
    default="embedded",
    show_default=True,
    type=click.Choice(["embedded", "external"]),
    help="Start this package's CARLA, or use a running one, whose world is replaced.",
)
@click.option(
    "--nurec",
    "nurec_mode",
    default="embedded",
    show_default=True,
    type=click.Choice(["embedded", "container", "external"]),
    help="Start this package's renderer, NVIDIA's in Docker, or use a running one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="External CARLA's address.")
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
    help="Cameras of a rig instead: a shipped name or a YAML file, which may "
    "hold custom cameras and CARLA's.",
)
@click.option(
    "--resolution-ratio",
    default=0.25,
    show_default=True,
    type=click.FloatRange(0.01, 1.0),
    help="Size of recorded cameras' pictures, 1 = full.",
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
    help="Show CARLA's own picture from the first camera's place too.",
)
@click.option("--move-spectator", is_flag=True, help="Let CARLA's spectator follow the ego.")
@click.option("--window", is_flag=True, help="Show the grid in a window too.")
@click.option(
    "--saveimages",
    is_flag=True,
    help="Write every picture to OUTPUT/images/CAMERA, with timestamps.csv.",
)
@click.option(
    "--image-format",
    default="jpeg",
    show_default=True,
    type=click.Choice(["jpeg", "png"]),
    help="Format of recorded cameras' pictures.",
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
    from ..scene import open_scene

    path = scene or usdz_filename
    if path is None or (scene and usdz_filename):
        raise InputError("name one scene package: carla-nurec replay SCENE")
    opened = open_scene(path)
    rig = _rig(opened, options)
    console = Console(highlight=False)
    played = _play(opened, path, rig, options, console)
    return _tell(console, played, options["output_dir"])


def _rig(scene: Scene, options: dict[str, Any]) -> Rig:
    """Return the cameras of a replay: those of --rig, or the recorded ones that were chosen."""
    if options["rig"]:
        from ..scene.calibration import calibrated

        if options["cameras"]:
            raise InputError("give --camera or --rig, not both; a rig names its cameras itself")
        rig = calibrated(load_rig(options["rig"]), scene)
        return Rig(rig.name, rig.cameras, ())
    recorded = {camera.logical_id: camera for camera in scene.cameras}
    if not recorded:
        raise InputError(f"the scene {scene.scene_id} has no cameras; give --rig with custom ones")
    wanted = list(options["cameras"])
    if not wanted:
        usual = "camera_front_wide_120fov"
        wanted = [usual] if usual in recorded else ["all"]
    if "all" in wanted:
        wanted = list(recorded)
    unknown = [name for name in wanted if name not in recorded]
    if unknown:
        known = ", ".join(recorded)
        raise InputError(f"the scene has no camera {unknown[0]!r}; it has: {known}")
    rate_hz = float(options["camera_fps"] or options["fps"])
    cameras = []
    for name in dict.fromkeys(wanted):
        camera, ratio = recorded[name], options["resolution_ratio"]
        model = camera.model
        size = (max(2, round(model.width * ratio)), max(2, round(model.height * ratio)))
        stamps = camera.frame_stamps_us
        taken_s = float(np.median(stamps[:, 1] - stamps[:, 0])) / 1e6 if len(stamps) else 0.0
        shutter_s = min(taken_s or _USUAL_SHUTTER_S, 0.9 / rate_hz)
        cameras.append(
            RigCamera(
                name.removeprefix("camera_"), "nurec", name, model.scaled(*size),
                camera.rig_from_camera, rate_hz, camera.shutter, shutter_s, ("rgb",),
                image_format=options["image_format"],
            )
        )  # fmt: skip
    if options["carla_view"]:
        cameras.append(_carla_view(cameras[0].rig_from_camera, rate_hz))
    return Rig("replay", tuple(cameras), ())


def _carla_view(rig_from_camera: Matrix, rate_hz: float) -> RigCamera:
    from ..core.opencv_pinhole import OpenCVPinholeCamera
    from ..core.shutter import Shutter

    model = OpenCVPinholeCamera.from_fov(*_CARLA_SIZE, _CARLA_FOV_DEG)
    return RigCamera(
        "carla", "carla", "carla", model, rig_from_camera, rate_hz, Shutter.GLOBAL, 0.0, ("rgb",)
    )


def _play(scene: Scene, path: Path, rig: Rig, options: dict[str, Any], console: Console) -> Played:
    from ..carla_client.open_world import generate_world
    from ..carla_client.session import Session
    from ..nurec.client import Deadlines, NurecClient
    from .replay_player import Player, Replay
    from .replay_servers import carla_address, nurec_address

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
        scene, rig, fps, frames, output, options["saveimages"], options["window"],
        options["move_spectator"],
    )  # fmt: skip
    with ExitStack() as stack:
        console.print("starting the servers")
        host, port = carla_address(stack, scene, options, output)
        target = nurec_address(stack, path, options, output)
        session = stack.enter_context(Session(host, port, 20.0))
        session.open(20.0)
        if options["carla_mode"] == "external":
            generate_world(session, str(scene.xodr))
        nurec = stack.enter_context(NurecClient(target, Deadlines(20.0, 30.0, 300.0)))
        offered = nurec.scenes()
        if scene.scene_id not in offered:
            raise InputError(f"NuRec at {target} has no scene {scene.scene_id!r}; it has: "
                             f"{', '.join(offered) or 'none'}")  # fmt: skip
        player = Player(play, session, nurec)
        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("frames", total=frames)
            return player.run(lambda done, _: progress.update(task, completed=done))


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
