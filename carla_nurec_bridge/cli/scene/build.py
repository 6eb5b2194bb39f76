"""``carla-nurec scene build``: a scene package from a recording, a trajectory or a bag."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ...core.errors import InputError
from ...core.resources import map_file
from ...runs.map_of import recorded_map
from .values import COLUMN_MAP, NumberList

if TYPE_CHECKING:
    from ...scene import Scene

_FILE = click.Path(path_type=Path)
_TRAJECTORY_ONLY = (
    "file_format",
    "columns",
    "tracks",
    "track_columns",
    "rate",
    "smooth",
    "origin",
    "start_at",
    "tracked_point",
    "keep_height",
    "no_map",
)


@click.command(
    "build",
    epilog="Examples: carla-nurec scene build --map town.xodr --recording run.log -o run.usdz; "
    "carla-nurec scene build --trajectory drive.csv --columns stamp_ns=time,lat=latitude,"
    "lon=longitude -o drive.usdz; carla-nurec scene build --bag out/bag -o again.usdz",
)
@click.option("--recording", type=_FILE, help="CARLA recorder file (.log); needs --map.")
@click.option(
    "--trajectory",
    type=_FILE,
    help="Poses of a drive: CSV, TUM, or a comma2k19 pose folder. Columns of a CSV: "
    "stamp_s|stamp_ms|stamp_us|stamp_ns; x y [z] (m, map) | lat lon [alt] (deg, m) | "
    "ecef_x ecef_y ecef_z (m); and, if known, qx qy qz qw | yaw_deg|yaw_rad|heading_deg "
    "[pitch_* roll_*].",
)
@click.option("--bag", type=_FILE, help="Bag folder that this package's nodes recorded.")
@click.option(
    "--map",
    "map_path",
    type=_FILE,
    help="OpenDRIVE file of the place (.xodr or .xodr.gz). Without it a trajectory gets a road "
    "laid along it, and a bag has its own.",
)
@click.option(
    "--rig",
    help="Sensor rig: a YAML file, or the name of a shipped one.  [default: demo; the bag's own]",
)
@click.option("--ego", type=int, help="Recorded id of the ego; else the actor with role_name hero.")
@click.option(
    "--start-us",
    type=click.IntRange(1),
    help="Absolute time of the begin in microseconds; else the recording's date, or the times as "
    "they are.",
)
@click.option(
    "--format",
    "file_format",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "csv", "tum", "tum-ecef", "comma2k19"]),
    help="What --trajectory is; auto goes by its ending.",
)
@click.option(
    "--columns", type=COLUMN_MAP, help="A CSV's own names of columns: stamp_ns=time,x=pos_x,..."
)
@click.option(
    "--tracks",
    type=_FILE,
    help="CSV of other road users: the columns above for the centre of the box, id, and "
    "optionally class, length, width, height (m), blueprint, colour, flags.",
)
@click.option("--track-columns", type=COLUMN_MAP, help="As --columns, for --tracks.")
@click.option(
    "--rate",
    default=20.0,
    show_default=True,
    type=click.FloatRange(1.0, 200.0),
    help="Poses a second of all trajectories.",
)
@click.option(
    "--smooth",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0.0, 10.0),
    help="Seconds over which positions and orientations are smoothed; 0 = not.",
)
@click.option(
    "--origin",
    type=NumberList("LAT,LON,ALT"),
    help="Place on earth of the map's origin (deg, deg, m), instead of what the map says.",
)
@click.option(
    "--start-at",
    type=NumberList("X,Y,YAW_DEG"),
    help="Move the drive to begin there on the map (m, m, deg).",
)
@click.option(
    "--tracked-point",
    default=(0.0, 0.0, 0.0),
    type=NumberList("X,Y,Z"),
    help="The point whose trajectory the file has, such as an antenna, from the rear axle on the "
    "ground (m; forward, left, up).  [default: 0,0,0]",
)
@click.option(
    "--keep-height", is_flag=True, help="Keep heights, pitch and roll; do not follow the ground."
)
@click.option("--no-map", is_flag=True, help="Leave map.xodr out of the package.")
@click.option("-o", "--output", required=True, type=_FILE, help="Scene package to write (.usdz).")
@click.pass_context
def command(context: click.Context, output: Path, **options: Any) -> None:
    """Build a scene package from a CARLA recording, any trajectory, or a bag.

    The ego's trajectory becomes the rig's, other vehicles and walkers become controllable tracks.
    """
    sources = [name for name in ("recording", "trajectory", "bag") if options[name] is not None]
    if len(sources) != 1:
        raise InputError(
            "name one source: --recording FILE, --trajectory FILE or --bag FOLDER"
            + (f"; {' and '.join(f'--{name}' for name in sources)} are given" if sources else "")
        )
    _check_belongs(context, sources[0])
    scene = _SOURCES[sources[0]](output, options)
    start, end = scene.time_range_us
    console = Console(highlight=False, markup=False)
    for note in scene.notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    console.print(
        f"{output}: scene {scene.scene_id}, {(end - start) / 1e6:.2f} s, "
        f"{len(scene.cameras)} cameras, {len(scene.tracks)} other road users",
        soft_wrap=True,
    )


def _check_belongs(context: click.Context, source: str) -> None:
    """Refuse options that the source has no use for."""
    useless = {
        "recording": _TRAJECTORY_ONLY,
        "trajectory": ("ego",),
        "bag": (*_TRAJECTORY_ONLY, "ego", "start_us"),
    }[source]
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name))
        if parameter.name in useless and given is click.core.ParameterSource.COMMANDLINE:
            raise InputError(f"{parameter.opts[-1]} means nothing beside --{source}; leave it out")


def _from_recording(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene import build_scene

    recording = options["recording"]
    return build_scene(
        recorded_map(recording, options["map_path"]),
        recording,
        load_rig(options["rig"] or "demo"),
        output,
        ego_id=options["ego"],
        epoch_us=options["start_us"],
    )


def _from_trajectory(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene.build.from_trajectory import TrajectoryOptions, build_from_trajectory
    from ...scene.build.road_user_csv import read_users
    from ...scene.build.trajectory import Evenness
    from ...scene.build.trajectory_file import read_trajectory

    path: Path = options["trajectory"]
    start_at = options["start_at"]
    wish = TrajectoryOptions(
        name=path.stem or "drive",
        even=Evenness(options["rate"], options["smooth"]),
        origin=options["origin"],
        start_at=start_at and (start_at[0], start_at[1], math.radians(start_at[2])),
        tracked_point_m=options["tracked_point"],
        follow_ground=not options["keep_height"],
        start_us=options["start_us"],
    )
    ego = read_trajectory(path, options["file_format"], options["columns"])
    users = read_users(options["tracks"], options["track_columns"]) if options["tracks"] else []
    rig = load_rig(options["rig"] or "demo")
    return build_from_trajectory(
        ego, users, rig, output, wish, xodr=_map(options), with_map=not options["no_map"]
    )


def _from_bag(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene.build.from_bag import build_from_bag

    rig = load_rig(options["rig"]) if options["rig"] else None
    return build_from_bag(options["bag"], output, rig, _map(options))


def _map(options: dict[str, Any]) -> str | None:
    """Return the text of the map that was given, mended; InputError names it by its file."""
    from ...opendrive import map_name, parse, read_opendrive

    if options["map_path"] is None:
        return None
    path = map_file(options["map_path"])
    return parse(read_opendrive(path), map_name(path)).text


_SOURCES = {"recording": _from_recording, "trajectory": _from_trajectory, "bag": _from_bag}
