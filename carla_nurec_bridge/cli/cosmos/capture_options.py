"""Options of `cosmos controls` about what is played and who sees it, and what they say together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...core.errors import InputError
from ..finite import FiniteRange
from ..parameters.given import given
from ..parameters.image_size import ImageSize

if TYPE_CHECKING:
    from ...carla_client.replay.exact_replay import ExactReplayOptions
    from ...cosmos.from_bag import BagWindow
    from ...cosmos.sensor_files.sensor_rig import SensorRig

FPS = 16.0
_PATH = click.Path(path_type=Path)
_SERVER = [
    click.option(
        "--map",
        "map_name",
        help="OpenDRIVE file or shipped map of the own server.  "
        "[default: the recording's, if it is shipped]",
    ),
    click.option("--host", help="Use the CARLA that runs at this address instead of an own one."),
    click.option(
        "--port",
        type=click.IntRange(1, 65534),
        default=2000,
        show_default=True,
        help="Port of that CARLA.",
    ),
]
_FRONT = [
    click.option(
        "--size",
        type=ImageSize(),
        default="1280x720",
        show_default=True,
        help="Pixels of the front camera that is used without --rig and --sensors.",
    ),
    click.option(
        "--fov",
        type=FiniteRange(5, 170),
        default=90.0,
        show_default=True,
        help="Its horizontal field of view, in degrees.",
    ),
]
_REPLAY = [
    click.option(
        "-s",
        "--start",
        "start_s",
        type=FiniteRange(0),
        default=0.0,
        show_default=True,
        help="Where to begin, in seconds of the recording.",
    ),
    click.option(
        "-d",
        "--duration",
        "duration_s",
        type=FiniteRange(0),
        default=0.0,
        show_default=True,
        help="Seconds of the recording; 0 goes to its end.",
    ),
    click.option(
        "--frames",
        type=click.IntRange(0),
        default=0,
        help="So many frames instead of a duration (Transfer 2.5 takes 93, 186, ...).",
    ),
    click.option(
        "--fps",
        type=FiniteRange(1, 240),
        help="Frames a second; Transfer 2.5 works at 16, Transfer 1 at 24.  "
        "[default: 16, or a bag's own]",
    ),
    click.option(
        "-c",
        "--camera",
        "actor_id",
        type=click.IntRange(0),
        default=0,
        help="Recorded id of the car that carries the cameras.  [default: by --role]",
    ),
    click.option("--role", default="hero", show_default=True, help="role_name of that car."),
    click.option(
        "--time-factor",
        type=FiniteRange(0.01, 100),
        default=1.0,
        show_default=True,
        help="How fast the recording plays: 2 shows twice as much of it in a second.",
    ),
    click.option("--ignore-hero", is_flag=True, help="Leave the recorded hero out."),
    click.option("--move-spectator", is_flag=True, help="Move the spectator as recorded."),
    click.option("--spawn-sensors", is_flag=True, help="Spawn the recorded sensors too."),
    click.option(
        "--warmup",
        type=click.IntRange(1, 200),
        default=5,
        show_default=True,
        help="Ticks before the first frame.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=1,
        show_default=True,
        help="Seed of the own server.",
    ),
]
_OPTIONS = [
    click.option("-f", "--recording", type=_PATH, help="CARLA recording, as the server sees it."),
    click.option("--bag", type=_PATH, help="Bag of this package instead of a recording."),
    *_SERVER,
    click.option("--rig", help="CARLA cameras of a rig: a shipped name or a YAML file."),
    click.option(
        "--sensors",
        type=_PATH,
        help="Cameras of a sensor YAML of CARLA's Cosmos tools, or of the smart-city "
        "pipeline (standing in the world).",
    ),
    *_FRONT,
    click.option(
        "-o",
        "--output",
        "--output-dir",
        type=_PATH,
        default=Path("out/clips"),
        show_default=True,
        help="Folder for one clip folder a camera.",
    ),
    *_REPLAY,
]


_OF_RECORDINGS = frozenset(
    (
        *("map_name", "host", "port", "rig", "sensors", "size", "fov", "actor_id", "role"),
        *("time_factor", "ignore_hero", "move_spectator", "spawn_sensors", "warmup"),
    )
)


def capture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is played, from where, and who sees it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def played_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where and how a recording is played, and the front camera's."""
    for option in reversed([*_SERVER, *_FRONT, *_REPLAY]):
        command = option(command)
    return command


def refuse_beside_bags(context: click.Context) -> None:
    """Refuse options that only recordings have a use for; InputError names the first."""
    for parameter in given(context):
        if parameter.name in _OF_RECORDINGS:
            raise InputError(
                f"{parameter.opts[-1]} is for recordings, which are played; a bag has its map and "
                "its cameras, leave it out"
            )


def replay_of(settings: dict[str, Any]) -> ExactReplayOptions:
    """Return what of a recording is played, and how."""
    from ...carla_client.replay.exact_replay import ExactReplayOptions

    return ExactReplayOptions(
        settings["start_s"],
        settings["duration_s"],
        settings["frames"],
        settings["fps"] or FPS,
        settings["time_factor"],
        settings["ignore_hero"],
        settings["move_spectator"],
        settings["spawn_sensors"],
        settings["warmup"],
    )


def bag_window_of(settings: dict[str, Any]) -> BagWindow:
    """Return what of a bag is taken."""
    from ...cosmos.from_bag import BagWindow

    return BagWindow(
        settings["start_s"], settings["duration_s"], settings["frames"], settings["fps"] or 0.0
    )


def sensors_of(settings: dict[str, Any]) -> SensorRig:
    """Return the cameras: of a sensor file, of a rig, or one above the bonnet."""
    from ...core.rig.rig import load_rig
    from ...cosmos.sensor_files.sensor_rig import carla_cameras
    from ...cosmos.sensor_files.sensor_yaml import read_sensor_yaml

    if settings["rig"] and settings["sensors"]:
        raise click.UsageError("give --rig or --sensors, not both")
    if settings["sensors"]:
        return read_sensor_yaml(settings["sensors"], settings["fps"] or FPS)
    if settings["rig"]:
        return carla_cameras(load_rig(settings["rig"]))
    return front_of(settings)


def front_of(settings: dict[str, Any]) -> SensorRig:
    """Return one camera above the bonnet."""
    from ...cosmos.sensor_files.sensor_rig import front_camera

    width, height = settings["size"]
    return front_camera(width, height, settings["fov"], settings["fps"] or FPS)
