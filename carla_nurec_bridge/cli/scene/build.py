"""``carla-nurec scene build``: a scene package from a recording, a trajectory or a bag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ...core.errors import InputError
from ..finite import FiniteRange
from ..parameters.given import given
from .build_sources import SOURCES
from .values import COLUMN_MAP, NumberList

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
_OF_SPLATS = ("splats_axes", "splats_at", "splats_scale")


@click.command(
    "build",
    epilog="Examples: carla-nurec scene build --map town.xodr --recording run.log -o run.usdz; "
    "carla-nurec scene build --trajectory drive.csv --columns stamp_ns=time,lat=latitude,"
    "lon=longitude -o drive.usdz; carla-nurec scene build --bag out/bag -o again.usdz; "
    "carla-nurec scene build --splats street.ply --map town.xodr -o street.usdz",
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
    type=FiniteRange(1.0, 200.0),
    help="Poses a second of all trajectories.",
)
@click.option(
    "--smooth",
    default=0.0,
    show_default=True,
    type=FiniteRange(0.0, 10.0),
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
@click.option(
    "--splats",
    type=_FILE,
    help="Gaussians to put into the package: .ply (3DGS, compressed), .spz, .sog, .splat, .nurec, "
    ".usdz, .usda, .usdc. With --map and no source the rig drives along the map.",
)
@click.option(
    "--splats-axes",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "rdf", "rub", "flu"]),
    help="Axes of that file: x right, y down, z forward (rdf); right, up, back (rub); forward, "
    "left, up (flu). auto: flu for NuRec's volumes for driving, else rdf.",
)
@click.option(
    "--splats-at",
    default=(0.0, 0.0, 0.0, 0.0),
    type=NumberList("X,Y,Z,YAW_DEG"),
    help="Where its origin lies in the map, and which way its forward points (m, deg).  "
    "[default: 0,0,0,0]",
)
@click.option(
    "--splats-scale",
    default=1.0,
    show_default=True,
    type=FiniteRange(1e-6, 1e6),
    help="Metres a unit of that file.",
)
@click.option(
    "--gaussians",
    is_flag=False,
    flag_value=300_000,
    type=click.IntRange(1000, 5_000_000),
    help="Sample the street, road users and sky as Gaussians, as they are drawn: about so many in "
    "all (300000 if no number is given).",
)
@click.option("-o", "--output", required=True, type=_FILE, help="Scene package to write (.usdz).")
@click.pass_context
def command(context: click.Context, output: Path, **options: Any) -> None:
    """Build a scene package from a CARLA recording, any trajectory, or a bag.

    The ego's trajectory becomes the rig's, other vehicles and walkers become controllable tracks.
    """
    sources = [name for name in ("recording", "trajectory", "bag") if options[name] is not None]
    if (
        not sources
        and (options["splats"] or options["gaussians"])
        and options["map_path"] is not None
    ):
        sources = ["map"]
    if len(sources) != 1:
        raise InputError(
            "name one source: --recording FILE, --trajectory FILE or --bag FOLDER"
            + (f"; {' and '.join(f'--{name}' for name in sources)} are given" if sources else "")
        )
    _check_belongs(context, sources[0])
    if options["splats"] is not None and options["gaussians"] is not None:
        raise InputError("--splats brings Gaussians, --gaussians samples them; give one of the two")
    scene = SOURCES[sources[0]](output, options)
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
    """Refuse options that the source has no use for, or that place splats which are not given."""
    useless = {
        "recording": _TRAJECTORY_ONLY,
        "trajectory": ("ego",),
        "bag": (*_TRAJECTORY_ONLY, "ego", "start_us"),
        "map": (*(set(_TRAJECTORY_ONLY) - {"rate", "origin", "no_map"}), "ego"),
    }[source]
    for parameter in given(context):
        if parameter.name in useless:
            raise InputError(f"{parameter.opts[-1]} means nothing beside --{source}; leave it out")
        if parameter.name in _OF_SPLATS and context.params["splats"] is None:
            raise InputError(f"{parameter.opts[-1]} means nothing without --splats; leave it out")
