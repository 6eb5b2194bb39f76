"""``carla-nurec nurec render``: write a scene's pictures, as the documentation's render client."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from ...core.cameras.camera_names import camera_named, cameras_text
from ...core.errors import InputError
from .options import connect, connection_options

if TYPE_CHECKING:
    from ...nurec.client.client import NurecClient
    from ...nurec.client.replies import OfferedCamera
    from ...nurec.client.requests import ActorMotion, CameraRequest, EgoMask
    from ...nurec.editing import EditableTrack
    from ...scene import RigTrajectory

_SUFFIXES = {"jpeg": "jpg", "png": "png"}
_QUALITY = 95.0


@dataclass(frozen=True)
class _Wish:
    height: int
    image_format: str
    exposure_us: int
    rolling: bool
    rig_name: str | None


@click.command(
    epilog="Example: carla-nurec nurec render --port 8080 --height 540 --frame-step 5 -o pictures"
)
@connection_options
@click.option("--scene-id", help="Scene to render.  [default: the only one]")
@click.option(
    "--height",
    default=300,
    show_default=True,
    type=click.IntRange(1, 4320),
    help="Height of the pictures in pixels; the width follows the camera.",
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
    type=click.Choice(list(_SUFFIXES)),
    help="How pictures come.",
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
    help="Expose all of a picture at the end of its frame.",
)
@click.option(
    "--exposure-ms",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0.001, 1000.0),
    help="Time from a frame's start to its end, which is a pose of the trajectory.",
)
@click.option("--rig-name", help="Lay the hood of this rig over the pictures, e.g. hyperion_8_1.")
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
    image_format: str,
    rig_name: str | None,
    output_dir: Path,
    **connection: Any,
) -> int:
    """Render the recorded cameras of a scene along its trajectory into image files.

    Other road users are where the recording has them, also on a server with editing enabled.
    Exit code 1 when a picture failed; the others are there.
    """
    wish = _Wish(
        height,
        image_format,
        max(1, round(1e3 * exposure_ms)),
        not disable_rolling_shutter,
        rig_name,
    )
    console = Console(highlight=False)
    with connect(connection) as client:
        scene = scene_id or _only_scene(client)
        cameras = _chosen(client, scene, camera_ids)
        frames = list(_frames(client, scene, wish.exposure_us))[::frame_step]
        failed = _write(console, client, scene, cameras, frames, wish, output_dir)
    total = len(frames) * len(cameras)
    console.print(f"{total - failed} of {total} pictures in {output_dir}", soft_wrap=True)
    return 1 if failed else 0


def _write(
    console: Console,
    client: NurecClient,
    scene: str,
    cameras: list[OfferedCamera],
    frames: list[tuple[int, RigTrajectory]],
    wish: _Wish,
    folder: Path,
) -> int:
    actors = client.dynamic_objects(scene) if client.capabilities.editing else ()
    masks = {mask.camera_logical_id: mask for mask in _masks(client, wish, cameras)}
    for camera in cameras:
        (folder / camera.logical_id).mkdir(parents=True, exist_ok=True)
    failed = 0
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with (
        (folder / "timestamps.csv").open("w", newline="") as file,
        Progress(*columns, console=console) as progress,
    ):
        table = csv.writer(file)
        table.writerow(["camera", "start_us", "end_us", "file"])
        for end_us, way in progress.track(frames, description=f"scene {scene}"):
            asked = [_request(camera, way, end_us, wish, masks) for camera in cameras]
            moving = _recorded(actors, asked[0].start_us, end_us)
            images = client.render(scene, asked, (), moving).images
            for request, reply in zip(asked, images, strict=True):
                if reply.image is None:
                    failed += 1
                    console.print(f"{end_us} us: {reply.error}", style="red", soft_wrap=True)
                    continue
                name = f"{reply.name}/{end_us}.{_SUFFIXES[wish.image_format]}"
                (folder / name).write_bytes(reply.image)
                table.writerow([reply.name, request.start_us, request.end_us, name])
    return failed


def _request(
    camera: OfferedCamera,
    way: RigTrajectory,
    end_us: int,
    wish: _Wish,
    masks: dict[str, EgoMask],
) -> CameraRequest:
    from ...nurec.client.conversion import camera_model, camera_shutter
    from ...nurec.client.requests import CameraRequest, ImageFormat

    width, height = camera.size
    start_us = end_us - (wish.exposure_us if wish.rolling else 1)
    end = way.at(end_us) @ camera.rig_from_camera
    return CameraRequest(
        name=camera.logical_id,
        logical_id=camera.logical_id,
        model=camera_model(camera.spec),
        shutter=camera_shutter(camera.spec),
        world_from_camera_start=way.at(start_us) @ camera.rig_from_camera if wish.rolling else end,
        world_from_camera_end=end,
        start_us=start_us,
        end_us=end_us,
        size=(max(1, round(wish.height * width / height)), wish.height),
        image_format=ImageFormat[wish.image_format.upper()],
        quality=_QUALITY,
        ego_mask=masks.get(camera.logical_id),
    )


def _recorded(actors: Sequence[EditableTrack], start_us: int, end_us: int) -> list[ActorMotion]:
    """Return the actors that are there during a frame, where the recording has them."""
    from ...nurec.client.requests import ActorMotion
    from ...scene import RigTrajectory

    moving = []
    for actor in actors:
        stamps = actor.stamps_us
        if len(stamps) and stamps[0] < end_us and start_us <= stamps[-1]:
            way = RigTrajectory(stamps, actor.world_from_box)
            moving.append(ActorMotion(actor.track_id, way.at(start_us), way.at(end_us)))
    return moving


def _frames(
    client: NurecClient, scene: str, exposure_us: int
) -> Iterator[tuple[int, RigTrajectory]]:
    """Yield the ends of frames: stamps of the trajectory a whole exposure after its start."""
    from ...nurec.client.conversion import pose_matrix
    from ...scene import RigTrajectory

    for trajectory in client.trajectories(scene):
        stamps = np.array([pose.timestamp_us for pose in trajectory.poses], np.int64)
        way = RigTrajectory(stamps, np.array([pose_matrix(pose.pose) for pose in trajectory.poses]))
        for stamp in stamps:
            if stamp - exposure_us >= stamps[0]:
                yield int(stamp), way


def _only_scene(client: NurecClient) -> str:
    scenes = client.scenes()
    if not scenes:
        raise InputError("the server has no scenes; start it with one, or name its package")
    if len(scenes) > 1:
        raise InputError(f"choose a scene with --scene-id: {', '.join(scenes)}")
    return scenes[0]


def _chosen(client: NurecClient, scene: str, wanted: tuple[str, ...]) -> list[OfferedCamera]:
    offered = {camera.logical_id: camera for camera in client.cameras(scene)}
    if wanted == ("all",):
        return list(offered.values())
    chosen = {name: camera_named(name, offered) for name in wanted}
    missing = [name for name, found in chosen.items() if found is None]
    if missing:
        raise InputError(
            f"scene {scene} has no camera {', '.join(missing)}; {cameras_text(offered)}"
        )
    return [offered[name] for name in dict.fromkeys(chosen.values()) if name is not None]


def _masks(client: NurecClient, wish: _Wish, cameras: list[OfferedCamera]) -> list[EgoMask]:
    if wish.rig_name is None:
        return []
    plain = wish.rig_name.replace(".", "_").replace("_", "")
    names = {camera.logical_id for camera in cameras}
    offered = client.ego_masks()
    found = [m for m in offered if m.rig_config_id.replace(".", "_").replace("_", "") == plain]
    chosen = [mask for mask in found if mask.camera_logical_id in names]
    if not chosen:
        known = ", ".join(f"{m.rig_config_id}/{m.camera_logical_id}" for m in offered)
        raise InputError(
            f"no hood of rig {wish.rig_name!r} for these cameras; the server has: {known or 'none'}"
        )
    return chosen
