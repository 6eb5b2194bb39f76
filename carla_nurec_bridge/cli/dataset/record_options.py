"""Options of `dataset record` about what is recorded and what is labelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...core.files.absolute import absolute
from ..cosmos.capture_options import FPS, front_of
from ..finite import FiniteRange

if TYPE_CHECKING:
    from ...cosmos.sensor_files.sensor_rig import SensorRig
    from ...dataset.videos.form import VideoForm

_PATH = click.Path(path_type=Path)
_OPTIONS = [
    click.option(
        "-f",
        "--recording",
        "recordings",
        type=_PATH,
        multiple=True,
        help="CARLA recording, as the server sees it; may be given again.",
    ),
    click.option(
        "--bag", "bags", type=_PATH, multiple=True, help="Bag of this package; may be given again."
    ),
    click.option(
        "--scene",
        "scenes",
        type=_PATH,
        multiple=True,
        help="Scene package (USDZ) that NuRec draws; may be given again.",
    ),
    click.option(
        "--nurec",
        metavar="HOST:PORT",
        help="Use the NuRec that runs there instead of an own one.",
    ),
    click.option(
        "--resolution-ratio",
        type=FiniteRange(0.01, 1.0),
        help="Size of a scene's own cameras, 1 = full.  "
        "[default: 0.25, but no less than 640 pixels of width]",
    ),
    click.option(
        "--live",
        is_flag=True,
        help="A live world: the CARLA of --host as it runs, or an own one of --map.",
    ),
    click.option(
        "--name", default="live", show_default=True, help="What the scenario of --live is called."
    ),
    click.option(
        "--traffic",
        "vehicles",
        type=click.IntRange(0, 500),
        default=0,
        show_default=True,
        help="Vehicles that drive in the live world besides its own, drawn by --seed.",
    ),
    click.option(
        "--walkers",
        type=click.IntRange(0, 500),
        default=0,
        show_default=True,
        help="Walkers that stroll in it besides its own.",
    ),
    click.option("--rig", help="CARLA cameras of a rig: a shipped name or a YAML file."),
    click.option(
        "--sensors",
        type=_PATH,
        multiple=True,
        help="Cameras of a sensor YAML of CARLA's Cosmos tools, or of the smart-city pipeline "
        "(standing in the world); may be given again, and beside --rig.",
    ),
    click.option(
        "-o",
        "--output",
        type=_PATH,
        default=Path("out/dataset"),
        show_default=True,
        help="Folder of the data set.",
    ),
    click.option(
        "--layout",
        type=click.Choice(["native", "smart-city"]),
        default="native",
        show_default=True,
        help="smart-city: beside the data set, in OUTPUT-smart-city, what `dataset export --to "
        "smart-city` makes of all of it.",
    ),
    click.option(
        "--class-filter-config",
        "--class-filter",
        "class_filter",
        type=_PATH,
        help="YAML file of the classes that edges and masks have, ours (by name) or the smart-city "
        "pipeline's (by colour).  [default: all]",
    ),
    click.option(
        "--places",
        type=_PATH,
        help="YAML file of boxes or points that are labelled too, with class and name, in the map "
        "or in CARLA's world.",
    ),
    click.option(
        "--limit-distance",
        "far_m",
        type=FiniteRange(0),
        default=100.0,
        show_default=True,
        help="Objects farther away are flagged as far, in metres.",
    ),
    click.option(
        "--area-threshold",
        "smallest_px2",
        type=FiniteRange(0),
        default=100.0,
        show_default=True,
        help="Objects whose visible box is smaller are flagged as small, in square pixels.",
    ),
    click.option(
        "--min-visible",
        "least_visible",
        type=FiniteRange(0, 1),
        default=0.1,
        show_default=True,
        help="Objects of which a smaller fraction is seen are flagged as hidden.",
    ),
    click.option(
        "--videos/--no-videos",
        default=True,
        show_default=True,
        help="Write a video beside each folder of images, as Cosmos jobs take them.",
    ),
    click.option(
        "--depth",
        "depth_mode",
        type=click.Choice(["log", "inverse", "linear"]),
        default="log",
        show_default=True,
        help="Grey of depth.mp4; the range of inverse is measured in the scenario.",
    ),
    click.option(
        "--ray",
        metavar="ADDRESS|local",
        help="Spread the scenarios over a Ray cluster that shares all folders, one CARLA a worker; "
        "local starts one on this machine.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 1024),
        help="With --ray, scenarios at once.  [default: half of the processors]",
    ),
]

_FILES = ("map_name", "rig", "output", "class_filter", "places")


def record_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is recorded, by whom, and what is worth a label."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def videos_of(settings: dict[str, Any]) -> VideoForm | None:
    """Return how videos are made, None where none are wanted."""
    from ...dataset.videos.form import VideoForm
    from ..cosmos.clip_options import depth_of

    return VideoForm(depth_of(settings["depth_mode"])) if settings["videos"] else None


def rigs_of(settings: dict[str, Any]) -> tuple[SensorRig, ...]:
    """Return all cameras: of sensor files, of a rig, or one above the bonnet.

    InputError for cameras that CARLA or a data set cannot have, before any server is started.
    """
    from ...core.rig.rig import load_rig
    from ...cosmos.sensor_files.sensor_rig import carla_cameras
    from ...cosmos.sensor_files.sensor_yaml import read_sensor_yaml
    from ...dataset.record.sources.mounting import check_cameras

    rate_hz = settings["fps"] or FPS
    found = [read_sensor_yaml(path, rate_hz) for path in settings["sensors"]]
    if settings["rig"]:
        found.append(carla_cameras(load_rig(settings["rig"])))
    sensors = tuple(found) or (front_of(settings),)
    check_cameras(sensors)
    return sensors


def from_anywhere(settings: dict[str, Any]) -> dict[str, Any]:
    """Return options whose files are found from any folder; names of shipped files stay."""
    known = dict(settings)
    for name in _FILES:
        value = known[name]
        if value is not None and (isinstance(value, Path) or Path(value).is_file()):
            known[name] = type(value)(absolute(value))
    known["sensors"] = tuple(absolute(path) for path in known["sensors"])
    return known
